// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>

namespace fsrvp::db::test {
namespace {

TEST(StoreJobs, AnAcceptedJobIsThereAfterARestart) {
    StoreFixture fixture;
    JobRecord job;
    job.operation = "create";
    job.ownerUid = 4294967294;
    job.subjects = {"//fs1/data", "//fs1/M\u00fcll \"x\""};
    job.accepted = TimeUs(std::chrono::microseconds(1'700'000'000'123'456));

    const JobRecord accepted = fixture.run(fixture.store().insertJob(job));

    const std::vector<JobRecord> open = fixture.reopen().listOpenJobs();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].id, accepted.id);
    EXPECT_EQ(open[0].operation, "create");
    EXPECT_EQ(open[0].state, JobState::Queued);
    EXPECT_EQ(open[0].ownerUid, 4294967294U);
    EXPECT_EQ(open[0].subjects, job.subjects);
    EXPECT_EQ(open[0].accepted, job.accepted);
    EXPECT_FALSE(open[0].ended);
}

TEST(StoreJobs, AJobWithoutATimeIsAcceptedNow) {
    StoreFixture fixture;
    const auto before = std::chrono::system_clock::now() - std::chrono::milliseconds(1);

    const JobRecord accepted = fixture.run(fixture.store().insertJob(JobRecord()));

    EXPECT_GE(accepted.accepted, before);
    EXPECT_LE(accepted.accepted, std::chrono::system_clock::now());
}

TEST(StoreJobs, ARunningJobIsOpenAfterARestartAndCanBeStartedAgain) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addJob();
    fixture.run(fixture.store().startJob(id));

    const std::vector<JobRecord> open = fixture.reopen().listOpenJobs();

    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].state, JobState::Running);
    fixture.run(fixture.store().startJob(id));
    EXPECT_EQ(fixture.store().listOpenJobs().size(), 1U);
}

TEST(StoreJobs, AnEndedJobKeepsItsErrorAndIsNotOpen) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addJob();
    fixture.run(fixture.store().startJob(id));
    fixture.run(fixture.store().finishJob(id, JobState::Failed, "org.fsrvpd1.Error.Busy", "busy"));

    Store& store = fixture.reopen();

    EXPECT_TRUE(store.listOpenJobs().empty());
    const std::vector<JobRecord> jobs = store.listJobs(10);
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].state, JobState::Failed);
    EXPECT_EQ(jobs[0].errorName, "org.fsrvpd1.Error.Busy");
    EXPECT_EQ(jobs[0].errorMessage, "busy");
    EXPECT_TRUE(jobs[0].ended);
}

TEST(StoreJobs, AQueuedJobCanBeCancelled) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addJob();

    fixture.run(fixture.store().finishJob(id, JobState::Cancelled, "", ""));

    EXPECT_EQ(fixture.store().listJobs(1).at(0).state, JobState::Cancelled);
}

TEST(StoreJobs, AnEndedJobNeitherStartsNorEndsAgain) {
    StoreFixture fixture;
    Store& store = fixture.store();
    const std::int64_t id = fixture.addJob();
    fixture.run(store.finishJob(id, JobState::Done, "", ""));

    const Error start = errorOf([&] { fixture.run(store.startJob(id)); });
    const Error end =
        errorOf([&] { fixture.run(store.finishJob(id, JobState::Failed, "x", "y")); });

    EXPECT_EQ(start.code(), Errc::BadState);
    EXPECT_STREQ(start.what(), "cannot mark job 1 running: it is done");
    EXPECT_EQ(end.code(), Errc::BadState);
    EXPECT_EQ(store.listJobs(1).at(0).state, JobState::Done);
}

TEST(StoreJobs, AJobDoesNotEndAsRunning) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addJob();

    const Error error =
        errorOf([&] { fixture.run(fixture.store().finishJob(id, JobState::Running, "", "")); });

    EXPECT_EQ(error.code(), Errc::BadState);
}

TEST(StoreJobs, AnUnknownJobIsNotFound) {
    StoreFixture fixture;

    const Error error = errorOf([&] { fixture.run(fixture.store().startJob(77)); });

    EXPECT_EQ(error.code(), Errc::NotFound);
    EXPECT_STREQ(error.what(), "there is no job 77");
}

TEST(StoreJobs, AreListedNewestFirstUpToTheLimit) {
    StoreFixture fixture;
    fixture.addJob();
    const std::int64_t second = fixture.addJob();
    const std::int64_t third = fixture.addJob();

    const std::vector<JobRecord> jobs = fixture.store().listJobs(2);

    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_EQ(jobs[0].id, third);
    EXPECT_EQ(jobs[1].id, second);
}

TEST(StoreJobs, NumbersOfErasedJobsAreNotUsedAgain) {
    StoreFixture fixture;
    const std::int64_t first = fixture.addJob();
    fixture.close();
    Database(fixture.file(), Access::ReadWrite).execute("DELETE FROM job_step; DELETE FROM job");
    fixture.reopen();

    const std::int64_t second = fixture.addJob();

    EXPECT_GT(second, first);
}

TEST(StoreJobs, TextThatIsNotUtf8IsReplacedNotRefused) {
    StoreFixture fixture;
    JobRecord job;
    job.subjects.emplace_back("a\xff");

    fixture.run(fixture.store().insertJob(job));

    EXPECT_EQ(fixture.store().listJobs(1).at(0).subjects.at(0), "a\xef\xbf\xbd");
}

} // namespace
} // namespace fsrvp::db::test
