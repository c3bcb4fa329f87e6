// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpd with a database that it can't write, or not even read. Needs root, to mount.
#include "daemon/base/unique_fd.hpp"
#include "tests/support/daemon_fixture.hpp"
#include "tests/support/tiny_disk.hpp"
#include "tests/support/wait_for.hpp"
#include "tests/unit/db/schema_0002.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace fsrvp::test {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DatabaseTest : public testing::Test {
  protected:
    /// What an fsrvpd has left that was killed: a snapshot, mounted; a job and a set not finished.
    void SetUp() override {
        disk.emplace(daemon.dir() / "state");
        daemon.start();
        daemon.stop();
        daemon.changeDatabase(
            "INSERT INTO server VALUES (1, '127.0.0.1', 1);"
            "INSERT INTO job VALUES (1, 'create', 'done', 0, '[]', 1, 2, '', ''),"
            "    (2, 'create', 'running', 0, '[]', 3, NULL, '', '');"
            "INSERT INTO shadow_copy_set (id, job, server, set_id, context, writable, state, "
            "    completed_us) VALUES (1, 1, 1, "
            "    '00000000-0000-4000-8000-000000000001', 'nas-rollback', 0, 'complete', 2),"
            "    (2, 2, 1, "
            "    '00000000-0000-4000-8000-000000000002', 'nas-rollback', 0, 'started', NULL);"
            "INSERT INTO shadow_copy (id, set_row, snapshot_id, source_server, source_share, "
            "    exposed, created_us, state, owner_uid, description, labels) VALUES (1, 1, "
            "    '00000000-0000-4000-8000-000000000003', "
            "    'fs1', 'data', 'data@{1}', 1, 'exposed', 0, '', '{}');"
            "INSERT INTO mount VALUES (1, 1, '/run/fsrvpd-test', '//fs1/data@{1}', 'ro', 0, 0);");
    }

    void TearDown() override {
        daemon.stop();
        disk.reset();
    }

    std::string content() const {
        std::ifstream stream(daemon.database(), std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    void overwrite(const std::string& with) const {
        std::ofstream(daemon.database(), std::ios::binary) << with;
    }

    std::string ofDatabase(const std::string& action) const {
        return "cannot " + action + " " + daemon.database().string() + ": ";
    }

    /// What an ordinary start does with what was left.
    bool isRecovered() const {
        return daemon.sql("SELECT state FROM job WHERE id = 2")[0]["state"] == "failed" &&
               !daemon.sql("SELECT 1 FROM job WHERE operation = 'settle'").empty() &&
               !daemon.sql("SELECT 1 FROM job WHERE operation = 'restore'").empty();
    }

    Daemon daemon;
    std::optional<TinyDisk> disk;
    std::optional<Process> other; // that has the file locked
};

TEST_F(DatabaseTest, ThatIsGoodIsUsedAndWhatWasLeftIsRecovered) {
    daemon.start();

    EXPECT_TRUE(waitFor([this] { return isRecovered(); }, seconds(5))) << daemon.log();
    EXPECT_THAT(daemon.log(), Not(HasSubstr("<3>")));
}

class DatabaseAtStart : public DatabaseTest, public testing::WithParamInterface<std::string> {
  protected:
    bool is(const std::string& fault) const { return GetParam() == fault; }

    /// Makes the fault; gives what is said of it.
    std::string takeAway() {
        before = content();
        if (is("NewerSchema")) {
            daemon.changeDatabase("PRAGMA user_version = 999");
            return ofDatabase("use") + "a newer fsrvpd wrote it (its schema is 999, this fsrvpd";
        }
        if (is("Garbage")) {
            overwrite(std::string(20000, 'x'));
            return ofDatabase("read") + "file is not a database";
        }
        if (is("Truncated")) {
            overwrite(before.substr(0, before.size() / 2));
            return ofDatabase("read") + "database disk image is malformed";
        }
        if (is("ReadOnlyDisk")) {
            disk->remount(TinyDisk::Mode::ReadOnly);
            return "cannot open " + (daemon.dir() / "state/lock").string() +
                   ": Read-only file system";
        }
        if (is("FullDisk")) {
            disk->fill();
            return ofDatabase("read") + "disk I/O error";
        }
        other.emplace(Argv{"sqlite3", daemon.database()}, Environment{}, Process::Stdin::Pipe);
        other->writeStdin("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; SELECT 'locked';\n");
        EXPECT_TRUE(waitFor([this] { return other->out().find("locked") != std::string::npos; },
                            seconds(5)));
        return ofDatabase("read") + "database is locked";
    }

    void giveBack() {
        if (is("ReadOnlyDisk")) {
            disk->remount(TinyDisk::Mode::ReadWrite);
        } else if (is("FullDisk")) {
            disk->makeRoom();
        } else if (is("Locked")) {
            other.reset();
        } else {
            overwrite(before);
        }
    }

    /// Of faults that leave a file that can be read.
    bool canRead() const { return is("ReadOnlyDisk") || is("FullDisk"); }

    std::string before;
};

TEST_P(DatabaseAtStart, IsNamedReadIfItCanBeAndNotWritten) {
    const std::string reason = takeAway();
    const std::string left = content();
    const auto saysWhy = AllOf(HasSubstr("fsrvpd has started without a database that it can write"),
                               HasSubstr(reason),
                               HasSubstr("; after that: systemctl restart fsrvpd"));

    daemon.start();

    const std::vector<Argv> changes{{"create", "-q", "--no-mount", "//127.0.0.1/data"},
                                    {"check", "//127.0.0.1/data"},
                                    {"mount", "1"},
                                    {"umount", "1"},
                                    {"delete", "-q", "1"}};
    for (const Argv& change : changes) {
        const RunResult result = daemon.ctl(change);
        EXPECT_EQ(result.exitCode, 1) << change[0];
        EXPECT_THAT(result.err, saysWhy) << change[0];
    }
    const RunResult list = daemon.ctl({"list"});
    if (canRead()) {
        EXPECT_THAT(list.out, HasSubstr("data@{1}")) << list.err;
        EXPECT_EQ(daemon.ctlJson({"show", "1"})["snapshots"][0]["state"], "exposed");
        EXPECT_EQ(daemon.ctlJson({"job", "list"})["jobs"].size(), 2U);
    } else {
        EXPECT_EQ(list.exitCode, 1);
        EXPECT_THAT(list.err, saysWhy);
    }
    // It takes its name first, so only an answer says that it has told why.
    EXPECT_THAT(daemon.log(), AllOf(HasSubstr("<3>fsrvpd has started"), saysWhy));
    EXPECT_EQ(daemon.children(), std::vector<pid_t>()) << "nothing is settled or mounted";
    EXPECT_EQ(content(), left);

    daemon.stop();
    giveBack();
    daemon.start();

    EXPECT_TRUE(waitFor([this] { return isRecovered(); }, seconds(5))) << daemon.log();
    EXPECT_THAT(daemon.log(), Not(HasSubstr("<3>")));
}

INSTANTIATE_TEST_SUITE_P(
    With,
    DatabaseAtStart,
    testing::Values("NewerSchema", "Garbage", "Truncated", "ReadOnlyDisk", "FullDisk", "Locked"),
    [](const auto& row) { return row.param; });

TEST_F(DatabaseTest, ThatCannotEvenBeMadeIsNamed) {
    disk.reset();
    for (const bool isFull : {true, false}) {
        disk.emplace(daemon.dir() / "state");
        if (isFull) {
            disk->fill();
        } else {
            disk->remount(TinyDisk::Mode::ReadOnly);
        }

        daemon.start();

        const RunResult list = daemon.ctl({"list"});
        EXPECT_EQ(list.exitCode, 1);
        EXPECT_THAT(list.err, HasSubstr("; after that: systemctl restart fsrvpd"));
        EXPECT_NE(daemon.ctl({"credential", "list"}).exitCode, 11) << daemon.log();
        EXPECT_THAT(daemon.log(), HasSubstr("<3>fsrvpd has started"));
        daemon.stop();
        disk.reset();
    }
}

TEST_F(DatabaseTest, ThatIsOfNoUseShowsInTheServicesStatus) {
    daemon.changeDatabase("PRAGMA user_version = 999");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = daemon.dir() / "notify";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

    daemon.startIn({{"NOTIFY_SOCKET", path}}, [](Argv argv) { return argv; });

    std::string text(4096, ' ');
    text.resize(static_cast<std::size_t>(
        std::max<ssize_t>(::recv(socket.get(), text.data(), text.size(), 0), 0)));
    EXPECT_THAT(text,
                AllOf(HasSubstr("STATUS=Read-only: fsrvpd has started without a database"),
                      HasSubstr("a newer fsrvpd wrote it")));
}

TEST_F(DatabaseTest, OfAnOlderFsrvpdIsBroughtUpToDateOnceThereIsRoom) {
    std::filesystem::remove(daemon.database());
    daemon.changeDatabase("PRAGMA journal_mode = WAL;" + std::string(db::test::kSchema0002) +
                          "PRAGMA user_version = 2; INSERT INTO server VALUES (1, 'fs1', 445)");
    const std::string old = content();
    disk->fill();

    daemon.start();

    EXPECT_EQ(daemon.ctl({"list"}).exitCode, 1);
    EXPECT_THAT(daemon.log(),
                AllOf(HasSubstr("<3>fsrvpd has started"),
                      HasSubstr("make room on the file system that holds it")));
    daemon.stop();
    EXPECT_EQ(content(), old);
    disk->makeRoom();
    daemon.start();
    EXPECT_EQ(daemon.ctl({"list"}).exitCode, 0) << daemon.log();
    EXPECT_GT(daemon.sql("PRAGMA user_version")[0]["user_version"], 2);
    EXPECT_EQ(daemon.sql("SELECT host FROM server").size(), 1U);
    EXPECT_TRUE(std::filesystem::exists(daemon.database().string() + ".v2"));
}

TEST_F(DatabaseTest, ThatAnotherProgramLocksForAWhileRefusesChangesForThatWhile) {
    daemon.start();
    ASSERT_TRUE(waitFor([this] { return isRecovered(); }, seconds(5)));
    other.emplace(Argv{"sqlite3", daemon.database()}, Environment{}, Process::Stdin::Pipe);
    other->writeStdin("BEGIN IMMEDIATE; SELECT 'locked';\n");
    ASSERT_TRUE(
        waitFor([this] { return other->out().find("locked") != std::string::npos; }, seconds(5)));
    const Argv check{"check", "//127.0.0.1/data"};

    const auto waiting = daemon.startCtl(check);
    const RunResult list = daemon.ctl({"list"});

    EXPECT_EQ(list.exitCode, 0) << list.err;
    EXPECT_EQ(waiting->wait(seconds(20)), 1);
    EXPECT_THAT(waiting->err(),
                AllOf(HasSubstr(ofDatabase("write") + "database is locked"),
                      HasSubstr("another program has locked it")));
    other.reset();
    EXPECT_THAT(daemon.ctl(check).err, Not(HasSubstr("locked")));
    EXPECT_FALSE(daemon.sql("SELECT 1 FROM job WHERE operation = 'check'").empty());
}

TEST_F(DatabaseTest, WithADamagedPageFailsWhatNeedsThatPage) {
    const std::int64_t page =
        daemon.sql("SELECT rootpage FROM sqlite_schema WHERE name = 'mount'")[0]["rootpage"];
    const std::int64_t size = daemon.sql("PRAGMA page_size")[0]["page_size"];
    std::string damaged = content();
    damaged.replace(static_cast<std::size_t>((page - 1) * size), 100, 100, '\xff');
    overwrite(damaged);

    daemon.start();

    const RunResult list = daemon.ctl({"list"});
    EXPECT_EQ(list.exitCode, 1);
    EXPECT_THAT(list.err,
                AllOf(HasSubstr(ofDatabase("read") + "database disk image is malformed"),
                      HasSubstr("the file is damaged")));
    EXPECT_EQ(daemon.ctl({"job", "list"}).exitCode, 0);
}

} // namespace
} // namespace fsrvp::test
