// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpd, its agent or the server goes away at every message of a create and of a delete: what was
// begun is settled, and the next create works.
#include "tests/lab/lab_fixture.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <csignal>

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

/// The connection stops there: the server has not got the call, or its answer does not arrive.
struct Moment {
    enum class What { Request, Reply };

    std::size_t call; ///< the first is 1
    What what;
};

void PrintTo(const Moment& moment, std::ostream* out) {
    *out << (moment.what == Moment::What::Request ? "before " : "after ")
         << kCalls[moment.call - 1];
}

std::string nameOf(const testing::TestParamInfo<Moment>& row) {
    return (row.param.what == Moment::What::Request ? "Before" : "After") +
           kCalls[row.param.call - 1];
}

/// All but one: a set whose StartShadowCopySet was answered to nobody can't be settled by anyone;
/// see dead_client_test.cpp.
std::vector<Moment> allMoments() {
    std::vector<Moment> all;
    for (std::size_t call = 1; call <= kCalls.size(); ++call) {
        all.push_back({call, Moment::What::Request});
        if (kCalls[call - 1] != "StartShadowCopySet") {
            all.push_back({call, Moment::What::Reply});
        }
    }
    return all;
}

class CrashTest : public LabTest {
  protected:
    void SetUp() override {
        LabTest::SetUp();
        proxy.emplace(lab().port());
        daemon->stop();
        daemon->writeLab(lab(), {{"port", proxy->port()}});
        daemon->start();
    }

    /// Opens the connection to the server; it stays for two seconds.
    void warmUp() {
        EXPECT_EQ(daemon->ctl({"create", "-q", "--no-mount", unc("plain")}).exitCode, 5);
    }

    void holdAt(const Moment& moment) {
        if (moment.what == Moment::What::Request) {
            proxy->holdRequest(moment.call);
        } else {
            proxy->holdReply(moment.call);
        }
    }

    std::unique_ptr<Process> createUntil(const Moment& moment) {
        warmUp();
        holdAt(moment);
        auto creating = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
        EXPECT_TRUE(proxy->waitUntilHeld());
        EXPECT_EQ(daemon->agents().size(), 1U);
        EXPECT_EQ(daemon->sql("SELECT state FROM shadow_copy_set"), stateAt(moment.call));
        return creating;
    }

    /// What is recorded of the set while that call is under way.
    static json stateAt(std::size_t call) {
        const char* const states[] = {
            "", "", "", "started", "started", "committing", "committing", "committing", "exposed"};
        const std::string state = states[call - 1];
        return state.empty() ? json::array() : json::array({{{"state", state}}});
    }

    void expectAllWorks() {
        create({"data"});
        deleteAll();
        expectNothingLeft();
    }

    std::optional<TcpProxy> proxy;
};

class Crash : public CrashTest, public testing::WithParamInterface<Moment> {};

TEST_P(Crash, OfFsrvpdIsSettledByItsNextStart) {
    const auto creating = createUntil(GetParam());
    daemon->kill();
    EXPECT_EQ(creating->wait(seconds(5)), 11) << creating->err();
    proxy->cut();

    daemon->start();

    EXPECT_TRUE(waitUntilSettled()) << daemon->log();
    expectNothingLeft();
    expectAllWorks();
}

TEST_P(Crash, OfItsAgentEndsTheJobAndIsSettled) {
    warmUp();
    const std::size_t fds = daemon->openFds();
    const auto creating = createUntil(GetParam());
    ::kill(daemon->agents().at(0), SIGKILL);
    proxy->cut();

    const auto status = creating->wait(seconds(30));

    if (status == 0) {
        deleteAll(); // it was that near to its end, or could be brought there
    } else {
        EXPECT_EQ(status, 9) << creating->err();
        EXPECT_THAT(creating->err(), HasSubstr("the agent has ended unexpectedly"));
    }
    expectNothingLeft();
    expectAllWorks();
    warmUp();
    EXPECT_EQ(daemon->openFds(), fds);
}

INSTANTIATE_TEST_SUITE_P(At, Crash, testing::ValuesIn(allMoments()), nameOf);

class Stop : public CrashTest, public testing::WithParamInterface<Moment> {};

TEST_P(Stop, InTheMiddleTakesNoTimeAndIsSettledByTheNextStart) {
    const auto creating = createUntil(GetParam());
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
                         testing::Values(Moment{1, Moment::What::Request},
                                         Moment{4, Moment::What::Request},
                                         Moment{6, Moment::What::Request},
                                         Moment{6, Moment::What::Reply},
                                         Moment{7, Moment::What::Reply},
                                         Moment{9, Moment::What::Reply}),
                         nameOf);

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

class DeleteCrash : public CrashTest, public testing::WithParamInterface<Moment::What> {
  protected:
    std::unique_ptr<Process> deleteUntilHeld() {
        create({"data"});
        holdAt(Moment{1, GetParam()});
        auto deleting = daemon->startCtl({"delete", "-q", "1"});
        EXPECT_TRUE(proxy->waitUntilHeld());
        return deleting;
    }
};

TEST_P(DeleteCrash, OfFsrvpdIsFinishedByItsNextStart) {
    const auto deleting = deleteUntilHeld();
    daemon->kill();
    EXPECT_EQ(deleting->wait(seconds(5)), 11) << deleting->err();
    proxy->cut();

    daemon->start();

    EXPECT_TRUE(waitFor(
        [this] {
            return daemon->ctlJson({"show", "1"})["snapshots"][0]["state"] == "deleted";
        },
        seconds(10)))
        << daemon->log();
    EXPECT_TRUE(waitUntilSettled());
    expectNothingLeft();
}

TEST_P(DeleteCrash, OfItsAgentIsMadeGoodByAnotherAgent) {
    const auto deleting = deleteUntilHeld();
    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "deleting");
    ::kill(daemon->agents().at(0), SIGKILL);
    proxy->cut(); // the next agent is not started before a second is over

    EXPECT_EQ(deleting->wait(seconds(10)), 0) << deleting->err();

    expectNothingLeft();
    expectAllWorks();
}

INSTANTIATE_TEST_SUITE_P(Of,
                         DeleteCrash,
                         testing::Values(Moment::What::Request, Moment::What::Reply),
                         [](const auto& row) {
                             return row.param == Moment::What::Request ? "Request" : "Reply";
                         });

} // namespace
} // namespace fsrvp::test
