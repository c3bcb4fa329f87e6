// SPDX-License-Identifier: GPL-3.0-or-later
// The database fails while jobs run: what was begun on the server goes, and all works again once
// the fault has gone, without a restart.
#include "tests/lab/lab_fixture.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/tiny_disk.hpp"

#include <algorithm>
#include <csignal>
#include <stop_token>
#include <thread>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> linesOf(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

class DatabaseTest : public LabTest {
  protected:
    /// Opens the connection to the server; it stays for two seconds.
    void warmUp() {
        EXPECT_EQ(daemon->ctl({"create", "-q", "--no-mount", unc("plain")}).exitCode, 5);
    }

    std::unique_ptr<Process> startCreate() {
        return daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
    }

    /// The record of one that was begun may be there until it can be changed.
    void expectNoSnapshot() {
        const json list = daemon->ctlJson({"list"});
        for (const json& snapshot : list["snapshots"]) {
            EXPECT_EQ(snapshot["state"], "creating");
        }
    }

    void expectDatabaseIsWhole() {
        EXPECT_EQ(daemon->sql("PRAGMA integrity_check")[0]["integrity_check"], "ok");
        EXPECT_EQ(daemon->sql("PRAGMA foreign_key_check"), json::array());
    }

    /// Without a restart.
    void expectAllWorks() {
        create({"data"});
        deleteAll();
        EXPECT_TRUE(waitUntilSettled()) << daemon->log();
        expectNothingLeft();
        expectDatabaseIsWhole();
    }

    std::string saysOfDatabase(const std::string& what) const {
        return "cannot write " + daemon->database().string() + ": " + what;
    }
};

class FullDisk : public DatabaseTest {
  protected:
    void SetUp() override {
        LabTest::SetUp();
        daemon->stop();
        disk.emplace(daemon->dir() / "state");
        proxy.emplace(lab().port());
        daemon->writeLab(lab(), {{"port", proxy->port()}});
        daemon->start();
    }

    void TearDown() override {
        daemon->stop();
        disk.reset();
    }

    /// Runs the job with the disk full from that message on; expects that it fails so.
    void expectFailure(std::unique_ptr<Process> job) {
        ASSERT_TRUE(proxy->waitUntilHeld());
        disk->fill();
        proxy->letGo();

        EXPECT_EQ(job->wait(seconds(60)), 1) << job->err();

        EXPECT_THAT(job->err(),
                    AllOf(HasSubstr(saysOfDatabase("database or disk is full")),
                          HasSubstr("make room on the file system that holds it")));
        expectDatabaseIsWhole();
    }

    std::optional<TinyDisk> disk;
    std::optional<TcpProxy> proxy;
};

TEST_F(FullDisk, RefusesJobsAndStillReads) {
    create({"data"});
    disk->fill();

    for (const Argv& change : {Argv{"create", "-q", "--no-mount", unc("data")},
                               Argv{"delete", "-q", "1"},
                               Argv{"check", unc("data")}}) {
        const RunResult refused = daemon->ctl(change);
        EXPECT_EQ(refused.exitCode, 1) << change[0];
        EXPECT_THAT(refused.err, HasSubstr(saysOfDatabase("database or disk is full")))
            << change[0];
    }
    EXPECT_EQ(daemon->ctlJson({"list"})["snapshots"].size(), 1U);
    EXPECT_EQ(daemon->sql("SELECT id FROM job").size(), 1U);

    disk->makeRoom();
    deleteAll();
    expectAllWorks();
}

/// The answer after which the next thing is to be written.
struct Point {
    const char* name;
    std::size_t call; ///< of a create on a connection that is open already; the first is 1
    const char* set;  ///< what is recorded of the set by then
    enum class Server { Clean, UntilTheNextCreate } server = Server::Clean;
};

void PrintTo(const Point& point, std::ostream* out) {
    *out << point.name;
}

class FullDiskInACreate : public FullDisk, public testing::WithParamInterface<Point> {};

TEST_P(FullDiskInACreate, FailsItAndLeavesNothingThatIsNotOnRecord) {
    const std::string recorded = GetParam().set;
    warmUp();
    proxy->holdReply(GetParam().call);

    expectFailure(startCreate());

    if (GetParam().server == Point::Server::Clean) {
        expectServerAsBefore();
    }
    EXPECT_EQ(daemon->sql("SELECT state FROM shadow_copy_set"),
              recorded.empty() ? json::array() : json::array({{{"state", recorded}}}));
    expectNoSnapshot();
    disk->makeRoom();
    expectAllWorks();
}

INSTANTIATE_TEST_SUITE_P(
    After,
    FullDiskInACreate,
    testing::Values(Point{"StartShadowCopySet", 3, ""},
                    Point{"PrepareShadowCopySet", 5, "started"},
                    Point{"GetShareMapping", 8, "committing", Point::Server::UntilTheNextCreate},
                    Point{"RecoveryCompleteShadowCopySet", 9, "exposed"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(FullDisk, BeforeADeleteIsSentLeavesTheSnapshot) {
    create({"data"});
    EXPECT_TRUE(daemon->waitUntilIdle());
    proxy->holdRequest(1); // of the new connection

    expectFailure(daemon->startCtl({"delete", "-q", "1"}));

    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "exposed");
    EXPECT_EQ(lab().listShares().size(), before.shares.size() + 1);
    disk->makeRoom();
    deleteAll();
    expectAllWorks();
}

TEST_F(FullDisk, AfterADeleteLeavesARecordThatTheNextDeleteCloses) {
    create({"data"});
    proxy->holdReply(1);

    expectFailure(daemon->startCtl({"delete", "-q", "1"}));

    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "deleting");
    expectServerAsBefore();
    disk->makeRoom();
    EXPECT_EQ(daemon->ctl({"delete", "-q", "1"}).exitCode, 0);
    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "deleted");
    expectAllWorks();
}

/// strace(1) at work on an fsrvpd that runs, until it goes.
class Tracer {
  public:
    Tracer(const Daemon& daemon, const std::string& injection)
        : log_(daemon.dir() / "trace"), process_({"strace",
                                                  "-f",
                                                  "-p",
                                                  std::to_string(daemon.pid()),
                                                  "-o",
                                                  log_,
                                                  "-e",
                                                  "trace=fdatasync",
                                                  "-e",
                                                  "inject=fdatasync:" + injection}) {
        EXPECT_TRUE(waitFor([this] { return process_.err().find("attached") != std::string::npos; },
                            seconds(10)))
            << process_.err();
    }

    /// Lets go of fsrvpd; gives what it did.
    std::vector<std::string> stop() {
        process_.kill(SIGINT);
        EXPECT_TRUE(process_.wait(seconds(10)).has_value());
        return linesOf(log_);
    }

  private:
    std::filesystem::path log_;
    Process process_;
};

/// "": the nth fdatasync(2) fails; "+": that and all after it.
class BadDisk : public DatabaseTest, public testing::WithParamInterface<std::string> {
  protected:
    /// Whether a create with the nth fdatasync failing met that. Counts those that failed.
    bool createWithFault(int nth, int& failed) {
        warmUp();
        Tracer tracer(*daemon, "error=EIO:when=" + std::to_string(nth) + GetParam());

        const auto creating = startCreate();
        const auto status = creating->wait(seconds(60));

        // What the server has is as it was told, while the fault lasts.
        if (status == 0) {
            EXPECT_EQ(daemon->ctlJson({"list"})["snapshots"].size(), 1U);
            EXPECT_EQ(lab().listShares().size(), before.shares.size() + 1);
        } else {
            ++failed;
            EXPECT_EQ(status, 1);
            EXPECT_THAT(creating->err(),
                        AllOf(HasSubstr(saysOfDatabase("disk I/O error")),
                              HasSubstr("look for disk errors in the kernel's log")));
            expectNoSnapshot();
            const json sets = daemon->sql("SELECT state FROM shadow_copy_set ORDER BY id DESC");
            if (sets.empty() || sets[0]["state"] != "committing") {
                expectServerAsBefore();
            }
        }
        const std::vector<std::string> trace = tracer.stop();
        if (status == 0) {
            deleteAll();
        }
        expectAllWorks();
        return std::any_of(trace.begin(), trace.end(), [](const std::string& line) {
            return line.find("EIO") != std::string::npos &&
                   line.find("(INJECTED)") != std::string::npos;
        });
    }
};

TEST_P(BadDisk, AtEachCommitOfACreateLeavesNothingThatIsNotOnRecord) {
    int failed = 0;
    int nth = 1;
    bool isMet = true;
    for (; isMet && !HasFailure(); ++nth) {
        SCOPED_TRACE("fdatasync " + std::to_string(nth));
        isMet = createWithFault(nth, failed);
    }
    // Seven commits: the last of them can't fail a create, and one that fails once is repeated.
    EXPECT_GE(nth - 2, 7);
    EXPECT_GE(failed, 5);
}

INSTANTIATE_TEST_SUITE_P(Fails, BadDisk, testing::Values("", "+"), [](const auto& row) {
    return std::string(row.param.empty() ? "Once" : "FromThenOn");
});

using SlowDisk = DatabaseTest;

/// How strace shows the first bytes of a D-Bus message that is one.
constexpr const char* kMethodReturn = R"(iov_base="l\2)";

/// How many method calls that thread answered while another waited for the disk, most of all times.
std::size_t mostAnswersDuringOneSync(const std::vector<std::string>& trace, pid_t sender) {
    const std::string mine = std::to_string(sender) + " ";
    std::size_t most = 0;
    std::optional<std::size_t> answers;
    for (const std::string& line : trace) {
        if (line.find("fdatasync(") != std::string::npos) {
            EXPECT_FALSE(line.starts_with(mine)) << "the loop's thread waits for the disk";
            if (line.find("unfinished") != std::string::npos) {
                answers = 0;
            }
        } else if (line.find("fdatasync resumed") != std::string::npos) {
            EXPECT_THAT(line, HasSubstr("(DELAYED)"));
            most = std::max(most, answers.value_or(0));
            answers.reset();
        } else if (answers && line.starts_with(mine) &&
                   line.find("sendmsg(") != std::string::npos &&
                   line.find(kMethodReturn) != std::string::npos) {
            ++*answers;
        }
    }
    return most;
}

TEST_F(SlowDisk, KeepsNobodyWaitingWhoOnlyReads) {
    daemon->stop();
    daemon->writeLab(lab(), {{"timeouts", {{"connect_sec", 30}, {"call_sec", 30}}}});
    const std::filesystem::path trace = daemon->dir() / "trace";
    const Argv strace{"strace",
                      "-D", // fsrvpd stays the child
                      "-f",
                      "--seccomp-bpf",
                      "-o",
                      trace,
                      "-e",
                      "trace=fdatasync,sendmsg",
                      "-e",
                      "inject=fdatasync:delay_exit=200000"};
    // The look for leaks is done by tracing too.
    daemon->startIn({{"ASAN_OPTIONS", "detect_leaks=0"}}, [&](const Argv& argv) {
        Argv traced = strace;
        traced.insert(traced.end(), argv.begin(), argv.end());
        return traced;
    });
    std::jthread reader([this](const std::stop_token& isOver) {
        const auto connection = daemon->connectBus();
        const auto proxy = sdbus::createProxy(*connection, "org.fsrvpd1", "/org/fsrvpd1");
        while (!isOver.stop_requested()) {
            std::vector<std::map<std::string, sdbus::Variant>> page;
            std::string next;
            proxy->callMethod("ListSnapshots")
                .onInterface("org.fsrvpd1.Manager")
                .withArguments(std::map<std::string, sdbus::Variant>())
                .storeResultsTo(page, next);
        }
    });

    // A loop that waited for the disk would answer nobody meanwhile. How many a loop that does not
    // can answer in that time depends on what else the machine does.
    std::size_t answers = 0;
    for (int round = 0; round < 20 && answers < 3 && !HasFailure(); ++round) {
        create({"data"});
        deleteAll();
        answers = mostAnswersDuringOneSync(linesOf(trace), daemon->pid());
    }

    reader.request_stop();
    reader.join();
    EXPECT_GE(answers, 3U);
    expectNothingLeft();
}

} // namespace
} // namespace fsrvp::test
