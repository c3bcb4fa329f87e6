// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/error_table.hpp"
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <memory>
#include <string>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using CtlCreate = Ctl;

TEST_F(CtlCreate, SaysWhereEachSnapshotIsMounted) {
    const RunResult result = ctl({"create", "//fs1/data", "smb://fs1/home"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out,
              "snapshot 1 of //fs1/data is mounted at /run/fsrvpd/mnt/1\n"
              "snapshot 2 of //fs1/home is mounted at /run/fsrvpd/mnt/2\n");
    EXPECT_EQ(result.err, "");
}

TEST_F(CtlCreate, SaysWhatEachSnapshotIsExposedAsWhenNotToMount) {
    const RunResult result = ctl({"create", "--no-mount", "//fs1/data", "//fs1/home"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out,
              "snapshot 1 of //fs1/data is exposed as " + FakeManager::snapshot(1).exposed +
                  ", not mounted\nsnapshot 2 of //fs1/home is exposed as " +
                  FakeManager::snapshot(2).exposed + ", not mounted\n");
    EXPECT_EQ(result.err, "");
    EXPECT_THAT(daemon->lastCreate().optionKeys, ElementsAre("mount"));
    EXPECT_FALSE(daemon->lastCreate().mount);
}

TEST_F(CtlCreate, SaysWhatKeptATakenSnapshotFromBeingMounted) {
    daemon->failMounts(Error(Errc::Failed, "mount error(2): No such file or directory"));

    const RunResult result = ctl({"create", "//fs1/data"});

    EXPECT_EQ(result.exitCode, 6);
    EXPECT_THAT(result.out, StartsWith("snapshot 1 of //fs1/data is exposed as "));
    EXPECT_THAT(result.err, StartsWith("fsrvpctl: mount error(2): No such file or directory\n"));
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
                                  "--share-root",
                                  "--credential",
                                  "lab",
                                  "--timeout",
                                  "5min"});
    const SeenCreate seen = daemon->lastCreate();

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(seen.sources, ElementsAre("//fs1/data"));
    EXPECT_THAT(seen.labels,
                ElementsAre(testing::Pair("note", "a=b"), testing::Pair("tier", "gold")));
    EXPECT_EQ(seen.description, "before the upgrade");
    EXPECT_EQ(seen.context, "app-rollback");
    EXPECT_EQ(seen.credential, "lab");
    EXPECT_EQ(seen.timeoutSec, 300U);
    EXPECT_TRUE(seen.writable);
    EXPECT_TRUE(seen.shareRoot);
    EXPECT_TRUE(seen.mount);

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
    EXPECT_THAT(result.out, StartsWith("snapshot 1 of //fs1/data is "));
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
    EXPECT_EQ(people.out,
              "snapshot 1 of //fs1/data is exposed as " + FakeManager::snapshot(1).exposed +
                  ", not mounted\n");
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

} // namespace
} // namespace fsrvp::test
