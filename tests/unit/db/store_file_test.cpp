// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace fsrvp::db::test {
namespace {

using std::filesystem::path;

unsigned modeOf(const path& file) {
    struct stat status {};

    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 07777U;
}

/// While it lives, nothing can be written to any file: what a full disk does, as EFBIG.
class NoSpace {
  public:
    NoSpace() {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit none = before_;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_FSIZE, &none);
    }

    NoSpace(const NoSpace&) = delete;
    NoSpace& operator=(const NoSpace&) = delete;

    ~NoSpace() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

TEST(StoreFile, IsMadeForItsOwnerAlone) {
    StoreFixture fixture;
    fixture.addJob();

    EXPECT_EQ(modeOf(fixture.directory()), 0700U);
    for (const char* name : {"lock", "fsrvpd.db", "fsrvpd.db-wal", "fsrvpd.db-shm"}) {
        EXPECT_EQ(modeOf(fixture.directory() / name), 0600U) << name;
    }
}

TEST(StoreFile, LosesItsWriteAheadLogAtTheEnd) {
    StoreFixture fixture;
    fixture.addJob();

    fixture.close();

    EXPECT_FALSE(std::filesystem::exists(fixture.directory() / "fsrvpd.db-wal"));
}

TEST(StoreFile, HasTheSchemaAndTheSafeSettings) {
    StoreFixture fixture;
    fixture.close();

    const Database database(fixture.file(), Access::ReadWrite);

    EXPECT_EQ(database.queryInteger("PRAGMA user_version"), 4);
    EXPECT_EQ(database.queryInteger("PRAGMA synchronous"), 2); // FULL
    EXPECT_EQ(database.queryInteger("PRAGMA foreign_keys"), 1);
    Statement mode(database, "PRAGMA journal_mode");
    ASSERT_TRUE(mode.step());
    EXPECT_EQ(mode.read<std::string>(), "wal");
}

TEST(StoreFile, IsRefusedToASecondFsrvpd) {
    StoreFixture fixture;

    EventLoop loop;

    const Error error = errorOf([&] { const Store store(loop, fixture.directory()); });

    EXPECT_EQ(error.code(), Errc::Busy);
    EXPECT_EQ(std::string(error.what()), "another fsrvpd uses " + fixture.directory().string());
    EXPECT_FALSE(error.hint().empty());
}

TEST(StoreFile, WithAStateThatNobodyKnowsIsAnErrorThatNamesIt) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addSnapshot(guidOf(1)).id;
    fixture.close();
    Database(fixture.file(), Access::ReadWrite)
        .execute("PRAGMA ignore_check_constraints = 1; UPDATE shadow_copy SET state = 'odd'");
    Store& store = fixture.reopen();

    const Error reading = errorOf([&] { store.findSnapshot(id); });
    const Error writing =
        errorOf([&] { fixture.run(store.setCopyState(id, CopyState::Deleting, 1)); });

    for (const Error& error : {reading, writing}) {
        EXPECT_EQ(error.code(), Errc::Database);
        EXPECT_EQ(std::string(error.what()),
                  "cannot read " + fixture.file().string() + ": 'odd' is no state");
    }
}

TEST(StoreFile, TakesEveryStateOfTheModelAndNoOther) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    fixture.close();
    Database database(fixture.file(), Access::ReadWrite);
    const auto take = [&](const std::string& assignment, std::string_view state) {
        Statement(database, "UPDATE " + assignment + " = ?").bind(state).run();
    };

    for (int i = 0; i <= static_cast<int>(CopyState::LostOnServer); ++i) {
        take("shadow_copy SET state", copyStateName(static_cast<CopyState>(i)));
    }
    for (int i = 0; i <= static_cast<int>(SetState::Settled); ++i) {
        const auto state = static_cast<SetState>(i);
        const std::string time = state == SetState::Complete ? "1" : "NULL";
        take("shadow_copy_set SET completed_us = " + time + ", state", setStateName(state));
    }
    for (int i = 0; i <= static_cast<int>(JobState::Cancelled); ++i) {
        const auto state = static_cast<JobState>(i);
        const bool isOpen = state == JobState::Queued || state == JobState::Running;
        take("job SET ended_us = " + std::string(isOpen ? "NULL" : "1") + ", state",
             jobStateName(state));
    }
    EXPECT_EQ(errorOf([&] { take("shadow_copy SET state", "odd"); }).code(), Errc::Database);
    EXPECT_EQ(errorOf([&] { take("shadow_copy_set SET state", "odd"); }).code(), Errc::Database);
    EXPECT_EQ(errorOf([&] { take("job SET state", "odd"); }).code(), Errc::Database);
}

TEST(StoreFile, OnAFullDiskFailsTheWriteAndWorksAgainLater) {
    StoreFixture fixture;
    Store& store = fixture.store();
    const std::int64_t job = fixture.addJob();
    const std::uint64_t commits = store.commits();

    std::optional<Error> error;
    {
        const NoSpace noSpace;
        error = errorOf([&] { fixture.run(store.startJob(job)); });
    }

    EXPECT_EQ(error->code(), Errc::Database);
    EXPECT_EQ(std::string(error->what()),
              "cannot write " + fixture.file().string() + ": disk I/O error");
    EXPECT_FALSE(error->hint().empty());
    EXPECT_EQ(store.commits(), commits);
    EXPECT_EQ(store.listOpenJobs().at(0).state, JobState::Queued);
    fixture.run(store.startJob(job));
    EXPECT_EQ(fixture.reopen().listOpenJobs().at(0).state, JobState::Running);
}

TEST(StoreFile, LockedByAnotherProgramCanStillBeRead) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addSnapshot(guidOf(1)).id;
    Database other(fixture.file(), Access::ReadWrite);
    const Transaction locked(other);

    EXPECT_EQ(fixture.find(id).id, id);
}

} // namespace
} // namespace fsrvp::db::test
