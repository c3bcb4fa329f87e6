// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpctl mount and umount.
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Snapshot mountedAt(std::int64_t id, const std::vector<std::string>& paths) {
    Snapshot snapshot = FakeManager::snapshot(id);
    snapshot.mountPoints = paths;
    return snapshot;
}

using CtlMount = CtlInDirectory;

TEST_F(CtlMount, SaysWhereItIsMounted) {
    daemon->add(FakeManager::snapshot(7));

    const RunResult result = ctl({"mount", "7"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out, "snapshot 7 of //fs1/data is mounted at /run/fsrvpd/mnt/7\n");
    EXPECT_EQ(result.err, "");
    EXPECT_THAT(daemon->lastCall().ids, ElementsAre("7"));
    EXPECT_THAT(daemon->lastCall().optionKeys, IsEmpty());
}

TEST_F(CtlMount, SendsACanonicalDestinationAndTheTimeout) {
    daemon->add(FakeManager::snapshot(7));

    const RunResult result = ctl({"mount", "7", "link/new/", "--timeout", "90"});

    EXPECT_EQ(result.out, "snapshot 7 of //fs1/data is mounted at " + at("real/new") + "\n");
    EXPECT_EQ(daemon->lastCall().destination, at("real/new"));
    EXPECT_EQ(daemon->lastCall().timeoutSec, 90U);
}

TEST_F(CtlMount, NamesTheSnapshotByAnotherMountPointOfIt) {
    daemon->add(mountedAt(7, {at("real/one")}));

    const RunResult result = ctl({"mount", "link/one", "two"});

    EXPECT_EQ(result.out,
              "snapshot 7 of //fs1/data is mounted at " + at("real/one") + ", " + at("two") + "\n");
}

TEST_F(CtlMount, PrintsTheSnapshotsDocumentWithJson) {
    daemon->add(FakeManager::snapshot(7));

    const json document = json::parse(ctl({"mount", "--json", "7", "new"}).out);

    EXPECT_EQ(document["snapshots"][0]["mount_points"], json::array({at("new")}));
    EXPECT_EQ(document, json::parse(ctl({"list", "--json"}).out));
}

TEST_F(CtlMount, ReportsARefusedDestinationAndAFailedMount) {
    daemon->add(FakeManager::snapshot(7));
    daemon->refuseDestination(at("taken"), Error(Errc::AlreadyExists, "something is there"));
    daemon->failMounts(Error(Errc::Failed, "mount error(13): Permission denied"));

    const RunResult refused = ctl({"mount", "7", "taken"});
    const RunResult failed = ctl({"mount", "7"});

    EXPECT_EQ(refused.exitCode, 1);
    EXPECT_EQ(refused.err, "fsrvpctl: something is there\n");
    EXPECT_EQ(failed.exitCode, 1);
    EXPECT_EQ(failed.out, "");
    EXPECT_THAT(failed.err, StartsWith("fsrvpctl: mount error(13): Permission denied\n"));
}

TEST_F(CtlMount, WritesControlCharactersOfThePathEscaped) {
    daemon->add(FakeManager::snapshot(7));

    const RunResult result = ctl({"mount", "7", "a,b\n\x1b[2J"});

    EXPECT_EQ(result.out,
              "snapshot 7 of //fs1/data is mounted at " + at("a,b\\x0a\\x1b[2J") + "\n");
    EXPECT_EQ(daemon->lastCall().destination, at("a,b\n\x1b[2J"));
}

TEST_F(CtlMount, PrintsTheJobWithoutWaitingForIt) {
    daemon->add(FakeManager::snapshot(7));
    daemon->endJobs(JobEnding::WhenCancelled);

    EXPECT_EQ(ctl({"mount", "--no-block", "7"}).out, "1\n");
    EXPECT_EQ(ctl({"umount", "--no-block", "7"}).out, "2\n");
}

using CtlUnmount = CtlInDirectory;

TEST_F(CtlUnmount, OfASnapshotUnmountsAllOfIt) {
    daemon->add(mountedAt(7, {"/mnt/a", "/mnt/b"}));

    const RunResult result = ctl({"umount", "7"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out,
              "snapshot 7 of //fs1/data is exposed as " + FakeManager::snapshot(7).exposed +
                  ", not mounted\n");
    EXPECT_THAT(daemon->find(7).mountPoints, IsEmpty());
    EXPECT_THAT(daemon->lastCall().optionKeys, IsEmpty());
}

TEST_F(CtlUnmount, OfAPathUnmountsThisOne) {
    daemon->add(mountedAt(7, {"/mnt/a", at("real/b")}));

    const RunResult result = ctl({"umount", "link/b"});

    EXPECT_EQ(result.out, "snapshot 7 of //fs1/data is still mounted at /mnt/a\n");
    EXPECT_THAT(daemon->find(7).mountPoints, ElementsAre("/mnt/a"));
}

TEST_F(CtlUnmount, IsRefusedWhileSomebodyUsesItUnlessLazy) {
    daemon->add(mountedAt(7, {"/mnt/a"}));
    daemon->holdMount("/mnt/a", "bash (4711)");

    const RunResult busy = ctl({"umount", "/mnt/a"});
    const RunResult lazy = ctl({"umount", "/mnt/a", "--lazy", "--timeout", "1min"});

    EXPECT_EQ(busy.exitCode, 7);
    EXPECT_THAT(busy.err, HasSubstr("bash (4711)"));
    EXPECT_EQ(lazy.exitCode, 0);
    EXPECT_TRUE(daemon->lastCall().lazy);
    EXPECT_EQ(daemon->lastCall().timeoutSec, 60U);
}

TEST_F(CtlUnmount, ReportsAPathThatIsNoMountPoint) {
    const RunResult result = ctl({"umount", "nothing"});

    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(result.err, "fsrvpctl: there is no snapshot '" + at("nothing") + "'\n");
}

/// The mount may be on a server that does not answer: whoever asks it anything waits for minutes.
TEST_F(CtlUnmount, NeverTouchesTheMountPoint) {
    const std::string trace = at("trace");
    Environment traceable = environment();
    traceable["ASAN_OPTIONS"] = "detect_leaks=0"; // which is done by tracing too
    for (const char* const verb : {"show", "umount", "delete"}) {
        daemon->add(mountedAt(7, {at("real/mounted")}));
        const Argv traced{"strace", "-f", "-e", "trace=%file", "-o", trace, FSRVP_FSRVPCTL};
        Argv all = traced;
        all.insert(all.end(), {verb, "link/mounted/"});

        const RunResult result = run(all, traceable);

        ASSERT_EQ(result.exitCode, 0) << result.err;
        EXPECT_THAT(linesOf(trace), testing::Contains(HasSubstr("/link\"")));
        for (const std::string& line : linesOf(trace)) {
            if (line.find("execve(") == std::string::npos) {
                EXPECT_THAT(line, testing::Not(HasSubstr("mounted")));
            }
        }
    }
}

} // namespace
} // namespace fsrvp::test
