// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>

namespace fsrvp::db::test {
namespace {

std::vector<std::int64_t> idsOf(const std::vector<Snapshot>& snapshots) {
    std::vector<std::int64_t> ids;
    ids.reserve(snapshots.size());
    for (const Snapshot& snapshot : snapshots) {
        ids.push_back(snapshot.id);
    }
    return ids;
}

using Ids = std::vector<std::int64_t>;

/// One usable snapshot, one deleted, one whose set failed, one being made, one lost; of two
/// sources and two owners.
class StoreQueries : public testing::Test {
  protected:
    StoreQueries() {
        usable = fixture.addSnapshot(guidOf(0x3f2a0001), {"fs1", "data"}, 1000).id;
        deleted = fixture.addSnapshot(guidOf(0x3f2a0002), {"fs1", "data"}, 1000).id;
        fixture.run(fixture.store().setCopyState(deleted, CopyState::Deleted, fixture.addJob()));
        const Snapshot given = fixture.addCopy(guidOf(0x3f2b0003), {"fs1", "home"}, 1000);
        failed = given.id;
        fixture.run(fixture.store().markSettled(given.setRow));
        creating = fixture.addCopy(guidOf(0x40000004), {"FS1", "Home"}, 0).id;
        lost = fixture.addSnapshot(guidOf(0x50000005), {"fs1", "data"}, 0).id;
        fixture.run(fixture.store().setCopyState(lost, CopyState::LostOnServer, fixture.addJob()));
    }

    Ids list(const SnapshotFilter& filter) { return idsOf(fixture.store().listSnapshots(filter)); }

    StoreFixture fixture;
    std::int64_t usable = 0;
    std::int64_t deleted = 0;
    std::int64_t failed = 0;
    std::int64_t creating = 0;
    std::int64_t lost = 0;
};

TEST_F(StoreQueries, ListLeavesOutHistory) {
    EXPECT_EQ(list(SnapshotFilter()), (Ids{usable, creating, lost}));
}

TEST_F(StoreQueries, ListWithHistoryHasAll) {
    SnapshotFilter filter;
    filter.history = true;
    EXPECT_EQ(list(filter), (Ids{usable, deleted, failed, creating, lost}));
}

TEST_F(StoreQueries, ListOfOneOwner) {
    SnapshotFilter filter;
    filter.ownerUid = 1000;
    EXPECT_EQ(list(filter), Ids{usable});
    filter.history = true;
    EXPECT_EQ(list(filter), (Ids{usable, deleted, failed}));
    filter.ownerUid = 77;
    EXPECT_EQ(list(filter), Ids{});
}

TEST_F(StoreQueries, ListOfOneSourceIgnoresCase) {
    SnapshotFilter filter;
    filter.source = Unc{"fS1", "hOME"};
    EXPECT_EQ(list(filter), Ids{creating});
    filter.history = true;
    EXPECT_EQ(list(filter), (Ids{failed, creating}));
    filter.source = Unc{"fs2", "home"};
    EXPECT_EQ(list(filter), Ids{});
}

TEST_F(StoreQueries, ListOfOneSourceAndOwner) {
    SnapshotFilter filter;
    filter.source = Unc{"fs1", "data"};
    filter.ownerUid = 0;
    EXPECT_EQ(list(filter), Ids{lost});
}

TEST_F(StoreQueries, PagesFollowOneAnother) {
    SnapshotFilter filter;
    filter.limit = 2;
    EXPECT_EQ(list(filter), (Ids{usable, creating}));
    filter.afterId = creating;
    EXPECT_EQ(list(filter), Ids{lost});
    filter.afterId = lost;
    EXPECT_EQ(list(filter), Ids{});
}

TEST_F(StoreQueries, PagesOfEveryFilterFollowOneAnother) {
    SnapshotFilter filter;
    filter.history = true;
    filter.limit = 1;
    filter.afterId = usable;
    EXPECT_EQ(list(filter), Ids{deleted});
    filter.ownerUid = 1000;
    EXPECT_EQ(list(filter), Ids{deleted});
    filter.source = Unc{"fs1", "data"};
    EXPECT_EQ(list(filter), Ids{deleted});
}

TEST_F(StoreQueries, FindsAnyStateByNumber) {
    EXPECT_EQ(fixture.find(deleted).state, CopyState::Deleted);
    EXPECT_FALSE(fixture.store().findSnapshot(4711));
}

TEST_F(StoreQueries, FindsByTheBeginningOfItsGuid) {
    Store& store = fixture.store();
    EXPECT_EQ(idsOf(store.findByGuidPrefix("3f2a0001-0")), Ids{usable});
    EXPECT_EQ(idsOf(store.findByGuidPrefix("3f2a0001-0000-4000-8000-000000000000")), Ids{usable});
    EXPECT_EQ(idsOf(store.findByGuidPrefix("3f2b")), Ids{failed});
    EXPECT_EQ(idsOf(store.findByGuidPrefix("5")), Ids{lost});
}

TEST_F(StoreQueries, AnAmbiguousBeginningGivesTwo) {
    EXPECT_EQ(fixture.store().findByGuidPrefix("3f2").size(), 2U);
    EXPECT_EQ(fixture.store().findByGuidPrefix("").size(), 2U);
}

TEST_F(StoreQueries, ABeginningThatNoGuidHasGivesNone) {
    EXPECT_TRUE(fixture.store().findByGuidPrefix("3f2a0003").empty());
    EXPECT_TRUE(fixture.store().findByGuidPrefix("3f2a0001-0000-4000-8000-0000000000000").empty());
    EXPECT_TRUE(fixture.store().findByGuidPrefix("%").empty());
    EXPECT_TRUE(fixture.store().findByGuidPrefix("zz").empty());
}

} // namespace
} // namespace fsrvp::db::test
