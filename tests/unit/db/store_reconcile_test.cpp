// SPDX-License-Identifier: GPL-3.0-or-later
// What reconcile reads and writes.
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>

namespace fsrvp::db::test {
namespace {

using std::chrono::microseconds;
using Ids = std::vector<std::int64_t>;

Ids idsOf(const std::vector<Snapshot>& copies) {
    Ids ids;
    for (const Snapshot& copy : copies) {
        ids.push_back(copy.id);
    }
    return ids;
}

AdoptedCopy adopted(int guid) {
    AdoptedCopy copy;
    copy.snapshotId = guidOf(guid);
    copy.setId = guidOf(900);
    copy.source = Unc{"FS2", "Data"};
    copy.exposed = "data@{x}";
    copy.created = TimeUs(microseconds(5'000'000));
    copy.ownerUid = 1000;
    return copy;
}

ExposedCopy mapping(std::int64_t id) {
    ExposedCopy copy;
    copy.id = id;
    copy.exposed = "data@{new}";
    copy.created = TimeUs(microseconds(6'000'000));
    return copy;
}

const ServerAccount kFs2{ServerId{"fs2", 445}, CredentialOrigin::parse("stored:lab")};

TEST(StoreReconcile, AServersSnapshotsAreThoseThatAreNotHistory) {
    StoreFixture fixture;
    const Snapshot kept = fixture.addSnapshot(guidOf(1));
    const Snapshot gone = fixture.addSnapshot(guidOf(2));
    const Snapshot making = fixture.addCopy(guidOf(3));
    const std::int64_t job = fixture.addJob();
    fixture.run(fixture.store().setCopyState(gone.id, CopyState::Deleted, job));
    const std::int64_t elsewhere = fixture.run(fixture.store().adoptCopy(adopted(4), kFs2, job));

    EXPECT_EQ(idsOf(fixture.store().listOnServer(kept.server)), (Ids{kept.id, making.id}));
    EXPECT_EQ(idsOf(fixture.store().listOnServer(kFs2.server)), Ids{elsewhere});
    EXPECT_TRUE(fixture.store().listOnServer(ServerId{"fs2", 1445}).empty());
    EXPECT_EQ(fixture.store().listServers(), (std::vector<ServerId>{kept.server, kFs2.server}));
}

TEST(StoreReconcile, AServerWithASetToSettleIsListed) {
    StoreFixture fixture;
    EXPECT_TRUE(fixture.store().listServers().empty());
    const std::int64_t set = fixture.addSet();
    EXPECT_EQ(fixture.store().listServers().size(), 1U);
    fixture.run(fixture.store().markSettled(set));
    EXPECT_TRUE(fixture.store().listServers().empty());
}

TEST(StoreReconcile, AnAdoptedCopyIsAWholeSnapshotAfterARestart) {
    StoreFixture fixture;
    const std::int64_t job = fixture.addJob();
    const std::int64_t id = fixture.run(fixture.store().adoptCopy(adopted(7), kFs2, job));

    fixture.reopen();
    const Snapshot copy = fixture.find(id);

    EXPECT_EQ(copy.state, CopyState::Exposed);
    EXPECT_EQ(copy.snapshotId, guidOf(7));
    EXPECT_EQ(copy.setId, guidOf(900));
    EXPECT_EQ(copy.server, kFs2.server);
    EXPECT_EQ(copy.credential, kFs2.credential);
    EXPECT_EQ(copy.source.text(), "//FS2/Data");
    EXPECT_EQ(copy.exposed, "data@{x}");
    EXPECT_EQ(copy.created, TimeUs(microseconds(5'000'000)));
    EXPECT_EQ(copy.completed, copy.created);
    EXPECT_EQ(copy.context, ShadowCopyContext::NasRollback);
    EXPECT_EQ(copy.ownerUid, 1000U);
    EXPECT_TRUE(fixture.store().listUnsettledSets().empty());
}

TEST(StoreReconcile, WhatIsOnRecordIsNotAdopted) {
    StoreFixture fixture;
    const Snapshot there = fixture.addSnapshot(guidOf(7));
    const std::int64_t job = fixture.addJob();

    const Error refusal =
        errorOf([&] { fixture.run(fixture.store().adoptCopy(adopted(7), kFs2, job)); });

    EXPECT_EQ(refusal.code(), Errc::AlreadyExists);
    EXPECT_NE(std::string(refusal.what()).find("is snapshot 1 already"), std::string::npos);
    EXPECT_EQ(fixture.store().listServers(), std::vector<ServerId>{there.server});
}

TEST(StoreReconcile, OneThatWasRecordedAgainIsFoundByItsGuidAsTheNewest) {
    StoreFixture fixture;
    const Snapshot first = fixture.addSnapshot(guidOf(7));
    const std::int64_t job = fixture.addJob();
    fixture.run(fixture.store().setCopyState(first.id, CopyState::Deleted, job));
    const std::int64_t second = fixture.run(fixture.store().adoptCopy(adopted(7), kFs2, job));

    EXPECT_EQ(idsOf(fixture.store().findByGuidPrefix(guidOf(7).text())), Ids{second});
    fixture.addSnapshot(guidOf(8));
    EXPECT_EQ(fixture.store().findByGuidPrefix("0000000").size(), 2U) << "is ambiguous";
}

TEST(StoreReconcile, AMappingBringsALostCopyBack) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addSnapshot(guidOf(1));
    const std::int64_t job = fixture.addJob();
    fixture.run(fixture.store().markLost({copy.id, "share x"}, job));
    fixture.run(fixture.store().setMapping(mapping(copy.id), job));

    const Snapshot back = fixture.find(copy.id);

    EXPECT_EQ(back.state, CopyState::Exposed);
    EXPECT_EQ(back.exposed, "data@{new}");
    EXPECT_EQ(back.remains, "");
    EXPECT_EQ(back.created, TimeUs(microseconds(6'000'000)));
    EXPECT_EQ(back.completed, copy.completed) << "its set was complete before";
}

TEST(StoreReconcile, AMappingCompletesASetThatWasGivenUp) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    const std::int64_t job = fixture.addJob();
    fixture.run(fixture.store().markSettled(copy.setRow, {{copy.id, "a directory"}}));
    fixture.run(fixture.store().setMapping(mapping(copy.id), job));

    EXPECT_EQ(fixture.find(copy.id).completed, TimeUs(microseconds(6'000'000)));
}

TEST(StoreReconcile, ADeletedCopyGetsNoMapping) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addSnapshot(guidOf(1));
    const std::int64_t job = fixture.addJob();
    fixture.run(fixture.store().setCopyState(copy.id, CopyState::Deleted, job));

    const Error refusal =
        errorOf([&] { fixture.run(fixture.store().setMapping(mapping(copy.id), job)); });

    EXPECT_EQ(refusal.code(), Errc::BadState);
    EXPECT_EQ(fixture.find(copy.id).exposed, copy.exposed);
}

} // namespace
} // namespace fsrvp::db::test
