// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace fsrvp::test {
namespace {

using nlohmann::json;

using CtlShow = CtlInDirectory;

TEST_F(CtlShow, PrintsKeysAndValues) {
    Snapshot s = FakeManager::snapshot(7);
    s.description = "two\nlines";
    s.labels = {{"a", "1"}, {"b", "2"}};
    s.mountPoints = {"/run/fsrvpd/mnt/7", "/srv/two\nlines"};
    s.absentMountPoints = {"/srv/gone"};
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
                  "remains:\n"
                  "owner_uid: 0\n"
                  "description: two\\x0alines\n"
                  "labels: a=1, b=2\n"
                  "policy:\n"
                  "protected: no\n"
                  "holds: 0\n"
                  "mount_points: /run/fsrvpd/mnt/7, /srv/two\\x0alines, /srv/gone (not mounted)\n");
}

TEST_F(CtlShow, TakesMountPoints) {
    Snapshot s = FakeManager::snapshot(7);
    s.mountPoints = {at("real/mine")};
    daemon->add(s);

    EXPECT_EQ(ctl({"show", "link/mine"}).out, ctl({"show", "7"}).out);
}

TEST_F(CtlShow, LeavesMountPointsEmptyWhenThereAreNone) {
    daemon->add(FakeManager::snapshot(7));

    EXPECT_THAT(ctl({"show", "7"}).out, testing::EndsWith("\nmount_points:\n"));
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

} // namespace
} // namespace fsrvp::test
