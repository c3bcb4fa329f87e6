// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <iostream>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;

const Error& stopped() {
    static const Error error(Errc::Cancelled, "cancelled by its owner");
    return error;
}

class CancelTest : public JobsTest {
  protected:
    template <class Op> void letHang(FssServer& server) {
        hangs = false;
        server.fail<Op>(Failure::hang([this] { loop.post([this] { hangs = true; }); }));
    }

    void letHang(FssServer& server, const std::string& call) {
        forEachOperation([&]<class Op>() {
            if (Op::name == call) {
                letHang<Op>(server);
            }
        });
    }

    void runUntilItHangs() {
        ASSERT_TRUE(runUntil([this] { return hangs; }));
    }

    void expectCancelled(const Job& job) {
        EXPECT_EQ(job.record().state, JobState::Cancelled);
        EXPECT_EQ(errorName(job), "Cancelled") << errorText(job);
        EXPECT_EQ(recorded(job).state, JobState::Cancelled);
    }

    bool hangs = false;
};

TEST_F(CancelTest, InEveryCallTheSetIsSettled) {
    int cancelled = 0;
    for (const std::string& call : callsOfCreate(1)) {
        SCOPED_TRACE(call);
        FssServer& server = startAfresh({"data"});
        letHang(server, call);
        const auto job = run(creating({"//fs1/data"}));
        runUntilItHangs();

        job->cancellation().request(stopped());
        ended(job);

        expectCancelled(*job);
        EXPECT_TRUE(setStates().empty() || setStates() == "settled") << setStates();
        EXPECT_TRUE(copyStates().empty() || copyStates() == "failed") << copyStates();
        expectNothingLeft(server);
        ++cancelled;
    }
    std::cout << "cancelled in " << cancelled << " calls\n";
}

TEST_F(CancelTest, WhatTheServerDidMeanwhileIsSettledToo) {
    int cancelled = 0;
    for (const std::string& call : callsOfCreate(1)) {
        if (call == "StartShadowCopySet") {
            continue; // the set's id never arrives: failure_matrix_test.cpp
        }
        SCOPED_TRACE(call);
        FssServer& server = startAfresh({"data"});
        hangs = false;
        forEachOperation([&]<class Op>() {
            if (Op::name == call) {
                network.afterCall<Op>({fakes::AgentFate::Kind::Held,
                                       [this] { loop.post([this] { hangs = true; }); }});
            }
        });
        const auto job = run(creating({"//fs1/data"}));
        runUntilItHangs();

        job->cancellation().request(stopped());
        ended(job);

        expectCancelled(*job);
        expectNothingLeft(server);
        ++cancelled;
    }
    std::cout << "cancelled after " << cancelled << " calls\n";
}

TEST_F(CancelTest, InTheQueueNothingIsCalled) {
    FssServer& server = addServer("fs1", {"data", "other"});
    letHang<IsPathSupported>(server);
    const auto first = run(creating({"//fs1/data"}));
    runUntilItHangs();
    const auto second = run(creating({"//fs1/other"}));
    const auto third = run(creating({"//fs1/other"}));

    second->cancellation().request(stopped());
    ended(second);
    expectCancelled(*second);
    EXPECT_FALSE(third->hasEnded());

    server.releaseHung();
    ended(first);
    ended(third);
    EXPECT_EQ(errorName(*first), "none") << errorText(*first);
    EXPECT_EQ(errorName(*third), "none") << errorText(*third);
    EXPECT_EQ(server.exposedShares().size(), 2U);
}

TEST_F(CancelTest, WhileAnotherClientIsWaitedFor) {
    FssServer& server = addServer("fs1", {"data"});
    server.failTimes<StartShadowCopySet>(20, Failure::result(hresult::kSetInProgress));
    const auto job = run(creating({"//fs1/data"}));
    ASSERT_TRUE(runUntil([&] { return job->phase() == Phase::Wait && !server.calls().empty(); }));

    job->cancellation().request(stopped());
    ended(job);

    expectCancelled(*job);
    server.clearFailures();
    expectNothingLeft(server);
}

TEST_F(CancelTest, WhileTheGapBetweenTwoAddsIsWaitedFor) {
    FssServer& server = addServer("fs1", {"data"});
    start(1h);
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
    const auto job = run(creating({"//fs1/data"}));
    ASSERT_TRUE(runUntil([&] { return job->phase() == Phase::Start; }));

    job->cancellation().request(stopped());
    ended(job);

    expectCancelled(*job);
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

TEST_F(CancelTest, BeforeItRuns) {
    FssServer& server = addServer("fs1", {"data"});
    const auto job = run(creating({"//fs1/data"}));
    job->cancellation().request(stopped());

    ended(job);

    expectCancelled(*job);
    expectNothingLeft(server);
}

TEST_F(CancelTest, ADeleteThatHangsStaysDeletingUntilTheNext) {
    FssServer& server = addServer("fs1", {"data"});
    const auto ids = create({"//fs1/data"})->ids();
    letHang<DeleteShareMapping>(server);
    const auto job = run(deleting(ids));
    runUntilItHangs();

    job->cancellation().request(stopped());
    ended(job);

    expectCancelled(*job);
    EXPECT_EQ(copyStates(), "deleting");
    EXPECT_EQ(errorName(*remove(ids)), "none");
    expectNothingLeft(server);
}

TEST_F(CancelTest, ADeleteOfSeveralStopsThere) {
    FssServer& server = addServer("fs1", {"data", "other"});
    const auto ids = create({"//fs1/data", "//fs1/other"})->ids();
    letHang<DeleteShareMapping>(server);
    const auto job = run(deleting(ids));
    runUntilItHangs();

    job->cancellation().request(stopped());
    ended(job);

    expectCancelled(*job);
    EXPECT_EQ(copyStates(), "deleting exposed");
    EXPECT_EQ(server.exposedShares().size(), 2U);
}

TEST_F(CancelTest, TheDeadlineOfAJobSettlesItsSet) {
    FssServer& server = addServer("fs1", {"data"});
    letHang<CommitShadowCopySet>(server);

    const auto job = ended(run(creating({"//fs1/data"}, 1s)));

    EXPECT_EQ(job->record().state, JobState::Failed);
    EXPECT_EQ(errorName(*job), "TimedOut");
    EXPECT_NE(errorText(*job).find("within 1 s"), std::string::npos) << errorText(*job);
    EXPECT_EQ(setStates(), "settled");
    expectNothingLeft(server);
}

TEST_F(CancelTest, TheDeadlineAlsoRunsInTheQueue) {
    FssServer& server = addServer("fs1", {"data", "other"});
    letHang<IsPathSupported>(server);
    const auto first = run(creating({"//fs1/data"}));
    runUntilItHangs();

    const auto second = ended(run(creating({"//fs1/other"}, 1s)));

    EXPECT_EQ(errorName(*second), "TimedOut");
    server.releaseHung();
    EXPECT_EQ(errorName(*ended(first)), "none");
}

TEST_F(CancelTest, TheConfigurationHasTheDeadlineOfThoseWithoutOne) {
    Settings settings;
    settings.jobTimeoutSec = 1;
    configure(settings);
    FssServer& server = addServer("fs1", {"data"});
    letHang<CommitShadowCopySet>(server);

    EXPECT_EQ(errorName(*create({"//fs1/data"})), "TimedOut");
    expectNothingLeft(server);
}

} // namespace
} // namespace fsrvp::jobs
