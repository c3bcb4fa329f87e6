// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace fsrvp::test {
namespace {

using nlohmann::json;

using CtlDelete = CtlInDirectory;

TEST_F(CtlDelete, PrintsALineASnapshot) {
    daemon->add(FakeManager::snapshot(7));

    const RunResult result = ctl({"delete", "7"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out, "snapshot 7 of //fs1/data is deleted\n");
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

TEST_F(CtlDelete, TakesMountPoints) {
    Snapshot mounted = FakeManager::snapshot(7);
    mounted.mountPoints = {at("real/[a,b]")};
    Snapshot absent = FakeManager::snapshot(8);
    absent.absentMountPoints = {at("gone")};
    daemon->add(mounted);
    daemon->add(absent);

    const RunResult result = ctl({"delete", "link/[a,b]/", "gone"});

    EXPECT_EQ(result.out,
              "snapshot 7 of //fs1/data is deleted\nsnapshot 8 of //fs1/data is deleted\n");
    EXPECT_TRUE(daemon->find(7).mountPoints.empty());
}

TEST_F(CtlDelete, SaysWhoHoldsAMountAndGoesOnWithTheOthers) {
    Snapshot held = FakeManager::snapshot(7);
    held.mountPoints = {"/mnt/a"};
    daemon->add(held);
    daemon->add(FakeManager::snapshot(8));
    daemon->holdMount("/mnt/a", "bash (4711)");

    const RunResult result = ctl({"delete", "7", "8"});

    EXPECT_EQ(result.exitCode, 6);
    EXPECT_EQ(result.out, "snapshot 8 of //fs1/data is deleted\n");
    EXPECT_THAT(result.err, testing::HasSubstr("bash (4711)"));
    EXPECT_EQ(ctl({"delete", "7"}).exitCode, 7);
}

TEST_F(CtlDelete, ReportsAnUnknownSnapshot) {
    const RunResult result = ctl({"delete", "9"});

    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(result.err, "fsrvpctl: there is no snapshot '9'\n");
}

} // namespace
} // namespace fsrvp::test
