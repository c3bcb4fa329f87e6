// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpd as a process, for what needs no server. Needs root, to be an ordinary user too.
#include "tests/support/daemon_fixture.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <numeric>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

using Dict = std::map<std::string, sdbus::Variant>;
using Page = std::vector<Dict>;

constexpr const char* kNobody = "65534";

class FsrvpdTest : public testing::Test {
  protected:
    void SetUp() override { daemon.start(); }

    /// That many snapshots more, which no server has.
    void insertSnapshots(int count, const std::string& uid = "0") {
        daemon.stop();
        daemon.changeDatabase(
            "INSERT OR IGNORE INTO server VALUES (1, 'fs1', 445);"
            "INSERT OR IGNORE INTO job VALUES (1, 'create', 'done', 0, '[]', 1, 2, '', '');"
            "INSERT OR IGNORE INTO shadow_copy_set (id, job, server, set_id, context, writable, "
            "    state, completed_us) VALUES (1, 1, 1, "
            "    '00000000-0000-4000-8000-000000000001', 'nas-rollback', 0, 'complete', 2);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
            std::to_string(count) +
            ") INSERT INTO shadow_copy (set_row, snapshot_id, source_server, source_share, "
            "exposed, created_us, state, owner_uid, description, labels) "
            "SELECT 1, printf('%08x-0000-4000-8000-%012x', i, " +
            uid + "), 'fs1', 'data', 'data@{' || i || '}', i, 'exposed', " + uid +
            ", 'made by a test', '{}' FROM n;");
        daemon.start();
    }

    std::unique_ptr<sdbus::IProxy> manager(sdbus::IConnection& connection) {
        return sdbus::createProxy(connection, "org.fsrvpd1", "/org/fsrvpd1");
    }

    RunResult ctlAsNobody(const Argv& arguments) {
        return run(daemon.ctlAsNobody(arguments), daemon.environment());
    }

    Daemon daemon;
};

using Start = FsrvpdTest;

TEST_F(Start, OnAUsedStateDirectoryIsRefused) {
    const RunResult result = daemon.second({});

    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, HasSubstr("another fsrvpd uses " + (daemon.dir() / "state").string()));
    EXPECT_EQ(daemon.ctl({"list"}).exitCode, 0);
}

TEST_F(Start, OnABusThatHasOneIsRefused) {
    const TempDir other;

    const RunResult result = daemon.second({{"STATE_DIRECTORY", other.path()}});

    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, HasSubstr("cannot own org.fsrvpd1 on the bus"));
    EXPECT_EQ(daemon.ctl({"list"}).exitCode, 0);
}

TEST_F(Start, WithoutAStateDirectoryIsRefused) {
    const RunResult result = daemon.second({{"STATE_DIRECTORY", ""}});

    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, HasSubstr("STATE_DIRECTORY names no directory"));
}

TEST_F(Start, WithoutABusIsRefused) {
    const TempDir other;

    const RunResult result = daemon.second(
        {{"STATE_DIRECTORY", other.path()}, {"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent"}});

    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, HasSubstr("bus"));
}

TEST_F(Start, ClosesTheJobsOfTheLastRun) {
    daemon.stop();
    daemon.changeDatabase("INSERT INTO job VALUES "
                          "(7, 'create', 'running', 0, '[\"//fs1/data\"]', 1, NULL, '', '')");
    daemon.start();

    EXPECT_TRUE(waitFor(
        [this] {
            return daemon.ctlJson({"job", "show", "7"})["jobs"][0]["state"] == "failed";
        },
        seconds(5)));
    EXPECT_THAT(daemon.ctl({"job", "show", "7"}).out, HasSubstr("fsrvpd was stopped"));
}

using Paging = FsrvpdTest;

TEST_F(Paging, GivesEverySnapshotOnceInTheOrderOfNumbers) {
    insertSnapshots(1203);
    const auto connection = daemon.connectBus();
    const auto proxy = manager(*connection);
    std::vector<std::size_t> sizes;
    std::vector<std::uint64_t> ids;
    std::string next;
    do {
        Dict filter;
        if (!next.empty()) {
            filter["after"] = next;
        }
        Page page;
        proxy->callMethod("ListSnapshots")
            .onInterface("org.fsrvpd1.Manager")
            .withArguments(filter)
            .storeResultsTo(page, next);
        sizes.push_back(page.size());
        for (const Dict& row : page) {
            ids.push_back(row.at("id").get<std::uint64_t>());
        }
    } while (!next.empty());

    std::vector<std::uint64_t> expected(1203);
    std::iota(expected.begin(), expected.end(), 1);
    EXPECT_EQ(ids, expected);
    EXPECT_EQ(sizes, (std::vector<std::size_t>{500, 500, 203}));
}

TEST_F(Paging, TakesTheCallersLimitAndRefusesWhatItDoesNotKnow) {
    insertSnapshots(10);
    const auto connection = daemon.connectBus();
    const auto proxy = manager(*connection);
    Page page;
    std::string next;
    proxy->callMethod("ListSnapshots")
        .onInterface("org.fsrvpd1.Manager")
        .withArguments(Dict{{"limit", std::uint32_t{7}}})
        .storeResultsTo(page, next);
    EXPECT_EQ(page.size(), 7U);
    EXPECT_EQ(next, "7");

    for (const Dict& wrong : {Dict{{"colour", std::string("red")}},
                              Dict{{"limit", std::string("7")}},
                              Dict{{"after", std::string("x")}}}) {
        try {
            proxy->callMethod("ListSnapshots")
                .onInterface("org.fsrvpd1.Manager")
                .withArguments(wrong)
                .storeResultsTo(page, next);
            ADD_FAILURE() << wrong.begin()->first << " was taken";
        } catch (const sdbus::Error& error) {
            EXPECT_EQ(error.getName(), "org.fsrvpd1.Error.InvalidArgument");
        }
    }
}

class Export : public FsrvpdTest {
  protected:
    static constexpr int kRows = 20000;

    void SetUp() override {
        FsrvpdTest::SetUp();
        insertSnapshots(kRows);
        connection = daemon.connectBus();
        proxy = manager(*connection);
        daemon.ctl({"list"}); // opens what is opened once
        before = daemon.openFiles();
    }

    sdbus::UnixFd begin() {
        sdbus::UnixFd reader;
        proxy->callMethod("ExportSnapshots")
            .onInterface("org.fsrvpd1.Manager")
            .withArguments(Dict{})
            .storeResultsTo(reader);
        return reader;
    }

    static std::size_t countLines(const sdbus::UnixFd& reader) {
        std::size_t lines = 0;
        char chunk[65536];
        for (ssize_t size = 0; (size = ::read(reader.get(), chunk, sizeof chunk)) > 0;) {
            lines += static_cast<std::size_t>(std::count(chunk, chunk + size, '\n'));
        }
        return lines;
    }

    /// Fewer are as good: when they were counted, the table of mounts may have been open to be
    /// read.
    testing::AssertionResult descriptorsAreBack() {
        const bool areBack =
            waitFor([this] { return daemon.openFds() <= before.size(); }, seconds(5));
        return areBack ? testing::AssertionSuccess()
                       : testing::AssertionFailure()
                             << "open: " << testing::PrintToString(daemon.openFiles())
                             << ", before: " << testing::PrintToString(before);
    }

    std::unique_ptr<sdbus::IConnection> connection;
    std::unique_ptr<sdbus::IProxy> proxy;
    std::vector<std::string> before;
};

TEST_F(Export, IsComplete) {
    const json list = daemon.ctlJson({"list"});

    ASSERT_EQ(list["snapshots"].size(), std::size_t{kRows});
    EXPECT_EQ(list["snapshots"][kRows - 1]["id"], kRows);
    EXPECT_TRUE(descriptorsAreBack());
}

TEST_F(Export, ReaderThatGoesAwayLeavesNothing) {
    // More in a row than there may be at once.
    for (int i = 0; i < 40; ++i) {
        const sdbus::UnixFd reader = begin();
        char chunk[100];
        EXPECT_EQ(::read(reader.get(), chunk, sizeof chunk), 100);
    }
    EXPECT_TRUE(descriptorsAreBack());
}

TEST_F(Export, SlowReaderBlocksNobodyAndGetsItAll) {
    const sdbus::UnixFd slow = begin();

    EXPECT_EQ(daemon.ctlJson({"list"})["snapshots"].size(), std::size_t{kRows});
    EXPECT_EQ(daemon.ctl({"show", "1"}).exitCode, 0);
    EXPECT_EQ(countLines(slow), std::size_t{kRows});
    EXPECT_TRUE(descriptorsAreBack());
}

TEST_F(Export, OverThirtyTwoAtOnceAreRefused) {
    std::vector<sdbus::UnixFd> readers;
    for (int i = 0; i < 32; ++i) {
        readers.push_back(begin());
    }
    EXPECT_THROW(begin(), sdbus::Error);
    EXPECT_EQ(daemon.ctl({"list"}).exitCode, 1);

    readers.clear();

    EXPECT_TRUE(descriptorsAreBack());
    EXPECT_EQ(countLines(begin()), std::size_t{kRows});
}

TEST_F(Export, DoesNotKeepFsrvpdFromStopping) {
    const sdbus::UnixFd slow = begin();

    daemon.stop(seconds(2));

    EXPECT_LT(countLines(slow), std::size_t{kRows});
}

using OrdinaryUser = FsrvpdTest;

TEST_F(OrdinaryUser, SeesOnlyHisOwnSnapshots) {
    insertSnapshots(2);
    insertSnapshots(1, kNobody);

    const json list = json::parse(ctlAsNobody({"list", "--json"}).out);

    ASSERT_EQ(list["snapshots"].size(), 1U);
    EXPECT_EQ(list["snapshots"][0]["id"], 3);
    EXPECT_EQ(ctlAsNobody({"show", "3"}).exitCode, 0);
    // The same answer as for one that there is not.
    const RunResult hidden = ctlAsNobody({"show", "1"});
    EXPECT_EQ(hidden.exitCode, 3);
    EXPECT_THAT(hidden.err, HasSubstr("there is no snapshot '1'"));
    // Of a GUID, for him; number 1 is no candidate.
    EXPECT_EQ(ctlAsNobody({"show", "00000001"}).exitCode, 0);
    EXPECT_EQ(daemon.ctlJson({"list"})["snapshots"].size(), 3U);
}

TEST_F(OrdinaryUser, MayNotCreateOrDelete) {
    insertSnapshots(1, kNobody);

    const RunResult create = ctlAsNobody({"create", "-q", "--no-mount", "//fs1/data"});
    const RunResult remove = ctlAsNobody({"delete", "-q", "1"});

    EXPECT_EQ(create.exitCode, 4);
    EXPECT_THAT(create.err, HasSubstr("user 65534 may not take snapshots"));
    EXPECT_EQ(remove.exitCode, 4);
    EXPECT_THAT(remove.err, HasSubstr("user 65534 may not delete snapshots"));
    EXPECT_EQ(daemon.sql("SELECT id FROM job WHERE id > 1"), json::array());
}

TEST_F(OrdinaryUser, NeitherSeesNorCancelsAnothersJob) {
    // Nobody answers there, so that the job stays.
    daemon.writeServer({{"hosts", {"192.0.2.1"}},
                        {"user", "u"},
                        {"credentials_file", daemon.configDir() / "credentials"},
                        {"timeouts", {{"connect_sec", 60}}}});
    daemon.stop();
    daemon.start();
    EXPECT_EQ(daemon.ctl({"create", "-q", "--no-mount", "--no-block", "//192.0.2.1/data"}).exitCode,
              0);

    EXPECT_EQ(json::parse(ctlAsNobody({"job", "list", "--json"}).out)["jobs"], json::array());
    EXPECT_EQ(ctlAsNobody({"job", "cancel", "1"}).exitCode, 4);
    EXPECT_EQ(ctlAsNobody({"job", "show", "1"}).exitCode, 3);
    EXPECT_EQ(daemon.ctl({"job", "cancel", "1"}).exitCode, 0);
    EXPECT_TRUE(waitFor(
        [this] {
            return daemon.ctlJson({"job", "show", "1"})["jobs"][0]["end"] != nullptr;
        },
        seconds(5)));
}

} // namespace
} // namespace fsrvp::test
