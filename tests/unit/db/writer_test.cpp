// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/writer.hpp"
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace fsrvp::db::test {
namespace {

/// A job that says what number it is.
JobRecord numbered(int number) {
    JobRecord job;
    job.operation = "create";
    job.subjects.push_back(std::to_string(number));
    return job;
}

Task<void> insertAndKeep(Store& store, int number, std::vector<int>& ended) {
    co_await store.insertJob(numbered(number));
    ended.push_back(number);
}

void ignore(std::exception_ptr) {
}

TEST(Writer, MakesChangesInTheOrderTheyWereAskedFor) {
    StoreFixture fixture;
    TaskGroup group(fixture.loop());
    std::vector<int> ended;
    std::vector<int> expected;

    for (int i = 0; i < 50; ++i) {
        group.spawn(insertAndKeep(fixture.store(), i, ended), ignore);
        expected.push_back(i);
    }

    ASSERT_TRUE(
        fixture.loop().runUntil([&] { return ended.size() == 50; }, std::chrono::minutes(1)));
    EXPECT_EQ(ended, expected);
    const std::vector<JobRecord> open = fixture.store().listOpenJobs();
    ASSERT_EQ(open.size(), 50U);
    for (std::size_t i = 0; i < open.size(); ++i) {
        EXPECT_EQ(open[i].subjects.at(0), std::to_string(i));
    }
}

TEST(Writer, CountsOneCommitForEachChange) {
    StoreFixture fixture;
    EXPECT_EQ(fixture.store().commits(), 0U);

    fixture.addJob();
    EXPECT_EQ(fixture.store().commits(), 1U);

    errorOf([&] { fixture.run(fixture.store().startJob(99)); });
    EXPECT_EQ(fixture.store().commits(), 1U);
}

TEST(Writer, ACommittedChangeIsSeenAsSoonAsItsTaskEnds) {
    StoreFixture fixture;

    for (std::size_t i = 1; i <= 20; ++i) {
        fixture.addJob();
        EXPECT_EQ(fixture.store().listOpenJobs().size(), i);
    }
}

TEST(Writer, ResumesOnTheLoopsThread) {
    StoreFixture fixture;
    const std::thread::id loopsThread = std::this_thread::get_id();
    std::thread::id resumedOn;
    const auto task = [](Store& store, std::thread::id& thread) -> Task<void> {
        co_await store.insertJob(numbered(1));
        thread = std::this_thread::get_id();
    };

    fixture.run(task(fixture.store(), resumedOn));

    EXPECT_EQ(resumedOn, loopsThread);
}

TEST(Writer, AFailedChangeDoesNotDisturbTheNext) {
    StoreFixture fixture;
    TaskGroup group(fixture.loop());
    std::vector<int> ended;
    std::exception_ptr failure;

    group.spawn(fixture.store().startJob(99), [&](std::exception_ptr f) { failure = f; });
    group.spawn(insertAndKeep(fixture.store(), 1, ended), ignore);

    ASSERT_TRUE(fixture.loop().runUntil([&] { return !ended.empty(); }, std::chrono::minutes(1)));
    EXPECT_NE(failure, nullptr);
    EXPECT_EQ(fixture.store().listOpenJobs().size(), 1U);
}

TEST(Writer, FinishesWhatWasBegunWhenItsCoroutinesAreGone) {
    StoreFixture fixture;
    std::vector<int> ended;
    {
        TaskGroup group(fixture.loop());
        for (int i = 0; i < 20; ++i) {
            group.spawn(insertAndKeep(fixture.store(), i, ended), ignore);
        }
    }

    Store& store = fixture.reopen();
    fixture.addJob(); // runs the loop, and so what the old store posted

    EXPECT_TRUE(ended.empty());
    EXPECT_EQ(store.listOpenJobs().size(), 21U);
}

TEST(Writer, TasksOfADestroyedStoreStillEnd) {
    StoreFixture fixture;
    TaskGroup group(fixture.loop());
    std::vector<int> ended;
    for (int i = 0; i < 20; ++i) {
        group.spawn(insertAndKeep(fixture.store(), i, ended), ignore);
    }

    fixture.close();

    EXPECT_TRUE(
        fixture.loop().runUntil([&] { return ended.size() == 20; }, std::chrono::minutes(1)));
}

TEST(Writer, LeavesNothingBehindWhenTheLoopNeverRunsAgain) {
    const TempDir directory;
    std::vector<int> ended;
    EventLoop loop;
    TaskGroup group(loop);
    Store store(loop, directory.path());

    group.spawn(insertAndKeep(store, 1, ended), ignore);

    EXPECT_TRUE(ended.empty());
}

TEST(Writer, LeavesSignalsToTheLoop) {
    StoreFixture fixture;
    bool isCaught = false;
    const EventSource source = fixture.loop().onSignal(SIGTERM, [&] { isCaught = true; });

    ::kill(::getpid(), SIGTERM); // would end the process on a thread that does not block it

    EXPECT_TRUE(fixture.loop().runUntil([&] { return isCaught; }, std::chrono::minutes(1)));
}

} // namespace
} // namespace fsrvp::db::test
