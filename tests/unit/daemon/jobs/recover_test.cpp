// SPDX-License-Identifier: GPL-3.0-or-later

// fsrvpd ends without a word in some call, and is started again. That all is well after it,
// wherever that was, is for failure_matrix_test.cpp.

#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;

class RecoverTest : public JobsTest {
  protected:
    enum class When { BeforeActing, AfterActing };

    /// The next call of that name is where it crashes, before or after the server has acted.
    void crashIn(FssServer& server, const std::string& call, When when) {
        reached = false;
        const auto began = [this] { loop.post([this] { reached = true; }); };
        forEachOperation([&]<class Op>() {
            if (Op::name == call && when == When::BeforeActing) {
                server.fail<Op>(Failure::hang(began));
            } else if (Op::name == call) {
                network.afterCall<Op>({fakes::AgentFate::Kind::Held, began});
            }
        });
    }

    void runIntoTheCrash() {
        ASSERT_TRUE(runUntil([this] { return reached; }));
        crash();
    }

    void crashInCreate(FssServer& server, const std::string& call, When when) {
        crashIn(server, call, when);
        run(creating({"//fs1/data", "//fs1/other"}));
        runIntoTheCrash();
    }

    /// Starts anew and runs the recovery and its jobs to their end.
    void recover() {
        start();
        run(manager().recover());
        for (const auto& job : jobs()) {
            ended(job);
        }
    }

    bool reached = false;
};

TEST_F(RecoverTest, TheRecordedStateAtACrashIsWhatTheSettlingNeeds) {
    const std::vector<std::pair<const char*, const char*>> expected{
        {"StartShadowCopySet", ""},
        {"AddToShadowCopySet", "started"},
        {"CommitShadowCopySet", "committing"},
        {"ExposeShadowCopySet", "committing"},
        {"GetShareMapping", "committing"},
        {"RecoveryCompleteShadowCopySet", "exposed"}};
    for (const auto& [call, state] : expected) {
        FssServer& server = startAfresh({"data", "other"});
        crashInCreate(server, call, When::BeforeActing);
        EXPECT_EQ(column("SELECT state FROM shadow_copy_set"), state) << call;
        recover();
    }
}

TEST_F(RecoverTest, ADeleteUnderWayIsFinished) {
    for (const When when : {When::BeforeActing, When::AfterActing}) {
        FssServer& server = startAfresh({"data", "other"});
        const auto ids = create({"//fs1/data", "//fs1/other"})->ids();
        crashIn(server, "DeleteShareMapping", when);
        run(deleting(ids));
        runIntoTheCrash();
        EXPECT_EQ(copyStates(), "deleting exposed");

        recover();

        EXPECT_EQ(copyStates(), "deleted exposed") << "the other was not begun";
        EXPECT_EQ(jobStates(), "done failed done");
        EXPECT_EQ(errorName(*remove({ids[1]})), "none");
        expectNothingLeft(server);
    }
}

TEST_F(RecoverTest, AJobThatWaitedIsClosed) {
    FssServer& server = addServer("fs1", {"data", "other"});
    crashIn(server, "IsPathSupported", When::BeforeActing);
    run(creating({"//fs1/data"}));
    run(creating({"//fs1/other"}));
    runIntoTheCrash();
    EXPECT_EQ(jobStates(), "running running");

    recover();

    EXPECT_EQ(jobStates(), "failed failed");
    EXPECT_TRUE(jobs().empty()) << "there is nothing to settle";
    const JobRecord record = store().listJobs(1).at(0);
    EXPECT_EQ(record.errorName, "Failed");
    EXPECT_NE(record.errorMessage.find("stopped"), std::string::npos);
    expectNothingLeft(server);
}

TEST_F(RecoverTest, ACompleteSnapshotStays) {
    FssServer& server = addServer("fs1", {"data"});
    const auto ids = create({"//fs1/data"})->ids();
    crash();
    const Calls before = server.calls();

    recover();

    EXPECT_EQ(server.calls(), before) << "the server is not asked";
    EXPECT_EQ(snapshot(ids[0]).state, CopyState::Exposed);
}

TEST_F(RecoverTest, AShareThatWasAddedJustBeforeIsNotAddedInTheSameSecond) {
    fakes::FssOptions options;
    options.clock = [] {
        return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    };
    FssServer& server = addServer("fs1", {"data", "other"}, options);
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
    crash();
    start(1100ms);
    run(manager().recover());

    // The commit of a set whose name for "data" is taken leaves the copy of "other" to nobody.
    const auto job = create({"//fs1/other", "//fs1/data"});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(server.onDisk().size(), 3U);
}

TEST_F(RecoverTest, AServerThatIsAwayAtFirstIsSettledWhenItIsBack) {
    FssServer& server = addServer("fs1", {"data", "other"});
    crashInCreate(server, "ExposeShadowCopySet", When::BeforeActing);
    server.refuseConnections(Errc::Unreachable);

    recover();

    EXPECT_EQ(setStates(), "settled");
    ASSERT_EQ(jobs().size(), 1U);
    EXPECT_EQ(errorName(*jobs()[0]), "none") << errorText(*jobs()[0]);
    expectNothingLeft(server);
}

TEST_F(RecoverTest, ADeleteAlsoWaitsForAServerThatIsAwayAtFirst) {
    FssServer& server = addServer("fs1", {"data"});
    const auto ids = create({"//fs1/data"})->ids();
    crashIn(server, "DeleteShareMapping", When::BeforeActing);
    run(deleting(ids));
    runIntoTheCrash();
    server.refuseConnections(Errc::Unreachable);

    recover();

    EXPECT_EQ(copyStates(), "deleted");
    expectNothingLeft(server);
}

TEST_F(RecoverTest, WhatASettleJobCouldNotDoTheNextJobDoes) {
    Settings settings;
    settings.jobTimeoutSec = 1;
    configure(settings);
    FssServer& server = addServer("fs1", {"data", "other"});
    crashInCreate(server, "ExposeShadowCopySet", When::AfterActing);
    server.refuseConnections(Errc::Unreachable, 1000);

    recover();

    ASSERT_EQ(jobs().size(), 1U);
    EXPECT_EQ(errorName(*jobs()[0]), "TimedOut");
    EXPECT_EQ(setStates(), "committing");
    server.refuseConnections(Errc::Unreachable, 0);
    const auto next = create({"//fs1/data"});
    EXPECT_EQ(errorName(*next), "none") << errorText(*next);
    EXPECT_EQ(setStates(), "settled complete");
    remove(next->ids());
    expectNothingLeft(server);
}

TEST_F(RecoverTest, EachServerIsSettledByAJobOfItsOwnAndTheLimitDoesNotCount) {
    Settings settings;
    settings.maxJobs = 1;
    FssServer& first = addServer("fs1", {"data", "other"});
    FssServer& second = addServer("fs2", {"data"});
    crashIn(second, "PrepareShadowCopySet", When::BeforeActing);
    run(creating({"//fs2/data"}));
    ASSERT_TRUE(runUntil([this] { return reached; }));
    crashInCreate(first, "PrepareShadowCopySet", When::BeforeActing);
    EXPECT_EQ(first.sets().size() + second.sets().size(), 2U);
    configure(settings);

    recover();

    EXPECT_EQ(jobs().size(), 2U);
    EXPECT_EQ(setStates(), "settled");
    EXPECT_TRUE(first.sets().empty());
    EXPECT_TRUE(second.sets().empty());
}

TEST_F(RecoverTest, ASecondCrashWhileSettlingIsSettledToo) {
    for (const char* call : {"ExposeShadowCopySet", "GetShareMapping", "DeleteShareMapping"}) {
        for (const When when : {When::BeforeActing, When::AfterActing}) {
            SCOPED_TRACE(call);
            FssServer& server = startAfresh({"data", "other"});
            crashInCreate(server, "CommitShadowCopySet", When::AfterActing);
            crashIn(server, call, when);
            start();
            run(manager().recover());
            runIntoTheCrash();
            EXPECT_EQ(column("SELECT state FROM shadow_copy_set"),
                      call == std::string("DeleteShareMapping") ? "exposed" : "committing");

            recover();

            EXPECT_EQ(setStates(), "settled");
            EXPECT_EQ(copyStates(), "failed failed");
            expectNothingLeft(server);
        }
    }
}

} // namespace
} // namespace fsrvp::jobs
