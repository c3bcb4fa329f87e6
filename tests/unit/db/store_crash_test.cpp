// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/unique_fd.hpp"
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace fsrvp::db::test {
namespace {

/// One whole create job after the other; each number goes to the pipe once its writes are done.
Task<void> writeForever(Store& store, int pipe) {
    for (;;) {
        JobRecord job;
        job.operation = "create";
        job = co_await store.insertJob(job);
        ServerAccount account;
        account.server.host = "fs1";
        const std::int64_t set = co_await store.insertSet(
            job.id, account, guidOf(1), ShadowCopyContext::NasRollback, false);
        std::vector<NewCopy> copies(1);
        copies[0].snapshotId = guidOf(static_cast<int>(job.id));
        const Labelling labelling;
        const std::vector<std::int64_t> ids =
            co_await store.markCommitting(set, copies, labelling, 0);
        if (::write(pipe, &ids[0], sizeof ids[0]) != sizeof ids[0]) {
            co_return;
        }
    }
}

[[noreturn]] void runWriter(const std::filesystem::path& directory, int pipe) {
    EventLoop loop;
    Store store(loop, directory);
    finish(loop, writeForever(store, pipe));
    ::_exit(0);
}

/// Kills a writing process once it has reported so many copies. Gives all that it reported.
std::vector<std::int64_t> killWriter(const std::filesystem::path& directory, std::size_t after) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        runWriter(directory, ends[1]);
    }
    const UniqueFd reading(ends[0]);
    UniqueFd(ends[1]).reset();
    std::vector<std::int64_t> reported;
    std::int64_t id = 0;
    while (::read(reading.get(), &id, sizeof id) == sizeof id) {
        reported.push_back(id);
        if (reported.size() == after) {
            ::kill(child, SIGKILL); // the pipe still gives what was written before
        }
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    return reported;
}

class StoreCrash : public testing::TestWithParam<std::size_t> {};

TEST_P(StoreCrash, LosesNothingThatWasReportedDone) {
    StoreFixture fixture;
    fixture.close();

    const std::vector<std::int64_t> reported = killWriter(fixture.directory(), GetParam());

    Store& store = fixture.reopen();
    ASSERT_GE(reported.size(), GetParam());
    for (const std::int64_t id : reported) {
        const std::optional<Snapshot> found = store.findSnapshot(id);
        ASSERT_TRUE(found) << id;
        EXPECT_EQ(found->state, CopyState::Creating);
    }
    // At most one job beyond the last report had begun.
    EXPECT_GE(store.listUnsettledSets().size(), reported.size());
    EXPECT_LE(store.listOpenJobs().size(), reported.size() + 1);
    fixture.addSnapshot(guidOf(1));
    fixture.close();
    const Database database(fixture.file(), Access::ReadWrite);
    Statement check(database, "PRAGMA integrity_check");
    ASSERT_TRUE(check.step());
    EXPECT_EQ(check.read<std::string>(), "ok");
}

// More than a thousand pages of log make SQLite empty it in between: the last one meets that.
INSTANTIATE_TEST_SUITE_P(After, StoreCrash, testing::Values(1, 2, 10, 37, 300));

} // namespace
} // namespace fsrvp::db::test
