// SPDX-License-Identifier: GPL-3.0-or-later
// A snapshot without a mount, from its creation to its end, on the guest's Samba server.
#include "tests/guest/support/machine.hpp"
#include "tests/guest/support/server.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fsrvp::test::guest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

TEST(Snapshot, StaysAsItWasUntilItIsDeleted) {
    const OnServer before = lookAtServer();
    const auto file = directoryOf("data") / "file.txt";
    writeFile(file, "old\n");
    const std::string old = sha256(file);

    const auto made = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(made.contains("snapshots")) << made;
    const std::string exposed = made["snapshots"][0]["exposed"];
    writeFile(file, "new\n");

    const OnServer with = lookAtServer();
    EXPECT_THAT(with.shares, ElementsAre(exposed));
    EXPECT_EQ(with.subvolumes.size(), before.subvolumes.size() + 1);
    EXPECT_EQ(sha256(directoryOf(exposed) / "file.txt"), old);
    EXPECT_EQ(fsrvpctlJson({"list"}), made);

    EXPECT_EQ(fsrvpctl({"delete", "-q", made["snapshots"][0]["id"].dump()}).exitCode, 0);
    EXPECT_EQ(lookAtServer(), before);
    EXPECT_EQ(fsrvpctlJson({"list"})["snapshots"], nlohmann::json::array());
}

TEST(Agents, AreAnotherUserWithoutRightsAndEnd) {
    const auto made = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(made.contains("snapshots")) << made;

    // They stay for two seconds.
    const auto agents = processesOf("fsrvpd");
    ASSERT_THAT(agents, Not(IsEmpty()));
    EXPECT_THAT(unitsLike("fsrvp-agent@*"), Not(IsEmpty()));
    EXPECT_EQ(processStatus(agents[0], "CapBnd"), "0000000000000000");
    EXPECT_EQ(processStatus(agents[0], "NoNewPrivs"), "1");

    EXPECT_TRUE(waitFor([] { return unitsLike("fsrvp-agent@*").empty(); }, kPatience));
    EXPECT_THAT(processesOf("fsrvpd"), IsEmpty());
    EXPECT_EQ(fsrvpctl({"delete", "-q", made["snapshots"][0]["id"].dump()}).exitCode, 0);
}

} // namespace
} // namespace fsrvp::test::guest
