// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <set>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using fakes::Started;

class JobManagerTest : public JobsTest {
  protected:
    template <class Op> void letHang(FssServer& server) {
        server.fail<Op>(Failure::hang([this] { loop.post([this] { ++hanging; }); }));
    }

    void runUntilHanging(int count) {
        ASSERT_TRUE(runUntil([this, count] { return hanging == count; }));
    }

    int hanging = 0;
};

TEST_F(JobManagerTest, NoSourceIsRefused) {
    EXPECT_EQ(errorOf(creating({})).code(), Errc::InvalidArgument);
    EXPECT_EQ(jobStates(), "");
}

TEST_F(JobManagerTest, AShareNamedTwiceIsRefusedWhateverItsSpelling) {
    FssServer& server = addServer("fs1", {"data"});

    EXPECT_EQ(errorOf(creating({"//fs1/data", "//FS1/DATA"})).code(), Errc::InvalidArgument);

    EXPECT_EQ(jobStates(), "");
    EXPECT_TRUE(server.calls().empty());
}

TEST_F(JobManagerTest, AJobIsInTheDatabaseBeforeItIsGiven) {
    addServer("fs1", {"data"});

    const auto job = run(creating({"//fs1/data"}));

    EXPECT_EQ(recorded(*job).id, job->record().id);
    EXPECT_EQ(manager().find(job->record().id), job);
    EXPECT_EQ(manager().find(job->record().id + 1), nullptr);
    EXPECT_EQ(jobs(), (std::vector<std::shared_ptr<Job>>{job})) << "and announced";
    ended(job);
    EXPECT_EQ(manager().find(job->record().id), job) << "also after its end, for a while";
}

TEST_F(JobManagerTest, AJobTellsOfItsPhases) {
    addServer("fs1", {"data"});
    const auto job = run(creating({"//fs1/data"}));
    std::vector<std::string> phases;
    std::set<JobState> states;
    job->onChange([&] {
        const std::string phase(phaseName(job->phase()));
        if (phases.empty() || phases.back() != phase) {
            phases.push_back(phase);
        }
        states.insert(job->record().state);
    });

    ended(job);
    job->onChange({});

    EXPECT_EQ(phases,
              (std::vector<std::string>{"wait",
                                        "connect",
                                        "check",
                                        "start",
                                        "add",
                                        "prepare",
                                        "commit",
                                        "expose",
                                        "map",
                                        "recover"}));
    EXPECT_EQ(states, (std::set<JobState>{JobState::Running, JobState::Done}));
}

TEST_F(JobManagerTest, JobsOfOneServerRunOneAfterTheOther) {
    FssServer& server = addServer("fs1", {"data", "other"});
    letHang<CommitShadowCopySet>(server);
    const auto first = run(creating({"//fs1/data"}));
    runUntilHanging(1);
    const auto second = run(creating({"//fs1/other"}));
    const std::size_t calls = server.calls().size();
    run(sleepFor(loop, 50ms, second->cancellation()));
    EXPECT_EQ(second->phase(), Phase::Wait);
    EXPECT_EQ(server.calls().size(), calls);

    server.releaseHung();
    ended(first);
    ended(second);

    EXPECT_EQ(errorName(*first), "none") << errorText(*first);
    EXPECT_EQ(errorName(*second), "none") << errorText(*second);
    EXPECT_EQ(server.connectCount(), 1U) << "the second uses the first one's connection";
}

TEST_F(JobManagerTest, OtherServersAreNotDelayed) {
    FssServer& slow = addServer("fs1", {"data"});
    addServer("fs2", {"data"});
    letHang<CommitShadowCopySet>(slow);
    const auto first = run(creating({"//fs1/data"}));
    runUntilHanging(1);

    EXPECT_EQ(errorName(*create({"//fs2/data"})), "none");

    slow.releaseHung();
    EXPECT_EQ(errorName(*ended(first)), "none");
}

TEST_F(JobManagerTest, TheServersOfOneJobWorkAtTheSameTime) {
    FssServer& one = addServer("fs1", {"data"});
    FssServer& two = addServer("fs2", {"data"});
    letHang<CommitShadowCopySet>(one);
    letHang<CommitShadowCopySet>(two);
    const auto job = run(creating({"//fs1/data", "//fs2/data"}));

    runUntilHanging(2);
    one.releaseHung();
    two.releaseHung();
    ended(job);

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(job->ids().size(), 2U);
    EXPECT_EQ(setStates(), "complete complete");
}

TEST_F(JobManagerTest, OneServerThatFailsMakesTheJobPartial) {
    FssServer& good = addServer("fs1", {"data"});
    FssServer& bad = addServer("fs2", {"data"});
    bad.fail<CommitShadowCopySet>(Failure::result(hresult::kAccessDenied));

    const auto job = create({"//fs1/data", "//fs2/data"});

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(job->record().state, JobState::Failed);
    EXPECT_EQ(job->error()->hresult(), hresult::kAccessDenied);
    EXPECT_NE(errorText(*job).find("//fs2/data"), std::string::npos) << errorText(*job);
    ASSERT_EQ(job->ids().size(), 1U);
    EXPECT_EQ(snapshot(job->ids()[0]).server.host, "fs1");
    EXPECT_EQ(good.exposedShares().size(), 1U);
    EXPECT_TRUE(bad.exposedShares().empty());
}

TEST_F(JobManagerTest, WhenAllFailTheFirstErrorsCodeCountsAndAllAreNamed) {
    FssServer& one = addServer("fs1", {"data"});
    FssServer& two = addServer("fs2", {"data"});
    one.fail<CommitShadowCopySet>(Failure::result(hresult::kAccessDenied));
    two.fail<CommitShadowCopySet>(Failure::result(hresult::kAccessDenied));

    const auto job = create({"//fs1/data", "//fs2/data"});

    EXPECT_EQ(errorName(*job), "AccessDenied");
    EXPECT_NE(errorText(*job).find("//fs1/data"), std::string::npos);
    EXPECT_NE(errorText(*job).find("//fs2/data"), std::string::npos);
}

TEST_F(JobManagerTest, NoMoreJobsThanTheConfigurationAllows) {
    Settings settings;
    settings.maxJobs = 2;
    configure(settings);
    FssServer& server = addServer("fs1", {"data", "other"});
    const auto made = create({"//fs1/data"})->ids();
    letHang<IsPathSupported>(server);
    const auto first = run(creating({"//fs1/data"}));
    const auto second = run(creating({"//fs1/other"}));

    const Error error = errorOf(creating({"//fs1/data"}));

    EXPECT_EQ(error.code(), Errc::LimitsExceeded);
    EXPECT_NE(error.hint().find("max_jobs"), std::string::npos);
    EXPECT_EQ(errorOf(deleting(made)).code(), Errc::LimitsExceeded);
    runUntilHanging(1);
    server.releaseHung();
    ended(first);
    ended(second);
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none") << "ended ones do not count";
}

TEST_F(JobManagerTest, TheLimitAlsoHoldsForJobsThatComeAtOnce) {
    Settings settings;
    settings.maxJobs = 1;
    configure(settings);
    addServer("fs1", {"data"});
    start();

    Started first(loop, creating({"//fs1/data"}));
    Started second(loop, creating({"//fs1/data"}));

    EXPECT_EQ(second.error().code(), Errc::LimitsExceeded);
    EXPECT_EQ(errorName(*ended(first.get())), "none");
}

TEST_F(JobManagerTest, AnEndedJobIsForgottenAfterItsTime) {
    addServer("fs1", {"data"});
    start(1ms, 100ms);
    const auto job = create({"//fs1/data"});
    const std::int64_t id = job->record().id;
    EXPECT_EQ(manager().find(id), job);

    ASSERT_TRUE(runUntil([this] { return !forgotten().empty(); }));

    EXPECT_EQ(forgotten(), (std::vector<std::int64_t>{id}));
    EXPECT_EQ(manager().find(id), nullptr);
    EXPECT_EQ(recorded(*job).state, JobState::Done) << "the database still has it";
}

TEST_F(JobManagerTest, DestroyedItParksWhatRuns) {
    FssServer& server = addServer("fs1", {"data"});
    letHang<CommitShadowCopySet>(server);
    const auto job = run(creating({"//fs1/data"}));
    runUntilHanging(1);

    crash();

    EXPECT_FALSE(job->hasEnded());
    EXPECT_EQ(jobStates(), "running");
    EXPECT_EQ(setStates(), "committing");
    EXPECT_EQ(launcher.running(), 0U) << "its agent has ended";
    EXPECT_EQ(server.openConnections(), 0U);
}

TEST_F(JobManagerTest, AConnectionIsSharedByJobsInARow) {
    FssServer& server = addServer("fs1", {"data"});
    create({"//fs1/data"});
    create({"//fs1/data"});

    EXPECT_EQ(server.connectCount(), 1U);
    EXPECT_EQ(server.openConnections(), 1U);
}

TEST_F(JobManagerTest, AConnectionThatNoJobUsesGoes) {
    linger = 20ms;
    FssServer& server = addServer("fs1", {"data"});
    create({"//fs1/data"});

    EXPECT_TRUE(runUntil([this] { return launcher.running() == 0; }));
    create({"//fs1/data"});

    EXPECT_EQ(server.connectCount(), 2U);
}

} // namespace
} // namespace fsrvp::jobs
