// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpd is stopped in the middle of a create, or the server hangs: what was begun is settled, and
// the next create works.
#include "tests/lab/proxied_fixture.hpp"

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

/// The messages of a create of one share on a connection that is open already.
const std::vector<std::string> kCalls{"IsPathSupported",
                                      "SetContext",
                                      "StartShadowCopySet",
                                      "AddToShadowCopySet",
                                      "PrepareShadowCopySet",
                                      "CommitShadowCopySet",
                                      "ExposeShadowCopySet",
                                      "GetShareMapping",
                                      "RecoveryCompleteShadowCopySet"};

class CrashTest : public ProxiedTest {
  protected:
    std::unique_ptr<Process> createUntil(const Moment& moment) {
        warmUp();
        holdAt(moment);
        auto creating = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
        EXPECT_TRUE(proxy->waitUntilHeld());
        EXPECT_EQ(daemon->agents().size(), 1U);
        EXPECT_EQ(daemon->sql("SELECT state FROM shadow_copy_set"), stateAt(moment.message));
        return creating;
    }

    /// What is recorded of the set while that call is under way.
    static json stateAt(std::size_t call) {
        const char* const states[] = {
            "", "", "", "started", "started", "committing", "committing", "committing", "exposed"};
        const std::string state = states[call - 1];
        return state.empty() ? json::array() : json::array({{{"state", state}}});
    }
};

class Stop : public CrashTest, public testing::WithParamInterface<std::pair<int, bool>> {
  protected:
    static Moment moment() {
        return {static_cast<std::size_t>(GetParam().first),
                GetParam().second ? Moment::What::Reply : Moment::What::Request};
    }
};

TEST_P(Stop, InTheMiddleTakesNoTimeAndIsSettledByTheNextStart) {
    const auto creating = createUntil(moment());
    lab().freeze();

    daemon->stop(seconds(2));

    EXPECT_EQ(creating->wait(seconds(5)), 11) << creating->err();
    daemon->expectNoRuntimeFiles();
    lab().thaw();
    proxy->cut();
    daemon->start();
    EXPECT_TRUE(waitUntilSettled()) << daemon->log();
    expectNothingLeft();
    EXPECT_EQ(daemon->ctlJson({"job", "show", "2"})["jobs"][0]["state"], "failed");
    expectAllWorks();
}

INSTANTIATE_TEST_SUITE_P(At,
                         Stop,
                         testing::Values(std::pair(1, false),
                                         std::pair(4, false),
                                         std::pair(6, false),
                                         std::pair(6, true),
                                         std::pair(7, true),
                                         std::pair(9, true)),
                         [](const auto& row) {
                             return (row.param.second ? "After" : "Before") +
                                    kCalls[static_cast<std::size_t>(row.param.first - 1)];
                         });

using Hang = CrashTest;

TEST_F(Hang, WhileConnectingDoesNotKeepFsrvpdFromStopping) {
    lab().freeze();
    const auto creating = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(waitFor([this] { return !daemon->agents().empty(); }, seconds(5)));

    daemon->stop(seconds(2));

    EXPECT_EQ(creating->wait(seconds(5)), 11);
    lab().thaw();
    daemon->start();
    EXPECT_TRUE(waitUntilSettled());
    expectAllWorks();
}

TEST_F(Hang, InTheMiddleIsSettledByTheNextJob) {
    daemon->stop();
    daemon->writeLab(
        lab(), {{"port", proxy->port()}, {"timeouts", {{"connect_sec", 2}, {"call_sec", 2}}}});
    daemon->start();
    const auto creating = createUntil(Moment{4, Moment::What::Reply});

    EXPECT_EQ(creating->wait(seconds(10)), 8) << creating->err();

    EXPECT_THAT(creating->err(), HasSubstr("AddToShadowCopySet"));
    EXPECT_THAT(creating->err(), HasSubstr("did not answer within 2 s"));
    EXPECT_EQ(daemon->sql("SELECT state FROM shadow_copy_set"), stateAt(4));
    proxy->cut();
    expectAllWorks();
}

} // namespace
} // namespace fsrvp::test
