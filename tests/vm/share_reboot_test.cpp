// SPDX-License-Identifier: GPL-3.0-or-later
// A snapshot that is mounted inside of a share that fstab mounts, over a reboot.
#include "tests/guest/support/mount_fixture.hpp"

#include <fstream>

namespace fsrvp::test::guest {
namespace {

const std::filesystem::path kShare = "/mnt/my data";
const std::filesystem::path kPoint = kShare / "my_snapshot";

TEST(Boot1, AMountInAShareOfFstab) {
    std::filesystem::create_directories(kShare);
    std::ofstream("/etc/fstab", std::ios::app)
        << "//win2k12/my\\040data /mnt/my\\040data cifs credentials=" << credentialsFile().string()
        << ",_netdev 0 0\n";
    succeed({"mount", kShare});

    EXPECT_EQ(run({"/usr/bin/cifs", "filesystem", "snapshot", "create", kShare, kPoint}).exitCode,
              0);
    EXPECT_EQ(mountsAt(kPoint).size(), 1U);
    endBootInOrder();
}

TEST(Boot2, TheMountInTheShareIsBack) {
    // No generator runs in a guest, so nothing but this mounts what fstab has.
    EXPECT_TRUE(std::filesystem::is_empty(kShare)) << "made below the share's mount point";
    EXPECT_TRUE(mountsAt(kPoint).empty());
    succeed({"mount", kShare});

    EXPECT_TRUE(waitFor([] { return mountsAt(kPoint).size() == 1U; }, kPatience));
    EXPECT_EQ(readFile(kPoint / "file.txt"), "first version of my data\n");
    EXPECT_EQ(run({"/usr/bin/cifs", "filesystem", "snapshot", "delete", kPoint}).exitCode, 0);
    EXPECT_FALSE(std::filesystem::exists(kPoint));
}

} // namespace
} // namespace fsrvp::test::guest
