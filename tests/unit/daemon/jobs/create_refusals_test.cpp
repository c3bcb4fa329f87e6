// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <algorithm>
#include <atomic>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;

class CreateRefusals : public JobsTest {
  protected:
    static long count(const FssServer& server, const std::string& call) {
        const Calls calls = server.calls();
        return std::count(calls.begin(), calls.end(), call);
    }

    FssServer& server = addServer("fs1", {"data", "other"});
    EventSource release;
};

TEST_F(CreateRefusals, AnotherClientsSetIsWaitedFor) {
    server.failTimes<StartShadowCopySet>(2, Failure::result(hresult::kSetInProgress));
    const auto begin = BootClock::now();

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(count(server, "StartShadowCopySet"), 3);
    EXPECT_EQ(count(server, "SetContext"), 3);
    EXPECT_GE(BootClock::now() - begin, 3s) << "one second, then two";
}

TEST_F(CreateRefusals, TheRootOfADfsNamespaceIsRefusedBeforeASetIsStarted) {
    network.setDfsRoot("other");

    const auto job = create({"//fs1/data", "//fs1/other"});

    EXPECT_EQ(errorName(*job), "NotSupported");
    EXPECT_NE(errorText(*job).find("//fs1/other is the root of a DFS namespace"), std::string::npos)
        << errorText(*job);
    EXPECT_EQ(count(server, "StartShadowCopySet"), 0);
}

TEST_F(CreateRefusals, SetContextMayBeRefusedSoToo) {
    server.fail<SetContext>(Failure::result(hresult::kSetInProgress));

    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
}

TEST_F(CreateRefusals, AnotherClientsSetIsWaitedForUntilTheDeadline) {
    server.failTimes<StartShadowCopySet>(20, Failure::result(hresult::kSetInProgress));
    const auto begin = BootClock::now();

    const auto job = ended(run(creating({"//fs1/data"}, 2s)));

    EXPECT_EQ(errorName(*job), "Busy") << "what kept it from its end";
    EXPECT_EQ(job->error()->hresult(), hresult::kSetInProgress);
    EXPECT_LT(BootClock::now() - begin, 10s);
    EXPECT_EQ(setStates(), "");
    server.clearFailures();
    expectNothingLeft(server);
}

TEST_F(CreateRefusals, ACommitThatFailsWithoutAReasonIsTriedOnceMoreWithANewSet) {
    server.fail<CommitShadowCopySet>(Failure::result(hresult::kFail));

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(count(server, "CommitShadowCopySet"), 2);
    EXPECT_EQ(setStates(), "settled complete");
    EXPECT_EQ(copyStates(), "failed exposed");
    EXPECT_EQ(job->ids(), (std::vector<std::int64_t>{2}));
}

TEST_F(CreateRefusals, ASecondSuchFailureIsReported) {
    server.failTimes<CommitShadowCopySet>(2, Failure::result(hresult::kFail));

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "Failed");
    EXPECT_EQ(job->error()->hresult(), hresult::kFail);
    EXPECT_NE(errorText(*job).find("CommitShadowCopySet on fs1"), std::string::npos);
    EXPECT_EQ(count(server, "CommitShadowCopySet"), 2);
    EXPECT_EQ(setStates(), "settled");
    expectNothingLeft(server);
}

TEST_F(CreateRefusals, OtherFailuresOfTheCommitAreNotTriedAgain) {
    server.fail<CommitShadowCopySet>(Failure::result(hresult::kAccessDenied));

    EXPECT_EQ(errorName(*create({"//fs1/data"})), "AccessDenied");

    EXPECT_EQ(count(server, "CommitShadowCopySet"), 1);
    expectNothingLeft(server);
}

TEST_F(CreateRefusals, AServerThatIsStillAtItIsAskedTheSameAgain) {
    server.failTimes<PrepareShadowCopySet>(2, Failure::result(hresult::kWaitTimeout));
    server.failTimes<CommitShadowCopySet>(2, Failure::result(hresult::kAgentTimeout));
    server.failTimes<ExposeShadowCopySet>(3, Failure::result(hresult::kWaitTimeout));

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(count(server, "PrepareShadowCopySet"), 3);
    EXPECT_EQ(count(server, "CommitShadowCopySet"), 3);
    EXPECT_EQ(count(server, "ExposeShadowCopySet"), 4);
    EXPECT_EQ(setStates(), "complete") << "all in one set";
}

TEST_F(CreateRefusals, AServerThatNeverGetsThereTimesOut) {
    server.failTimes<CommitShadowCopySet>(20, Failure::result(hresult::kAgentTimeout));

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "TimedOut");
    EXPECT_EQ(count(server, "CommitShadowCopySet"), 4);
    server.clearFailures();
    expectNothingLeft(server);
}

TEST_F(CreateRefusals, AnUnknownShareIsNamedWithThoseThatExist) {
    const auto job = create({"//fs1/data", "//fs1/dta"});

    EXPECT_EQ(errorName(*job), "NotFound");
    EXPECT_NE(errorText(*job).find("no share 'dta'"), std::string::npos) << errorText(*job);
    EXPECT_EQ(job->error()->hint(), "it has data, other");
    EXPECT_EQ(count(server, "StartShadowCopySet"), 0) << "it is asked before";
    EXPECT_EQ(setStates(), "");
}

TEST_F(CreateRefusals, AServerThatDoesNotListItsSharesChangesNoError) {
    network.failShareQuestion(Error(Errc::AccessDenied, "not for you"));

    const auto job = create({"//fs1/dta"});

    EXPECT_EQ(errorName(*job), "NotFound");
    EXPECT_NE(errorText(*job).find("no share 'dta'"), std::string::npos) << errorText(*job);
    EXPECT_EQ(job->error()->hresult(), hresult::kInvalidArgument);
}

TEST_F(CreateRefusals, AShareThatCannotTakeSnapshotsIsRefusedBeforeTheSet) {
    server.addUnsupportedShare("plain");

    const auto job = create({"//fs1/data", "//fs1/plain"});

    EXPECT_EQ(errorName(*job), "NotSupported");
    EXPECT_EQ(job->error()->hresult(), hresult::kNotSupported);
    EXPECT_NE(errorText(*job).find("//fs1/plain"), std::string::npos) << errorText(*job);
    EXPECT_FALSE(job->error()->hint().empty());
    EXPECT_EQ(count(server, "StartShadowCopySet"), 0);
}

TEST_F(CreateRefusals, TwoSharesOfOneVolumeAreRefusedAndNothingIsLeft) {
    server.addShare("twin", "volume of data");

    const auto job = create({"//fs1/data", "//fs1/twin"});

    EXPECT_EQ(errorName(*job), "AlreadyExists");
    EXPECT_NE(errorText(*job).find("//fs1/twin"), std::string::npos) << errorText(*job);
    expectNothingLeft(server);
}

TEST_F(CreateRefusals, AContextThatTheServerDoesNotHaveIsNamedSo) {
    for (const std::uint32_t answer : {hresult::kInvalidArgument, hresult::kUnsupportedContext}) {
        server.fail<SetContext>(Failure::result(answer));

        const auto job = create({"//fs1/data"});

        EXPECT_EQ(errorName(*job), "UnsupportedContext");
        EXPECT_NE(errorText(*job).find("nas-rollback"), std::string::npos) << errorText(*job);
        EXPECT_EQ(job->error()->hresult(), answer);
        EXPECT_EQ(setStates(), "");
    }
}

TEST_F(CreateRefusals, AnAccountWithoutRightsIsToldSoWithTheHresult) {
    server.setAccess(fakes::FssAccess::Denied);

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "AccessDenied");
    EXPECT_EQ(job->error()->hresult(), hresult::kAccessDenied);
}

TEST_F(CreateRefusals, AServerThatCannotBeReachedIsNamed) {
    server.refuseConnections(Errc::Unreachable);

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "Unreachable");
    EXPECT_NE(errorText(*job).find("//fs1/data"), std::string::npos) << errorText(*job);
    EXPECT_EQ(job->record().state, JobState::Failed);
}

TEST_F(CreateRefusals, AServerWithoutCredentialsIsRefused) {
    const auto job = create({"//fs9/data"});

    EXPECT_EQ(errorName(*job), "NoCredential");
}

TEST_F(CreateRefusals, TwoCreatesOfAShareAtOnceBothSucceed) {
    // The server's seconds are 100 ms long here, and our own gap between two Adds 110 ms.
    fakes::FssOptions options;
    options.clock = [] {
        return fakes::FssTime(std::chrono::seconds(BootClock::now().time_since_epoch() / 100ms));
    };
    FssServer& fast = addServer("fs1", {"data", "other"}, options);
    start(110ms);

    const auto first = run(creating({"//fs1/data"}));
    const auto second = run(creating({"//fs1/DATA"}));
    ended(first);
    ended(second);

    EXPECT_EQ(errorName(*first), "none") << errorText(*first);
    EXPECT_EQ(errorName(*second), "none") << errorText(*second);
    EXPECT_EQ(count(fast, "CommitShadowCopySet"), 2) << "no commit failed for its name";
}

TEST_F(CreateRefusals, TheGapCountsFromTheEndOfASlowAdd) {
    fakes::FssOptions options;
    // Named late in the call: by the time of its answer.
    options.clock = [] {
        return fakes::FssTime(std::chrono::seconds(BootClock::now().time_since_epoch() / 100ms));
    };
    FssServer& slow = addServer("fs1", {"data", "other"}, options);
    start(110ms);
    slow.fail<AddToShadowCopySet>(Failure::hang([this, &slow] {
        loop.post([this, &slow] {
            // After 90 of the 110 ms.
            release = loop.after(90ms, [&slow] { slow.releaseHung(); });
        });
    }));

    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");

    EXPECT_EQ(count(slow, "CommitShadowCopySet"), 2) << "no commit failed for its name";
    const auto times = slow.onDisk();
    EXPECT_NE(times.at(0).time, times.at(1).time);
}

} // namespace
} // namespace fsrvp::jobs
