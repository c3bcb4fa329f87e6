// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>

namespace fsrvp::db::test {
namespace {

TEST(StoreSnapshots, AStartedSetIsUnsettledAfterARestart) {
    StoreFixture fixture;
    const std::int64_t job = fixture.addJob();
    const ServerAccount account{ServerId{"fs1", 1445}, CredentialOrigin::parse("stored:lab")};
    const std::int64_t row = fixture.run(
        fixture.store().insertSet(job, account, guidOf(7), ShadowCopyContext::AppRollback, true));

    const std::vector<ShadowCopySet> sets = fixture.reopen().listUnsettledSets();

    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(sets[0].row, row);
    EXPECT_EQ(sets[0].job, job);
    EXPECT_EQ(sets[0].server, account.server);
    EXPECT_EQ(sets[0].credential, account.credential);
    EXPECT_EQ(sets[0].setId, guidOf(7));
    EXPECT_EQ(sets[0].state, SetState::Started);
    EXPECT_TRUE(sets[0].copies.empty());
}

TEST(StoreSnapshots, ACommittingSetHasItsCopiesAfterARestart) {
    StoreFixture fixture;
    const std::int64_t set = fixture.addSet(guidOf(9));
    std::vector<NewCopy> copies(2);
    copies[0].snapshotId = guidOf(20);
    copies[0].source = Unc{"FS1", "Data"};
    copies[1].snapshotId = guidOf(10);
    copies[1].source = Unc{"fs1", "home$"};
    Labelling labelling;
    labelling.description = "before the upgrade";
    labelling.labels = {{"release", "12"}, {"who", "J\u00f6rg"}};
    const std::vector<std::int64_t> ids =
        fixture.run(fixture.store().markCommitting(set, copies, labelling, 1000));

    const std::vector<ShadowCopySet> sets = fixture.reopen().listUnsettledSets();

    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(sets[0].state, SetState::Committing);
    ASSERT_EQ(sets[0].copies.size(), 2U);
    const Snapshot& first = sets[0].copies[0];
    EXPECT_EQ(first.id, ids.at(0));
    EXPECT_EQ(first.setRow, set);
    EXPECT_EQ(first.snapshotId, guidOf(20));
    EXPECT_EQ(first.setId, guidOf(9));
    EXPECT_EQ(first.server.text(), "fs1");
    EXPECT_EQ(first.source.text(), "//FS1/Data");
    EXPECT_EQ(first.exposed, "");
    EXPECT_FALSE(first.created);
    EXPECT_FALSE(first.completed);
    EXPECT_EQ(first.context, ShadowCopyContext::NasRollback);
    EXPECT_FALSE(first.writable);
    EXPECT_EQ(first.state, CopyState::Creating);
    EXPECT_EQ(first.description, labelling.description);
    EXPECT_EQ(first.labels, labelling.labels);
    EXPECT_FALSE(first.policy);
    EXPECT_EQ(first.ownerUid, 1000U);
    EXPECT_EQ(sets[0].copies[1].id, ids.at(1));
    EXPECT_EQ(sets[0].copies[1].source.share, "home$");
}

TEST(StoreSnapshots, AnExposedSetIsUnsettledAfterARestart) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    std::vector<ExposedCopy> exposed(1);
    exposed[0].id = copy.id;
    exposed[0].exposed = "data@{1}";
    exposed[0].created = TimeUs(std::chrono::microseconds(1'700'000'000'000'001));
    fixture.run(fixture.store().markExposed(copy.setRow, exposed));

    const std::vector<ShadowCopySet> sets = fixture.reopen().listUnsettledSets();

    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(sets[0].state, SetState::Exposed);
    ASSERT_EQ(sets[0].copies.size(), 1U);
    EXPECT_EQ(sets[0].copies[0].state, CopyState::Creating);
    EXPECT_EQ(sets[0].copies[0].exposed, "data@{1}");
    EXPECT_EQ(sets[0].copies[0].created, exposed[0].created);
}

TEST(StoreSnapshots, ACompleteSetHasUsableSnapshotsAfterARestart) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addSnapshot(guidOf(1)).id;

    Store& store = fixture.reopen();

    EXPECT_TRUE(store.listUnsettledSets().empty());
    const Snapshot snapshot = fixture.find(id);
    EXPECT_EQ(snapshot.state, CopyState::Exposed);
    EXPECT_EQ(snapshot.completed, TimeUs(std::chrono::seconds(2)));
}

TEST(StoreSnapshots, ASettledSetIsOverAndItsCopiesFailed) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    fixture.run(fixture.store().markSettled(copy.setRow));

    Store& store = fixture.reopen();

    EXPECT_TRUE(store.listUnsettledSets().empty());
    EXPECT_EQ(fixture.find(copy.id).state, CopyState::Failed);
}

TEST(StoreSnapshots, WhatIsLostOnTheServerStaysSoWhenItsSetIsSettled) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    fixture.run(fixture.store().markLost({copy.id, "share data@{…}"}, fixture.addJob()));

    fixture.run(fixture.store().markSettled(copy.setRow));

    EXPECT_EQ(fixture.find(copy.id).state, CopyState::LostOnServer);
    EXPECT_EQ(fixture.find(copy.id).remains, "share data@{…}");
    EXPECT_EQ(fixture.store().listSnapshots(SnapshotFilter()).size(), 1U);
}

TEST(StoreSnapshots, ASettledSetTellsWhatIsLeftOfIt) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    const Snapshot other = fixture.addSnapshot(guidOf(2));

    fixture.run(fixture.store().markSettled(
        copy.setRow, {{copy.id, "directory @GMT-1"}, {other.id, "of another set"}}));

    EXPECT_EQ(fixture.find(copy.id).state, CopyState::LostOnServer);
    EXPECT_EQ(fixture.find(copy.id).remains, "directory @GMT-1");
    EXPECT_EQ(fixture.find(other.id).state, CopyState::Exposed);
    EXPECT_TRUE(fixture.store().listUnsettledSets().empty());
}

TEST(StoreSnapshots, WhatIsFoundAgainIsLostNoMore) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addSnapshot(guidOf(1));
    fixture.run(fixture.store().markLost({copy.id, "share data@{…}"}, fixture.addJob()));

    fixture.run(fixture.store().setCopyState(copy.id, CopyState::Exposed, fixture.addJob()));

    EXPECT_EQ(fixture.find(copy.id).state, CopyState::Exposed);
    EXPECT_EQ(fixture.find(copy.id).remains, "");
}

TEST(StoreSnapshots, LostOnesAreListedAndTheirTimeIsKnown) {
    StoreFixture fixture;
    const std::int64_t set = fixture.addSet();
    const ServerId server = fixture.store().listUnsettledSets().at(0).server;
    EXPECT_NE(fixture.store().listUnsettledSets().at(0).started, TimeUs());
    EXPECT_FALSE(fixture.store().listUnsettledSets().at(0).committing);
    std::vector<NewCopy> copies(2);
    copies[0].source = Unc{"fs1", "data"};
    copies[1].source = Unc{"fs1", "home"};
    const auto ids = fixture.run(fixture.store().markCommitting(set, copies, {}, 0));
    const ShadowCopySet recorded = fixture.store().listUnsettledSets().at(0);
    EXPECT_GE(recorded.committing.value(), recorded.started);
    const TimeUs time(std::chrono::seconds(1'770'000'000));
    EXPECT_FALSE(fixture.store().isKnown(server, "data", time));

    fixture.run(fixture.store().markSettled(set, {{ids[0], "directory @GMT-1", time}}));

    ASSERT_EQ(fixture.store().listLost().size(), 1U);
    EXPECT_EQ(fixture.store().listLost()[0].created, time);
    EXPECT_TRUE(fixture.store().isKnown(server, "DATA", time));
    EXPECT_FALSE(fixture.store().isKnown(server, "home", time));
    EXPECT_FALSE(fixture.store().isKnown(server, "data", time + std::chrono::seconds(1)));
    EXPECT_FALSE(fixture.store().isKnown(ServerId{"fs9"}, "data", time));
    fixture.run(fixture.store().setCopyState(ids[0], CopyState::Deleted, fixture.addJob()));
    EXPECT_TRUE(fixture.store().isKnown(server, "data", time));
}

TEST(StoreSnapshots, AttemptsToSettleAreCounted) {
    StoreFixture fixture;
    const std::int64_t set = fixture.addSet();

    EXPECT_EQ(fixture.run(fixture.store().countAttempt(set)), 1U);
    EXPECT_EQ(fixture.run(fixture.store().countAttempt(set)), 2U);

    EXPECT_EQ(fixture.reopen().listUnsettledSets().at(0).attempts, 2U);
    EXPECT_EQ(errorOf([&] { fixture.run(fixture.store().countAttempt(set + 1)); }).code(),
              Errc::NotFound);
}

TEST(StoreSnapshots, UnsettledSetsComeOldestFirst) {
    StoreFixture fixture;
    const std::int64_t first = fixture.addSet();
    const std::int64_t settled = fixture.addSet();
    const std::int64_t third = fixture.addSet();
    fixture.run(fixture.store().markSettled(settled));

    const std::vector<ShadowCopySet> sets = fixture.store().listUnsettledSets();

    ASSERT_EQ(sets.size(), 2U);
    EXPECT_EQ(sets[0].row, first);
    EXPECT_EQ(sets[1].row, third);
}

TEST(StoreSnapshots, ASetMovesOnlyForward) {
    StoreFixture fixture;
    Store& store = fixture.store();
    const std::int64_t started = fixture.addSet();
    const Snapshot committing = fixture.addCopy(guidOf(1));
    const Snapshot complete = fixture.addSnapshot(guidOf(2));
    const Snapshot settled = fixture.addCopy(guidOf(3));
    fixture.run(store.markSettled(settled.setRow));
    const std::uint64_t commits = store.commits();

    const auto code = [&](auto task) {
        return errorOf([&] { fixture.run(std::move(task)); }).code();
    };
    EXPECT_EQ(code(store.markExposed(started, {})), Errc::BadState);
    EXPECT_EQ(code(store.markComplete(started, TimeUs())), Errc::BadState);
    EXPECT_EQ(code(store.markComplete(committing.setRow, TimeUs())), Errc::BadState);
    EXPECT_EQ(code(store.markCommitting(committing.setRow, {}, {}, 0)), Errc::BadState);
    EXPECT_EQ(code(store.markSettled(complete.setRow)), Errc::BadState);
    EXPECT_EQ(code(store.markComplete(complete.setRow, TimeUs())), Errc::BadState);
    EXPECT_EQ(code(store.markExposed(settled.setRow, {})), Errc::BadState);
    EXPECT_EQ(code(store.markSettled(settled.setRow)), Errc::BadState);
    EXPECT_EQ(store.commits(), commits);
    EXPECT_EQ(fixture.find(complete.id).state, CopyState::Exposed);
}

TEST(StoreSnapshots, ARefusedMoveSaysWhichSetAndWhy) {
    StoreFixture fixture;
    const std::int64_t set = fixture.addSet();
    fixture.run(fixture.store().markSettled(set));

    const Error error = errorOf([&] { fixture.run(fixture.store().markExposed(set, {})); });

    EXPECT_STREQ(error.what(), "cannot mark shadow copy set 1 exposed: it is settled");
}

TEST(StoreSnapshots, ExposingACopyOfAnotherSetChangesNothing) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    const Snapshot other = fixture.addCopy(guidOf(2));
    std::vector<ExposedCopy> exposed(2);
    exposed[0].id = copy.id;
    exposed[0].exposed = "data@{1}";
    exposed[1].id = other.id;

    const Error error =
        errorOf([&] { fixture.run(fixture.store().markExposed(copy.setRow, exposed)); });

    EXPECT_EQ(error.code(), Errc::NotFound);
    EXPECT_EQ(fixture.find(copy.id).exposed, "");
    EXPECT_EQ(fixture.store().listUnsettledSets().at(0).state, SetState::Committing);
}

TEST(StoreSnapshots, ADeleteUnderWayIsThereAfterARestart) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addSnapshot(guidOf(1)).id;
    fixture.addSnapshot(guidOf(2));
    fixture.run(fixture.store().setCopyState(id, CopyState::Deleting, fixture.addJob()));

    const std::vector<Snapshot> deleting = fixture.reopen().listDeleting();

    ASSERT_EQ(deleting.size(), 1U);
    EXPECT_EQ(deleting[0].id, id);
}

TEST(StoreSnapshots, ADeletedOneIsFinal) {
    StoreFixture fixture;
    Store& store = fixture.store();
    const std::int64_t id = fixture.addSnapshot(guidOf(1)).id;
    const std::int64_t job = fixture.addJob();
    fixture.run(store.setCopyState(id, CopyState::Deleting, job));
    fixture.run(store.setCopyState(id, CopyState::Deleted, job));

    const Error error =
        errorOf([&] { fixture.run(store.setCopyState(id, CopyState::Exposed, job)); });

    EXPECT_EQ(error.code(), Errc::BadState);
    EXPECT_TRUE(store.listDeleting().empty());
    EXPECT_EQ(fixture.reopen().findSnapshot(id).value().state, CopyState::Deleted);
}

TEST(StoreSnapshots, ARefusedDeleteLeavesAUsableSnapshot) {
    StoreFixture fixture;
    const std::int64_t id = fixture.addSnapshot(guidOf(1)).id;
    const std::int64_t job = fixture.addJob();
    fixture.run(fixture.store().setCopyState(id, CopyState::Deleting, job));

    fixture.run(fixture.store().setCopyState(id, CopyState::Exposed, job));

    EXPECT_EQ(fixture.find(id).state, CopyState::Exposed);
}

TEST(StoreSnapshots, OnlyItsSetMakesACopyUsable) {
    StoreFixture fixture;
    const Snapshot copy = fixture.addCopy(guidOf(1));
    const std::int64_t job = fixture.addJob();

    for (const CopyState state : {CopyState::Creating, CopyState::Exposed, CopyState::Failed}) {
        const Error error =
            errorOf([&] { fixture.run(fixture.store().setCopyState(copy.id, state, job)); });
        EXPECT_EQ(error.code(), Errc::BadState) << copyStateName(state);
    }
}

TEST(StoreSnapshots, NumbersOfErasedOnesAreNotUsedAgain) {
    StoreFixture fixture;
    const std::int64_t first = fixture.addSnapshot(guidOf(1)).id;
    fixture.close();
    Database(fixture.file(), Access::ReadWrite)
        .execute("DELETE FROM job_step; DELETE FROM shadow_copy");
    fixture.reopen();

    const std::int64_t second = fixture.addSnapshot(guidOf(2)).id;

    EXPECT_GT(second, first);
}

TEST(StoreSnapshots, EveryChangeWritesItsStepInItsOwnTransaction) {
    StoreFixture fixture;
    Store& store = fixture.store();
    const std::int64_t id = fixture.addSnapshot(guidOf(1)).id;
    fixture.run(store.finishJob(1, JobState::Done, "", ""));
    const std::int64_t job = fixture.addJob();
    fixture.run(store.startJob(job));
    fixture.run(store.setCopyState(id, CopyState::Deleting, job));
    fixture.run(store.setCopyState(id, CopyState::Deleted, job));
    fixture.run(store.finishJob(job, JobState::Done, "", ""));
    EXPECT_EQ(store.commits(), 11U);
    fixture.close();

    const Database database(fixture.file(), Access::ReadWrite);
    Statement rows(database,
                   "SELECT job || ' ' || ifnull(set_row, '-') || ' ' || ifnull(copy, '-') || ' '"
                   " || name FROM job_step WHERE at_us > 0 ORDER BY id");
    std::vector<std::string> steps;
    while (rows.step()) {
        steps.push_back(rows.read<std::string>());
    }

    const std::vector<std::string> expected{"1 - - accepted",
                                            "1 1 - started",
                                            "1 1 - committing",
                                            "1 1 - exposed",
                                            "1 1 - complete",
                                            "1 - - ended",
                                            "2 - - accepted",
                                            "2 - - running",
                                            "2 1 1 deleting",
                                            "2 1 1 deleted",
                                            "2 - - ended"};
    EXPECT_EQ(steps, expected);
}

TEST(StoreSnapshots, AChangeForAJobThatIsNotThereIsRefusedByTheDatabase) {
    StoreFixture fixture;

    const Error error = errorOf([&] {
        fixture.run(fixture.store().insertSet(
            99, ServerAccount(), guidOf(1), ShadowCopyContext::NasRollback, false));
    });

    EXPECT_EQ(error.code(), Errc::Database);
    EXPECT_EQ(std::string(error.what()),
              "cannot write " + fixture.file().string() + ": FOREIGN KEY constraint failed");
    EXPECT_FALSE(error.hint().empty());
    EXPECT_TRUE(fixture.store().listUnsettledSets().empty());
}

} // namespace
} // namespace fsrvp::db::test
