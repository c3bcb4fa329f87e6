// SPDX-License-Identifier: GPL-3.0-or-later
// Names of shares on their way through the command line, the bus, the agent and its unit.
#include "tests/guest/support/machine.hpp"
#include "tests/guest/support/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fsrvp::test::guest {
namespace {

using testing::ElementsAre;

class ShareNames : public testing::TestWithParam<const char*> {};

TEST_P(ShareNames, HaveSnapshots) {
    const std::string share = GetParam();
    const OnServer before = lookAtServer();

    const auto made = fsrvpctlJson({"create", "-q", "--no-mount", unc(share)});
    ASSERT_TRUE(made.contains("snapshots")) << made;
    const auto snapshot = made["snapshots"][0];

    EXPECT_EQ(snapshot["share"], share);
    EXPECT_THAT(lookAtServer().shares, ElementsAre(snapshot["exposed"].get<std::string>()));
    EXPECT_EQ(fsrvpctl({"delete", "-q", snapshot["id"].dump()}).exitCode, 0);
    EXPECT_EQ(lookAtServer(), before);
}

INSTANTIATE_TEST_SUITE_P(Odd, ShareNames, testing::Values("my data", "hid$", "süß日", "shell"));

} // namespace
} // namespace fsrvp::test::guest
