// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpctl as a process, on a private bus, against a fake fsrvpd.
#include "dbus/error_table.hpp"
#include "tests/fakes/fake_manager.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const char* const kNote = "fsrvpctl: this version mounts no snapshots: it goes on as with "
                          "--no-mount\n";

Argv commandLine(Argv arguments) {
    arguments.insert(arguments.begin(), FSRVP_FSRVPCTL);
    return arguments;
}

class Ctl : public testing::Test {
  protected:
    static void SetUpTestSuite() { bus() = std::make_unique<PrivateBus>(); }

    static void TearDownTestSuite() { bus().reset(); }

    void SetUp() override { daemon.emplace(bus()->address()); }

    static std::unique_ptr<PrivateBus>& bus() {
        static std::unique_ptr<PrivateBus> theBus;
        return theBus;
    }

    static Environment environment() {
        return {{"DBUS_SYSTEM_BUS_ADDRESS", bus()->address()},
                {"TZ", "UTC"},
                {"LC_ALL", "C"},
                {"NO_COLOR", ""}};
    }

    static RunResult ctl(const Argv& arguments) {
        return run(commandLine(arguments), environment());
    }

    std::optional<FakeManager> daemon;
};

using CtlCreate = Ctl;

TEST_F(CtlCreate, PrintsALineASnapshot) {
    const RunResult result = ctl({"create", "--no-mount", "//fs1/data", "//fs1/home"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out,
              "1\t//fs1/data\t" + FakeManager::snapshot(1).exposed + "\n2\t//fs1/home\t" +
                  FakeManager::snapshot(2).exposed + "\n");
    EXPECT_EQ(result.err, "");
}

TEST_F(CtlCreate, SaysThatItDoesNotMountUnlessToldNotToOrQuiet) {
    EXPECT_EQ(ctl({"create", "//fs1/data"}).err, kNote);
    EXPECT_EQ(ctl({"-q", "create", "//fs1/data"}).err, "");
    EXPECT_EQ(ctl({"create", "//fs1/data", "--quiet"}).err, "");
}

TEST_F(CtlCreate, SendsWhatWasGivenAndNothingElse) {
    const RunResult result = ctl({"create",
                                  "-l",
                                  "tier=gold",
                                  "//fs1/data",
                                  "--label",
                                  "note=a=b",
                                  "--rw",
                                  "-d",
                                  "before the upgrade",
                                  "--context",
                                  "app-rollback",
                                  "--timeout",
                                  "5min"});
    const SeenCreate seen = daemon->lastCreate();

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(seen.sources, ElementsAre("//fs1/data"));
    EXPECT_THAT(seen.labels,
                ElementsAre(testing::Pair("note", "a=b"), testing::Pair("tier", "gold")));
    EXPECT_EQ(seen.description, "before the upgrade");
    EXPECT_EQ(seen.context, "app-rollback");
    EXPECT_EQ(seen.timeoutSec, 300U);
    EXPECT_TRUE(seen.writable);

    ctl({"create", "//fs1/data"});

    EXPECT_TRUE(daemon->lastCreate().optionKeys.empty());
}

TEST_F(CtlCreate, PrintsWithJsonWhatListPrints) {
    const json created = json::parse(ctl({"create", "--json", "//fs1/data"}).out);
    const json listed = json::parse(ctl({"list", "--json"}).out);

    EXPECT_EQ(created, listed);
    EXPECT_EQ(created["schema"], 1);
    EXPECT_EQ(created["snapshots"][0]["id"], 1);
}

TEST_F(CtlCreate, KnowsAJobThatWasOverBeforeItSubscribed) {
    daemon->endJobs(JobEnding::BeforeReply);

    const RunResult result = ctl({"create", "//fs1/data"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_THAT(result.out, StartsWith("1\t//fs1/data\t"));
}

TEST_F(CtlCreate, KnowsAFailureThatWasOverBeforeItSubscribed) {
    daemon->endJobs(JobEnding::BeforeReply);
    daemon->failJobs(Error(Errc::Busy, "another client has a set open", 0x80042316U));

    const RunResult result = ctl({"create", "--no-mount", "//fs1/data"});

    EXPECT_EQ(result.exitCode, 7);
    EXPECT_EQ(result.err,
              "fsrvpctl: another client has a set open (hresult 0x80042316)\n  hint: " +
                  std::string(errorRow(Errc::Busy).hint) + "\n");
}

TEST_F(CtlCreate, PrintsTheJobWithoutWaitingForIt) {
    daemon->endJobs(JobEnding::WhenCancelled);

    EXPECT_EQ(ctl({"create", "--no-block", "//fs1/data"}).out, "1\n");
    EXPECT_EQ(json::parse(ctl({"create", "--no-block", "--json", "//fs1/data"}).out),
              json({{"schema", 1}, {"job", 2}}));
}

TEST_F(CtlCreate, PrintsWhatSucceededOfAPartialFailure) {
    daemon->failJobs(Error(Errc::Partial, "1 of 2 failed"), 1);

    const RunResult people = ctl({"create", "--no-mount", "//fs1/data", "//fs2/data"});
    const RunResult programs = ctl({"create", "--json", "//fs1/data", "//fs2/data"});
    const json document = json::parse(programs.out);

    EXPECT_EQ(people.exitCode, 6);
    EXPECT_EQ(people.out, "1\t//fs1/data\t" + FakeManager::snapshot(1).exposed + "\n");
    EXPECT_THAT(people.err, StartsWith("fsrvpctl: 1 of 2 failed\n  hint: "));
    EXPECT_EQ(programs.exitCode, 6);
    EXPECT_EQ(document["snapshots"].size(), 1U);
    EXPECT_EQ(document["error"]["name"], "org.fsrvpd1.Error.Partial");
}

TEST_F(CtlCreate, CancelsTheJobAndWaitsForItsEndWhenInterrupted) {
    for (const int signal : {SIGINT, SIGTERM}) {
        daemon.emplace(bus()->address());
        daemon->endJobs(JobEnding::WhenCancelled);
        Process process(commandLine({"create", "-q", "//fs1/data"}), environment());
        ASSERT_TRUE(daemon->waitUntilJobIsRead());

        process.kill(signal);

        EXPECT_EQ(process.wait(seconds(10)), 10);
        EXPECT_TRUE(daemon->waitUntilCancelled(seconds(0)));
        EXPECT_EQ(process.err(), "fsrvpctl: job 1 was cancelled\n");
    }
}

TEST_F(CtlCreate, LeavesAtOnceWhenInterruptedTwice) {
    daemon->endJobs(JobEnding::NotEvenCancelled);
    Process process(commandLine({"create", "--json", "//fs1/data"}), environment());
    ASSERT_TRUE(daemon->waitUntilJobIsRead());

    process.kill(SIGINT);
    ASSERT_TRUE(daemon->waitUntilCancelled());
    process.kill(SIGINT);

    EXPECT_EQ(process.wait(seconds(10)), 10);
    EXPECT_EQ(json::parse(process.out())["error"]["message"], "left job 1 before its end");
}

TEST_F(CtlCreate, SaysWhatBecomesOfTheJobWhenTheDaemonGoes) {
    daemon->endJobs(JobEnding::WhenCancelled);
    Process process(commandLine({"create", "-q", "//fs1/data"}), environment());
    ASSERT_TRUE(daemon->waitUntilJobIsRead());

    daemon->vanish();

    EXPECT_EQ(process.wait(seconds(10)), 11);
    EXPECT_THAT(process.err(),
                StartsWith("fsrvpctl: fsrvpd went away while job 1 was under way; it settles the "
                           "job when it starts again\n"));
}

TEST_F(CtlCreate, NoticesThatTheDaemonWasReplaced) {
    daemon->endJobs(JobEnding::WhenCancelled);
    Process process(commandLine({"create", "-q", "//fs1/data"}), environment());
    ASSERT_TRUE(daemon->waitUntilJobIsRead());

    daemon->vanish();
    daemon.emplace(bus()->address());

    EXPECT_EQ(process.wait(seconds(10)), 11);
}

TEST_F(CtlCreate, NoticesThatTheBusWentAway) {
    auto doomed = std::make_unique<PrivateBus>();
    FakeManager onDoomed(doomed->address());
    onDoomed.endJobs(JobEnding::WhenCancelled);
    Environment there = environment();
    there["DBUS_SYSTEM_BUS_ADDRESS"] = doomed->address();
    Process process(commandLine({"create", "-q", "//fs1/data"}), there);
    ASSERT_TRUE(onDoomed.waitUntilJobIsRead());

    doomed.reset();

    EXPECT_EQ(process.wait(seconds(10)), 11);
    EXPECT_THAT(process.err(), HasSubstr("job 1"));
}

/// fsrvpctl with a terminal of its own; script(1) passes on what it writes there.
class CtlTerminal : public Ctl {
  protected:
    static Argv onTerminal(const std::string& arguments) {
        return {"script", "-qec", FSRVP_FSRVPCTL + (" " + arguments), "/dev/null"};
    }

    static Environment environmentWith(const std::string& name, const std::string& value) {
        Environment all = environment();
        all["TERM"] = "xterm";
        all[name] = value;
        return all;
    }
};

TEST_F(CtlTerminal, ShowsThePhaseAndTakesItAway) {
    daemon->endJobs(JobEnding::WhenCancelled);
    Process process(onTerminal("create --no-mount //fs1/data"), environmentWith("TERM", "xterm"));
    ASSERT_TRUE(daemon->waitUntilJobIsRead());
    const auto shows = [&process](const std::string& text) {
        return waitFor([&] { return process.out().find(text) != std::string::npos; }, seconds(10));
    };

    EXPECT_TRUE(shows("\rjob 1: connect\x1b[K"));
    daemon->setPhase("commit");
    EXPECT_TRUE(shows("\rjob 1: commit\x1b[K"));
    ctl({"job", "cancel", "1"});

    EXPECT_EQ(process.wait(seconds(10)), 10);
    EXPECT_THAT(process.out(), testing::EndsWith("\r\x1b[Kfsrvpctl: job 1 was cancelled\r\n"));
}

TEST_F(CtlTerminal, ShowsNoPhaseWhenQuiet) {
    const RunResult result =
        run(onTerminal("create -q //fs1/data"), environmentWith("TERM", "xterm"));

    EXPECT_THAT(result.out, testing::Not(HasSubstr("connect")));
}

TEST_F(CtlTerminal, ColoursStatesUnlessToldNotTo) {
    daemon->add(FakeManager::snapshot(1));
    const std::string green = "\x1b[32mexposed\x1b[0m";

    EXPECT_THAT(run(onTerminal("list"), environmentWith("TERM", "xterm")).out, HasSubstr(green));
    EXPECT_THAT(run(onTerminal("list"), environmentWith("NO_COLOR", "1")).out,
                testing::Not(HasSubstr("\x1b")));
    EXPECT_THAT(run(onTerminal("list"), environmentWith("TERM", "dumb")).out,
                testing::Not(HasSubstr("\x1b")));
}

using CtlDelete = Ctl;

TEST_F(CtlDelete, PrintsALineASnapshot) {
    daemon->add(FakeManager::snapshot(7));

    const RunResult result = ctl({"delete", "7"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out, "7\t//fs1/data\t" + FakeManager::snapshot(7).exposed + "\n");
    EXPECT_EQ(result.err, "");
}

TEST_F(CtlDelete, PrintsWhatSucceededOfAPartialFailure) {
    daemon->add(FakeManager::snapshot(1));
    daemon->add(FakeManager::snapshot(2));
    daemon->failJobs(Error(Errc::Partial, "cannot delete 2"), 1);

    const RunResult result = ctl({"delete", "--json", "1", "2"});
    const json document = json::parse(result.out);

    EXPECT_EQ(result.exitCode, 6);
    EXPECT_EQ(document["snapshots"][0]["state"], "deleted");
    EXPECT_EQ(document["error"]["message"], "cannot delete 2");
}

TEST_F(CtlDelete, ReportsAnUnknownSnapshot) {
    const RunResult result = ctl({"delete", "9"});

    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(result.err, "fsrvpctl: there is no snapshot '9'\n");
}

using CtlList = Ctl;

TEST_F(CtlList, PrintsAnAlignedTable) {
    Snapshot wide = FakeManager::snapshot(12);
    wide.source.share = "写真";
    wide.exposed = "写真@{1}";
    wide.state = CopyState::LostOnServer;
    Snapshot young = FakeManager::snapshot(3);
    young.exposed = "data@{3}";
    young.created.reset();
    daemon->add(wide);
    daemon->add(young);

    const RunResult result = ctl({"list"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out,
              "ID  SERVER  SHARE  CREATED              STATE           SNAPSHOT\n"
              "3   fs1     data   -                    exposed         data@{3}\n"
              "12  fs1     写真   2026-11-18 11:06:52  lost-on-server  写真@{1}\n");
}

TEST_F(CtlList, OfNothingIsASentenceOnStderr) {
    const RunResult result = ctl({"list"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, "fsrvpctl: there are no snapshots\n");
    EXPECT_EQ(ctl({"list", "-q"}).err, "");
    EXPECT_EQ(ctl({"list", "--json"}).out, "{\"schema\": 1, \"snapshots\": []}\n");
}

TEST_F(CtlList, FiltersBySourceAndHidesHistory) {
    Snapshot gone = FakeManager::snapshot(1);
    gone.state = CopyState::Deleted;
    Snapshot home = FakeManager::snapshot(2);
    home.source.share = "home";
    daemon->add(gone);
    daemon->add(home);
    daemon->add(FakeManager::snapshot(3));
    const auto idsOf = [](const RunResult& result) {
        std::vector<int> ids;
        const json document = json::parse(result.out);
        for (const json& snapshot : document["snapshots"]) {
            ids.push_back(snapshot["id"]);
        }
        return ids;
    };

    EXPECT_THAT(idsOf(ctl({"list", "--json"})), ElementsAre(2, 3));
    EXPECT_THAT(idsOf(ctl({"list", "--json", "--all"})), ElementsAre(1, 2, 3));
    EXPECT_THAT(idsOf(ctl({"list", "--json", "--all", "//fs1/data"})), ElementsAre(1, 3));
}

TEST_F(CtlList, PassesAHundredThousandSnapshotsThrough) {
    daemon->exportMany(100'000);

    const RunResult result = ctl({"list", "--json"});
    const json document = json::parse(result.out);

    EXPECT_EQ(result.exitCode, 0);
    ASSERT_EQ(document["snapshots"].size(), 100'000U);
    EXPECT_EQ(document["snapshots"].back()["id"], 100'000);
}

TEST_F(CtlList, KeepsWhatCameBeforeAnErrorLine) {
    daemon->exportMany(5);
    daemon->breakExport(
        2,
        R"({"error":{"name":"org.fsrvpd1.Error.Database","message":"cannot read fsrvpd.db"}})"
        "\n");

    const RunResult people = ctl({"list"});
    const RunResult programs = ctl({"list", "--json"});
    const json document = json::parse(programs.out);

    EXPECT_EQ(people.exitCode, 1);
    EXPECT_EQ(std::count(people.out.begin(), people.out.end(), '\n'), 3);
    EXPECT_THAT(people.err, StartsWith("fsrvpctl: cannot read fsrvpd.db\n  hint: "));
    EXPECT_EQ(programs.exitCode, 1);
    EXPECT_EQ(document["snapshots"].size(), 2U);
    EXPECT_EQ(document["error"]["name"], "org.fsrvpd1.Error.Database");
}

TEST_F(CtlList, RefusesAnErrorLineOfAnotherShape) {
    daemon->exportMany(1);
    daemon->breakExport(1,
                        R"({"error":"cannot read fsrvpd.db"})"
                        "\n");

    const RunResult result = ctl({"list"});

    EXPECT_EQ(result.exitCode, 1);
    EXPECT_THAT(result.err, StartsWith("fsrvpctl: cannot read an error from fsrvpd: "));
}

TEST_F(CtlList, DoesNotTakeAnInterruptedListForAWholeOne) {
    daemon->exportMany(5);
    daemon->breakExport(2, "{\"id\":3,");

    const RunResult result = ctl({"list", "--json"});

    EXPECT_EQ(result.exitCode, 11);
    EXPECT_EQ(json::parse(result.out)["snapshots"].size(), 2U);
}

TEST_F(CtlList, NoticesADaemonThatDiedBetweenTwoLines) {
    daemon->exportMany(2000);
    daemon->vanishInExport(1000); // more than a pipe holds, so that some are read before

    const RunResult result = ctl({"list", "--json"});
    const json document = json::parse(result.out);

    EXPECT_EQ(result.exitCode, 11);
    EXPECT_EQ(document["snapshots"].size(), 1000U);
    EXPECT_EQ(document["error"]["name"], "org.fsrvpd1.Error.DaemonUnreachable");
}

TEST_F(CtlList, SaysWhenItsOutputCannotBeWritten) {
    daemon->exportMany(10);

    const RunResult result =
        run({"sh", "-c", "exec \"$0\" list --json >/dev/full", FSRVP_FSRVPCTL}, environment());

    EXPECT_EQ(result.exitCode, 1);
}

using CtlShow = Ctl;

TEST_F(CtlShow, PrintsKeysAndValues) {
    Snapshot s = FakeManager::snapshot(7);
    s.description = "two\nlines";
    s.labels = {{"a", "1"}, {"b", "2"}};
    daemon->add(s);

    const RunResult result = ctl({"show", "7"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out,
              "id: 7\n"
              "snapshot_id: 00000007-0000-0000-8899-aabbccddeeff\n"
              "set_id: ffeeddcc-bbaa-9988-7766-554433221100\n"
              "server: fs1\n"
              "share: data\n"
              "exposed: " +
                  s.exposed +
                  "\n"
                  "created: 2026-11-18 11:06:47\n"
                  "completed: 2026-11-18 11:06:49\n"
                  "context: nas-rollback\n"
                  "writable: no\n"
                  "state: exposed\n"
                  "owner_uid: 0\n"
                  "description: two\\x0alines\n"
                  "labels: a=1, b=2\n"
                  "policy:\n"
                  "protected: no\n"
                  "holds: 0\n"
                  "mount_points:\n");
}

TEST_F(CtlShow, HasTheKeysAndValuesOfList) {
    daemon->add(FakeManager::snapshot(1));
    daemon->add(FakeManager::snapshot(2));

    EXPECT_EQ(json::parse(ctl({"show", "1", "2", "--json"}).out),
              json::parse(ctl({"list", "--json"}).out));
}

TEST_F(CtlShow, PrintsNothingWhenOneIsUnknown) {
    daemon->add(FakeManager::snapshot(1));

    const RunResult result = ctl({"show", "1", "2"});

    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(result.out, "");
}

using CtlJob = Ctl;

TEST_F(CtlJob, ListsAndShowsJobs) {
    daemon->endJobs(JobEnding::WhenCancelled);
    ctl({"create", "--no-block", "//fs1/data", "//fs1/home"});
    daemon->endJobs(JobEnding::BeforeReply);
    ctl({"create", "--no-block", "//fs2/data"});

    EXPECT_EQ(ctl({"job", "list"}).out,
              "JOB  OPERATION  STATE    PHASE    STARTED              SUBJECTS\n"
              "2    create     done     -        2026-11-18 11:06:40  //fs2/data\n"
              "1    create     running  connect  2026-11-18 11:06:40  //fs1/data, //fs1/home\n");
    EXPECT_EQ(ctl({"job", "show", "2"}).out,
              "id: 2\noperation: create\nstate: done\nphase:\nsubjects: //fs2/data\n"
              "started_by_uid: 0\nstart: 2026-11-18 11:06:40\nend: 2026-11-18 11:06:49\n"
              "error:\nids: 1\n");
    const json listed = json::parse(ctl({"job", "list", "--json"}).out);
    EXPECT_EQ(listed["schema"], 1);
    EXPECT_EQ(listed["jobs"][1]["phase"], "connect");
    EXPECT_EQ(listed["jobs"][1]["end"], nullptr);
    EXPECT_EQ(json::parse(ctl({"job", "show", "--json", "2"}).out)["jobs"][0]["ids"],
              json::array({1}));
}

TEST_F(CtlJob, CancelsJobs) {
    daemon->endJobs(JobEnding::WhenCancelled);
    ctl({"create", "--no-block", "//fs1/data"});

    const RunResult first = ctl({"job", "cancel", "1"});
    const RunResult again = ctl({"job", "cancel", "1"});

    EXPECT_EQ(first.exitCode, 0);
    EXPECT_EQ(first.out + first.err, "");
    EXPECT_EQ(again.exitCode, 0);
    EXPECT_THAT(ctl({"job", "show", "1"}).out, HasSubstr("state: cancelled\n"));
}

TEST_F(CtlJob, SaysWhichJobThereIsNot) {
    const RunResult cancelled = ctl({"job", "cancel", "8"});
    const RunResult shown = ctl({"job", "show", "8"});

    EXPECT_EQ(cancelled.exitCode, 3);
    EXPECT_EQ(cancelled.err,
              "fsrvpctl: there is no job 8, or it ended more than two minutes ago\n");
    EXPECT_EQ(shown.exitCode, 3);
    EXPECT_EQ(shown.err, "fsrvpctl: there is no job 8 among the last 500\n");
}

TEST_F(CtlJob, CancelsTheOthersWhenOneCannotBe) {
    daemon->endJobs(JobEnding::WhenCancelled);
    ctl({"create", "--no-block", "//fs1/data"});

    EXPECT_EQ(ctl({"job", "cancel", "8", "1"}).exitCode, 6);
    EXPECT_THAT(ctl({"job", "show", "1"}).out, HasSubstr("state: cancelled\n"));
}

class CtlError : public Ctl, public testing::WithParamInterface<std::size_t> {};

TEST_P(CtlError, OfACallHasItsExitStatusNameAndHint) {
    const auto code = static_cast<Errc>(GetParam());
    daemon->refuse(Error(code, "cannot do it", 0x80042308U).withHint("try another"));

    const RunResult people = ctl({"show", "1"});
    const RunResult programs = ctl({"--json", "list"});
    const json error = json::parse(programs.out)["error"];

    EXPECT_EQ(people.exitCode, errorRow(code).exitCode);
    EXPECT_EQ(people.out, "");
    EXPECT_EQ(people.err, "fsrvpctl: cannot do it (hresult 0x80042308)\n  hint: try another\n");
    EXPECT_EQ(programs.exitCode, errorRow(code).exitCode);
    EXPECT_EQ(programs.err, "");
    EXPECT_EQ(error,
              json({{"name", errorBusName(code)},
                    {"hresult", "0x80042308"},
                    {"message", "cannot do it"},
                    {"hint", "try another"}}));
}

TEST_P(CtlError, OfAJobHasItsExitStatus) {
    const auto code = static_cast<Errc>(GetParam());
    daemon->failJobs(Error(code, "cannot do it"));

    const RunResult result = ctl({"create", "-q", "//fs1/data"});

    EXPECT_EQ(result.exitCode, errorRow(code).exitCode);
    EXPECT_THAT(result.err, StartsWith("fsrvpctl: cannot do it\n"));
}

INSTANTIATE_TEST_SUITE_P(Each,
                         CtlError,
                         testing::Range(std::size_t{0}, kErrcCount),
                         [](const auto& row) {
                             return std::string(errcName(static_cast<Errc>(row.param)));
                         });

using CtlBus = Ctl;

TEST_F(CtlBus, WithoutTheDaemonIsUnreachable) {
    daemon->vanish();

    const RunResult result = ctl({"list"});

    EXPECT_EQ(result.exitCode, 11);
    EXPECT_THAT(result.err, StartsWith("fsrvpctl: cannot reach fsrvpd: "));
    EXPECT_THAT(result.err, HasSubstr("\n  hint: start it: systemctl start fsrvpd\n"));
}

TEST_F(CtlBus, WithoutABusIsUnreachable) {
    const RunResult result = run(commandLine({"list", "--json"}),
                                 {{"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus"}});

    EXPECT_EQ(result.exitCode, 11);
    EXPECT_EQ(json::parse(result.out)["error"]["name"], "org.fsrvpd1.Error.DaemonUnreachable");
}

TEST_F(CtlBus, ThatRefusesIsNotAuthorized) {
    daemon->refuse("org.freedesktop.DBus.Error.AccessDenied", "Rejected send message");

    EXPECT_EQ(ctl({"list"}).exitCode, 4);
}

class CtlUsage : public Ctl, public testing::WithParamInterface<Argv> {};

TEST_P(CtlUsage, ErrorIsStatusTwoAlsoAsJson) {
    Argv withJson = GetParam();
    withJson.emplace_back("--json");

    const RunResult people = ctl(GetParam());
    const RunResult programs = ctl(withJson);

    EXPECT_EQ(people.exitCode, 2);
    EXPECT_EQ(people.out, "");
    EXPECT_THAT(people.err, StartsWith("fsrvpctl: "));
    EXPECT_THAT(people.err, HasSubstr("\n  hint: "));
    EXPECT_EQ(programs.exitCode, 2);
    EXPECT_EQ(json::parse(programs.out)["error"]["name"], "org.fsrvpd1.Error.InvalidArgument");
}

INSTANTIATE_TEST_SUITE_P(CommandLine,
                         CtlUsage,
                         testing::Values(Argv{},
                                         Argv{"lsit"},
                                         Argv{"list", "--wrong"},
                                         Argv{"list", "//fs1/a", "//fs1/b"},
                                         Argv{"create"},
                                         Argv{"create", "-q", "//fs1/a", "--timeout", "soon"},
                                         Argv{"create", "-q", "//fs1/a", "-l", "nolabel"},
                                         Argv{"create", "-q", "//fs1/a", "-l", "=v"},
                                         Argv{"show"},
                                         Argv{"delete"},
                                         Argv{"job"},
                                         Argv{"job", "show", "seven"}));

TEST_F(CtlUsage, TheSameLabelTwiceIsRefused) {
    EXPECT_EQ(ctl({"create", "//fs1/a", "-l", "k=1", "-l", "k=2"}).exitCode, 2);
}

TEST_F(CtlUsage, AnArgumentThatIsNotUtf8IsRefusedWithJson) {
    const RunResult result = ctl({"show", "\xff", "--json"});

    EXPECT_EQ(result.exitCode, 2);
    EXPECT_TRUE(json::accept(result.out));
}

TEST_F(CtlUsage, HelpAndVersionGoToStdout) {
    EXPECT_THAT(ctl({"--help"}).out, HasSubstr("create"));
    EXPECT_THAT(ctl({"create", "--help"}).out, HasSubstr("--no-block"));
    EXPECT_THAT(ctl({"--version"}).out, StartsWith("fsrvpctl "));
    EXPECT_EQ(ctl({"--version"}).exitCode, 0);
}

} // namespace
} // namespace fsrvp::test
