// SPDX-License-Identifier: GPL-3.0-or-later
// Real time is for people only: nothing that waits looks at it.
#include "tests/guest/support/mount_fixture.hpp"

#include <string>

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;

class Clock : public MountScenario {
  protected:
    /// Sets the clock while a create waits for its server, and lets that go on.
    json createOverAJump(const std::string& jump) {
        const Unit server("smbd.service");
        server.signal("STOP");
        const std::string job =
            lines(succeed({"fsrvpctl", "create", "--no-block", unc("data")})).at(0);
        EXPECT_TRUE(waitFor([&] { return jobState(job) == "running"; }, kPatience));

        succeed({"date", "--set", jump});

        EXPECT_EQ(jobState(job), "running");
        server.signal("CONT");
        EXPECT_TRUE(waitFor([&] { return jobState(job) != "running"; }, 2 * kPatience));
        return fsrvpctlJson({"job", "show", job})["jobs"][0];
    }

    static std::string jobState(const std::string& job) {
        return fsrvpctlJson({"job", "show", job})["jobs"][0]["state"];
    }
};

TEST_F(Clock, AJumpForwardEndsNoJobThatConnects) {
    Unit("fsrvpd.service").restart(); // and with it goes a connection that lingers
    const json job = createOverAJump("+1 day");

    EXPECT_EQ(job["state"], "done") << job;
    EXPECT_EQ(fsrvpctlJson({"list"})["snapshots"].size(), 1U);
}

TEST_F(Clock, AJumpForwardEndsNoJobThatWaitsForACall) {
    create(unc("datab"));
    const json job = createOverAJump("+1 day");

    EXPECT_EQ(job["state"], "done") << job;
    EXPECT_EQ(fsrvpctlJson({"list"})["snapshots"].size(), 2U);
}

TEST_F(Clock, AJumpBackEndsNoJobAndTheOrderStays) {
    const json first = create(unc("datab"));
    const json job = createOverAJump("-1 day");

    EXPECT_EQ(job["state"], "done") << job;
    const json snapshots = fsrvpctlJson({"list"})["snapshots"];
    ASSERT_EQ(snapshots.size(), 2U);
    EXPECT_EQ(snapshots[0]["id"], first["id"]);
    EXPECT_GT(snapshots[0]["created"], snapshots[1]["created"]);
}

} // namespace
} // namespace fsrvp::test::guest
