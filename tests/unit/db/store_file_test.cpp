// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/unique_fd.hpp"
#include "db/migrate.hpp"
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace fsrvp::db::test {
namespace {

using std::filesystem::path;

unsigned modeOf(const path& file) {
    struct stat status {};

    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 07777U;
}

Error openError(const path& directory) {
    EventLoop loop;
    return errorOf([&] { const Store store(loop, directory); });
}

/// For a test that root's powers would spoil.
class WithoutRoot {
  public:
    WithoutRoot() {
        if (::geteuid() == 0 && ::seteuid(65534) != 0) {
            throw std::runtime_error("cannot become another user");
        }
    }

    WithoutRoot(const WithoutRoot&) = delete;
    WithoutRoot& operator=(const WithoutRoot&) = delete;

    ~WithoutRoot() {
        if (::getuid() == 0 && ::seteuid(0) != 0) {
            std::abort();
        }
    }
};

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

    const Error error = openError(fixture.directory());

    EXPECT_EQ(error.code(), Errc::Busy);
    EXPECT_EQ(std::string(error.what()), "another fsrvpd uses " + fixture.directory().string());
    EXPECT_FALSE(error.hint().empty());
}

TEST(StoreFile, OfANewerFsrvpdIsRefusedAndLeftAlone) {
    StoreFixture fixture;
    fixture.close();
    Database(fixture.file(), Access::ReadWrite).execute("PRAGMA user_version = 7");

    const Error error = openError(fixture.directory());

    EXPECT_EQ(error.code(), Errc::Database);
    EXPECT_EQ(std::string(error.what()),
              "cannot use " + fixture.file().string() +
                  ": a newer fsrvpd wrote it (its schema is 7, this fsrvpd knows up to 4)");
    EXPECT_NE(error.hint().find("fsrvpd.db.v4"), std::string::npos);
    EXPECT_EQ(Database(fixture.file(), Access::ReadWrite).queryInteger("PRAGMA user_version"), 7);
}

TEST(StoreFile, OfAnotherProgramIsRefused) {
    StoreFixture fixture;
    fixture.close();
    std::filesystem::remove(fixture.file());
    Database(fixture.file(), Access::ReadWrite).execute("CREATE TABLE photo (name TEXT)");

    const Error error = openError(fixture.directory());

    EXPECT_EQ(error.code(), Errc::Database);
    EXPECT_NE(std::string(error.what()).find("not one of fsrvpd's"), std::string::npos);
}

TEST(StoreFile, OfGarbageIsAnErrorThatNamesIt) {
    StoreFixture fixture;
    fixture.close();
    std::ofstream(fixture.file()) << std::string(8192, 'x');

    const Error error = openError(fixture.directory());

    EXPECT_EQ(error.code(), Errc::Database);
    EXPECT_NE(std::string(error.what()).find(fixture.file().string()), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("not a database"), std::string::npos);
    EXPECT_NE(error.hint().find("damaged"), std::string::npos);
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

TEST(StoreFile, InAnUnwritableDirectoryIsAnError) {
    const TempDir parent;
    std::filesystem::permissions(parent.path(), std::filesystem::perms(0755));
    const path existing = parent.path() / "state";
    std::filesystem::create_directory(existing);
    std::filesystem::permissions(existing, std::filesystem::perms(0555));
    const path toBeMade = existing / "below";
    const WithoutRoot withoutRoot;

    const Error noFile = openError(existing);
    const Error noDirectory = openError(toBeMade);

    EXPECT_EQ(noFile.code(), Errc::Database);
    EXPECT_EQ(std::string(noFile.what()),
              "cannot open " + (existing / "lock").string() + ": Permission denied");
    EXPECT_EQ(noDirectory.code(), Errc::Database);
    EXPECT_EQ(std::string(noDirectory.what()),
              "cannot make the state directory " + toBeMade.string() + ": Permission denied");
}

TEST(StoreFile, BehindASymbolicLinkIsRefused) {
    StoreFixture fixture;
    fixture.close();
    std::filesystem::rename(fixture.file(), fixture.directory() / "elsewhere");
    std::filesystem::create_symlink("elsewhere", fixture.file());

    EXPECT_EQ(openError(fixture.directory()).code(), Errc::Database);
}

/// Runs in a child: makes the directory a read-only mount of its own, then opens a store there.
/// Writes what came of that to the pipe; nothing when mounting is not allowed here.
[[noreturn]] void openOnReadOnlyMount(const path& directory, int pipe) {
    const char* const place = directory.c_str();
    const int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(flags) == 0 &&
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount(place, place, nullptr, MS_BIND, nullptr) == 0 &&
        ::mount(nullptr, place, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0) {
        const Error error = openError(directory);
        const std::string text = std::string(errcName(error.code())) + ": " + error.what();
        if (::write(pipe, text.data(), text.size()) < 0) {
            ::_exit(1);
        }
    }
    ::_exit(0);
}

TEST(StoreFile, OnAReadOnlyDiskIsAnError) {
    StoreFixture fixture;
    fixture.close();
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        openOnReadOnlyMount(fixture.directory(), ends[1]);
    }
    const UniqueFd reading(ends[0]);
    UniqueFd(ends[1]).reset();
    std::array<char, 512> text{};
    const ssize_t length = ::read(reading.get(), text.data(), text.size() - 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    ASSERT_GT(length, 0) << "mounting needs root or a user namespace";

    EXPECT_EQ(std::string(text.data()),
              "Database: cannot open " + (fixture.directory() / "lock").string() +
                  ": Read-only file system");
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
