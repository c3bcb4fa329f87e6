// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::StartsWith;

using CtlList = Ctl;

TEST_F(CtlList, PrintsAnAlignedTable) {
    Snapshot wide = FakeManager::snapshot(12);
    wide.source.share = "写真";
    wide.exposed = "写真@{1}";
    wide.state = CopyState::LostOnServer;
    wide.remains = "share 写真@{1}";
    Snapshot young = FakeManager::snapshot(3);
    young.exposed = "data@{3}";
    young.created.reset();
    wide.mountPoints = {"/run/fsrvpd/mnt/12"};
    wide.absentMountPoints = {"/srv/gone"};
    young.mountPoints = {"/mnt/a\n", "/mnt/b", "/mnt/c"};
    Snapshot plain = FakeManager::snapshot(4);
    plain.exposed = "data@{4}";
    daemon->add(plain);
    daemon->add(wide);
    daemon->add(young);

    const RunResult result = ctl({"list"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out,
              "ID  SERVER  SHARE  CREATED              STATE           SNAPSHOT  MOUNTED\n"
              "3   fs1     data   -                    exposed         data@{3}  /mnt/a\\x0a +2\n"
              "4   fs1     data   2026-11-18 11:06:44  exposed         data@{4}  -\n"
              "12  fs1     写真   2026-11-18 11:06:52  lost-on-server  写真@{1}  "
              "/run/fsrvpd/mnt/12\n");
    EXPECT_EQ(result.err, "fsrvpctl: snapshot 12: left on fs1: share 写真@{1}\n");
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

using CtlListIn = CtlInDirectory;

TEST_F(CtlListIn, FiltersByAPathOnTheShare) {
    daemon->addShare(at("real"), Unc{"fs1", "data"});
    Snapshot home = FakeManager::snapshot(2);
    home.source.share = "home";
    daemon->add(home);
    daemon->add(FakeManager::snapshot(3));

    const json document = json::parse(ctl({"list", "--json", "link/empty"}).out);
    const RunResult missing = ctl({"list", "nowhere"});

    ASSERT_EQ(document["snapshots"].size(), 1U);
    EXPECT_EQ(document["snapshots"][0]["id"], 3);
    EXPECT_EQ(missing.exitCode, 2);
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

} // namespace
} // namespace fsrvp::test
