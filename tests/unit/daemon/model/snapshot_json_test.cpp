// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/snapshot_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp {
namespace {

constexpr TimeUs at(std::int64_t microseconds) {
    return TimeUs(std::chrono::microseconds(microseconds));
}

TEST(Rfc3339, AlwaysHasSixDecimals) {
    EXPECT_EQ(rfc3339(at(0)), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(rfc3339(at(1'795'332'600'000'000)), "2026-11-22T07:30:00.000000Z");
    EXPECT_EQ(rfc3339(at(1'795'332'600'000'007)), "2026-11-22T07:30:00.000007Z");
    EXPECT_EQ(rfc3339(at(1'795'332'599'999'999)), "2026-11-22T07:29:59.999999Z");
}

TEST(Rfc3339, KnowsLeapDaysAndTimesBefore1970) {
    EXPECT_EQ(rfc3339(at(951'782'400'000'000)), "2000-02-29T00:00:00.000000Z");
    EXPECT_EQ(rfc3339(at(-1)), "1969-12-31T23:59:59.999999Z");
}

Snapshot sample() {
    Snapshot snapshot;
    snapshot.id = 12;
    snapshot.setRow = 4;
    snapshot.snapshotId = Guid::parse("00112233-4455-6677-8899-aabbccddeeff");
    snapshot.setId = Guid::parse("ffeeddcc-bbaa-9988-7766-554433221100");
    snapshot.server = ServerId{"fs1", 1445};
    snapshot.source = Unc{"FS1", "data"};
    snapshot.exposed = "data@{00112233-4455-6677-8899-aabbccddeeff}";
    snapshot.created = at(1'795'332'600'000'000);
    snapshot.completed = at(1'795'332'601'500'000);
    snapshot.context = ShadowCopyContext::AppRollback;
    snapshot.writable = true;
    snapshot.state = CopyState::Exposed;
    snapshot.description = "before the update";
    snapshot.labels = {{"app", "erp"}, {"tier", "gold"}};
    snapshot.policy = "daily";
    snapshot.ownerUid = 1000;
    snapshot.mountPoints = {"/run/fsrvpd/mnt/12", "/srv/before"};
    snapshot.absentMountPoints = {"/srv/gone"};
    return snapshot;
}

TEST(SnapshotJson, HasEveryKeyOfSchema1InItsOrder) {
    EXPECT_EQ(snapshotToJson(sample()).dump(),
              R"({"id":12,"snapshot_id":"00112233-4455-6677-8899-aabbccddeeff",)"
              R"("set_id":"ffeeddcc-bbaa-9988-7766-554433221100","server":"fs1:1445",)"
              R"("share":"data","exposed":"data@{00112233-4455-6677-8899-aabbccddeeff}",)"
              R"("created":"2026-11-22T07:30:00.000000Z",)"
              R"("completed":"2026-11-22T07:30:01.500000Z","context":"app-rollback",)"
              R"("writable":true,"state":"exposed","remains":"","owner_uid":1000,)"
              R"("description":"before the update","labels":{"app":"erp","tier":"gold"},)"
              R"("policy":"daily","protected":false,"holds":0,)"
              R"("mount_points":["/run/fsrvpd/mnt/12","/srv/before"],)"
              R"("absent_mount_points":["/srv/gone"]})");
}

TEST(SnapshotJson, WritesNullForWhatIsNotKnown) {
    Snapshot snapshot = sample();
    snapshot.created.reset();
    snapshot.completed.reset();
    snapshot.policy.reset();

    const nlohmann::ordered_json json = snapshotToJson(snapshot);

    EXPECT_TRUE(json.at("created").is_null());
    EXPECT_TRUE(json.at("completed").is_null());
    EXPECT_TRUE(json.at("policy").is_null());
}

TEST(SnapshotJson, NoMountPointsAreEmptyArrays) {
    const nlohmann::ordered_json json = snapshotToJson(Snapshot());

    EXPECT_EQ(json.at("mount_points").dump(), "[]");
    EXPECT_EQ(json.at("absent_mount_points").dump(), "[]");
}

TEST(SnapshotJson, NoLabelsAreAnEmptyObject) {
    Snapshot snapshot = sample();
    snapshot.labels.clear();

    EXPECT_EQ(snapshotToJson(snapshot).at("labels").dump(), "{}");
}

} // namespace
} // namespace fsrvp
