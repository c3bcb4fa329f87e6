// SPDX-License-Identifier: GPL-3.0-or-later
// The kernel's own cifs client, and the machine that it needs.
#include "tests/guest/support/machine.hpp"
#include "tests/guest/support/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace fsrvp::test::guest {
namespace {

using testing::HasSubstr;

/// A mount point of its own for each test.
class KernelClient : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(kPoint); }

    void TearDown() override {
        for (auto left = mountsAt(kPoint).size(); left > 0; --left) {
            succeed({"umount", kPoint});
        }
    }

    static RunResult mount(const std::string& what, const std::string& options = {}) {
        return run({"mount",
                    "-t",
                    "cifs",
                    what,
                    kPoint,
                    "-o",
                    "credentials=" + credentialsFile().string() + options});
    }

    static inline const std::filesystem::path kPoint = "/mnt/kernel-client";
};

TEST_F(KernelClient, MountsAShare) {
    const RunResult result = mount(unc("data"));

    ASSERT_EQ(result.exitCode, 0) << result.err;
    const auto mounts = mountsAt(kPoint);
    ASSERT_EQ(mounts.size(), 1U);
    EXPECT_EQ(mounts[0].type, "cifs");
    EXPECT_EQ(mounts[0].source, unc("data"));
    EXPECT_TRUE(mounts[0].has("username=root"));
    EXPECT_EQ(sha256(kPoint / "file.txt"), sha256(directoryOf("data") / "file.txt"));
}

TEST_F(KernelClient, MountsWithSeal) {
    const RunResult result = mount(unc("datab"), ",seal,vers=3.1.1,ro");

    ASSERT_EQ(result.exitCode, 0) << result.err;
    EXPECT_TRUE(mountsAt(kPoint).at(0).has("seal"));
    EXPECT_TRUE(mountsAt(kPoint).at(0).has("ro"));
    EXPECT_EQ(sha256(kPoint / "file.txt"), sha256(directoryOf("datab") / "file.txt"));
}

TEST_F(KernelClient, SaysWhyItCannotMount) {
    const RunResult result = mount(unc("none"));

    EXPECT_EQ(result.exitCode, 32);
    EXPECT_THAT(result.err, HasSubstr("mount error(2): No such file or directory\n"));
    EXPECT_TRUE(mountsAt(kPoint).empty());
}

TEST(Machine, RunsItsFirstTestSoonAfterBoot) {
    const auto microseconds =
        std::stoll(Unit("guest.service").property("ExecMainStartTimestampMonotonic"));

    std::cout << "boot to first test: " << static_cast<double>(microseconds) / 1e6 << " s\n";
    EXPECT_GT(microseconds, 0);
    EXPECT_LT(microseconds, 60'000'000);
}

} // namespace
} // namespace fsrvp::test::guest
