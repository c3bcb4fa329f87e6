// SPDX-License-Identifier: GPL-3.0-or-later
// Files and directories that a store can't write: it is there all the same, says why, and reads
// what it can.
#include "daemon/base/unique_fd.hpp"
#include "tests/unit/db/db_test_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

namespace fsrvp::db::test {
namespace {

using std::filesystem::path;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kContext = "fsrvpd has started without a database that it can write: ";

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

std::string contentOf(const path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Runs fn in a child that has the directory as a read-only mount; gives what fn gave.
std::string onReadOnlyMount(const path& directory, const std::function<std::string()>& fn) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    EXPECT_GE(child, 0);
    if (child == 0) {
        const char* const place = directory.c_str();
        const int flags = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
        std::string text = "mounting needs root or a user namespace";
        if (::unshare(flags) == 0 &&
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
            ::mount(place, place, nullptr, MS_BIND, nullptr) == 0 &&
            ::mount(nullptr, place, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0) {
            text = fn();
        }
        ::_exit(::write(ends[1], text.data(), text.size()) < 0 ? 1 : 0);
    }
    const UniqueFd reading(ends[0]);
    UniqueFd(ends[1]).reset();
    std::array<char, 512> text{};
    const ssize_t length = ::read(reading.get(), text.data(), text.size());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

/// A store that had a snapshot in it, and is closed.
class StoreReadOnly : public testing::Test {
  protected:
    StoreReadOnly() : id(fixture.addSnapshot(guidOf(1)).id) { fixture.close(); }

    /// Opens it; gives why it can't write, which is what every change of it throws.
    Error reason() {
        Store& store = fixture.reopen();
        const std::optional<Error> why = store.whyReadOnly();
        EXPECT_TRUE(why.has_value());
        const Error expected = why.value_or(Error(Errc::Failed, "none"));
        for (const Error& error : errorsOfAllChanges(store)) {
            expectSame(error, expected);
        }
        EXPECT_EQ(store.commits(), 0U);
        EXPECT_EQ(expected.code(), Errc::Database);
        EXPECT_THAT(expected.what(), StartsWith(kContext));
        EXPECT_THAT(expected.hint(), EndsWith("; after that: systemctl restart fsrvpd"));
        return expected;
    }

    /// What is said after the context.
    std::string cause() { return std::string(reason().what()).substr(std::strlen(kContext)); }

    void expectReads() {
        EXPECT_EQ(fixture.find(id).exposed, "data@{1}");
        EXPECT_EQ(fixture.store().listSnapshots({}).size(), 1U);
        EXPECT_EQ(fixture.store().listUnsettledSets().size(), 0U);
    }

    void expectNoReads() {
        Store& store = fixture.store();
        const Error expected = store.whyReadOnly().value();
        expectSame(errorOf([&] { store.findSnapshot(id); }), expected);
        expectSame(errorOf([&] { store.listUnsettledSets(); }), expected);
        expectSame(errorOf([&] { store.listMounts(); }), expected);
    }

    void expectHealed() {
        Store& store = fixture.reopen();
        EXPECT_EQ(store.whyReadOnly(), std::nullopt);
        expectReads();
        fixture.addJob();
    }

    StoreFixture fixture;
    std::int64_t id;

  private:
    static void expectSame(const Error& error, const Error& expected) {
        EXPECT_EQ(error.code(), expected.code());
        EXPECT_STREQ(error.what(), expected.what());
        EXPECT_EQ(error.hint(), expected.hint());
    }

    std::vector<Error> errorsOfAllChanges(Store& store) {
        const auto nas = ShadowCopyContext::NasRollback;
        std::vector<Error> errors;
        const auto attempt = [&](auto task) {
            errors.push_back(errorOf([&] { fixture.run(std::move(task)); }));
        };
        attempt(store.insertJob({}));
        attempt(store.startJob(1));
        attempt(store.finishJob(1, JobState::Done, "", ""));
        attempt(store.insertSet(1, {}, guidOf(2), nas, false));
        attempt(store.markCommitting(1, {}, {}, 0));
        attempt(store.markExposed(1, {}));
        attempt(store.markComplete(1, TimeUs()));
        attempt(store.markSettled(1));
        attempt(store.setCopyState(1, CopyState::Deleting, 1));
        attempt(store.insertMount({}, 1));
        attempt(store.markUnmounting(1, 1));
        attempt(store.removeMount(1, 1));
        return errors;
    }
};

TEST_F(StoreReadOnly, AGoodFileIsNot) {
    expectHealed();
}

TEST_F(StoreReadOnly, AFileOfANewerFsrvpdIsLeftAlone) {
    Database(fixture.file(), Access::ReadWrite).execute("PRAGMA user_version = 7");
    const std::string before = contentOf(fixture.file());

    const Error error = reason();

    EXPECT_EQ(std::string(error.what()),
              kContext + ("cannot use " + fixture.file().string()) +
                  ": a newer fsrvpd wrote it (its schema is 7, this fsrvpd knows up to 4)");
    EXPECT_THAT(error.hint(), HasSubstr("fsrvpd.db.v4"));
    expectNoReads();
    fixture.close();
    EXPECT_EQ(contentOf(fixture.file()), before);
}

TEST_F(StoreReadOnly, AFileOfAnotherProgramIsLeftAlone) {
    std::filesystem::remove(fixture.file());
    Database(fixture.file(), Access::ReadWrite).execute("CREATE TABLE photo (name TEXT)");

    EXPECT_THAT(cause(), EndsWith("it is an SQLite database, but not one of fsrvpd's"));
    expectNoReads();
}

TEST_F(StoreReadOnly, AFileOfGarbageIsLeftAlone) {
    const std::string garbage(8192, 'x');
    std::ofstream(fixture.file()) << garbage;

    const Error error = reason();

    EXPECT_EQ(std::string(error.what()),
              kContext + ("cannot read " + fixture.file().string()) + ": file is not a database");
    EXPECT_THAT(error.hint(), StartsWith(kDamagedFileHint));
    expectNoReads();
    fixture.close();
    EXPECT_EQ(contentOf(fixture.file()), garbage);
}

TEST_F(StoreReadOnly, ATruncatedFileIsLeftAlone) {
    std::filesystem::resize_file(fixture.file(), 4096);
    const std::string before = contentOf(fixture.file());

    EXPECT_THAT(cause(), HasSubstr("malformed"));
    expectNoReads();
    fixture.close();
    EXPECT_EQ(contentOf(fixture.file()), before);
}

TEST_F(StoreReadOnly, AFileThatAnotherProgramKeepsForItselfIsNotTouched) {
    {
        Database other(fixture.file(), Access::ReadWrite);
        other.execute("PRAGMA locking_mode = EXCLUSIVE");
        const Transaction begun(other);

        const Error error = reason();

        EXPECT_EQ(std::string(error.what()),
                  kContext + ("cannot read " + fixture.file().string()) + ": database is locked");
        EXPECT_THAT(error.hint(), StartsWith("another program has locked it"));
        expectNoReads();
    }
    expectHealed();
}

TEST_F(StoreReadOnly, AnUnwritableFileIsRead) {
    std::filesystem::permissions(fixture.directory(), std::filesystem::perms(0755));
    std::filesystem::permissions(fixture.file(), std::filesystem::perms(0444));
    std::filesystem::permissions(fixture.directory().parent_path(), std::filesystem::perms(0755));
    {
        const WithoutRoot withoutRoot;
        EXPECT_EQ(cause(),
                  "cannot open " + (fixture.directory() / "lock").string() + ": Permission denied");
        expectReads();
    }
    fixture.close();
    std::filesystem::permissions(fixture.directory(), std::filesystem::perms(0700));
    expectHealed();
}

TEST_F(StoreReadOnly, ADirectoryThatCannotBeMadeIsNamed) {
    const path parent = fixture.directory();
    std::filesystem::permissions(parent, std::filesystem::perms(0755));
    std::filesystem::permissions(parent.parent_path(), std::filesystem::perms(0755));
    const WithoutRoot withoutRoot;
    EventLoop loop;
    const Store store(loop, parent / "below");

    EXPECT_EQ(std::string(store.whyReadOnly().value().what()),
              kContext + ("cannot make the state directory " + (parent / "below").string()) +
                  ": Permission denied");
}

TEST_F(StoreReadOnly, AFileBehindASymbolicLinkIsNotWritten) {
    std::filesystem::rename(fixture.file(), fixture.directory() / "elsewhere");
    std::filesystem::create_symlink("elsewhere", fixture.file());

    EXPECT_THAT(cause(), HasSubstr("symbolic links"));
}

TEST_F(StoreReadOnly, AFileOnAReadOnlyDiskIsRead) {
    const std::string said = onReadOnlyMount(fixture.directory(), [this] {
        const std::string why = cause();
        return fixture.find(id).exposed + ": " + why;
    });

    EXPECT_EQ(said,
              "data@{1}: cannot open " + (fixture.directory() / "lock").string() +
                  ": Read-only file system");
    expectHealed();
}

TEST_F(StoreReadOnly, ACrashedFsrvpdsFileOnAReadOnlyDiskIsReadWithItsLog) {
    fixture.reopen();
    fixture.addSnapshot(guidOf(2));
    const path copied = fixture.directory().parent_path() / "copied";
    std::filesystem::copy(fixture.directory(), copied); // as it lies there while it is open
    ASSERT_GT(std::filesystem::file_size(copied / "fsrvpd.db-wal"), 0U);
    const auto read = [&] {
        EventLoop loop;
        Store store(loop, copied);
        return std::to_string(store.listSnapshots({}).size());
    };

    EXPECT_EQ(onReadOnlyMount(copied, read), "2");

    // Without its index the log can't be read there: better nothing than half of it.
    std::filesystem::remove(copied / "fsrvpd.db-shm");
    const auto fail = [&] { return std::string(errcName(errorOf(read).code())); };
    EXPECT_EQ(onReadOnlyMount(copied, fail), "Database");
}

TEST_F(StoreReadOnly, APathWithCharactersOfAnUriIsRead) {
    const path odd = fixture.directory().parent_path() / "50%25#?immutable=0";
    std::filesystem::copy(fixture.directory(), odd);
    const auto read = [&] {
        EventLoop loop;
        Store store(loop, odd);
        return std::to_string(store.listSnapshots({}).size());
    };

    EXPECT_EQ(onReadOnlyMount(odd, read), "1");
}

} // namespace
} // namespace fsrvp::db::test
