// SPDX-License-Identifier: GPL-3.0-or-later

// What reconcile makes of snapshots that their servers have lost.

#include "tests/unit/daemon/jobs/reconcile_fixture.hpp"

#include <gmock/gmock.h>

namespace fsrvp::jobs {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Besides the two snapshots there may be one of `data` whose set the server has forgotten.
class ReconcileLost : public ReconcileTest {
  protected:
    static constexpr std::int64_t kLost = 3;

    void lose() {
        expireAfterCommit(server);
        create({"//fs1/data"});
        server.onCall({});
        ASSERT_EQ(snapshot(kLost).state, CopyState::LostOnServer);
    }

    void loseUnseen() {
        network.failShareQuestion(Error(Errc::AccessDenied, "not you"));
        lose();
        ASSERT_THAT(snapshot(kLost).remains, HasSubstr("maybe a snapshot of share data"));
    }

    void removeFromDisk(std::int64_t id) { server.removeFromDisk(snapshot(id).snapshotId); }

    /// When reconcile looks for what is left.
    void failTheLook(Errc code) {
        server.onCall([this, code](std::string_view call) {
            if (call == "GetShareMapping" && --mappings == 0) {
                network.failShareQuestion(Error(code, "no"));
            }
        });
    }

    int mappings = 5; ///< asked for: two once, that of the lost one three times
};

TEST_F(ReconcileLost, OneThatTheServerKnowsAgainIsASnapshotAgain) {
    run(store().markLost({ids[0], "share x"}, 1));

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(statuses(*job), "1 repaired, 2 ok");
    EXPECT_EQ(copyStates(), "exposed exposed");
    EXPECT_EQ(snapshot(ids[0]).remains, "");
}

TEST_F(ReconcileLost, ASetThatTheServerLostIsRecordedSoAndItsShareNamed) {
    server.forgetSets();

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(statuses(*job), "1 lost-on-server, 2 lost-on-server");
    EXPECT_EQ(copyStates(), "lost-on-server lost-on-server");
    EXPECT_EQ(snapshot(ids[0]).remains, "share " + snapshot(ids[0]).exposed);
    EXPECT_THAT(job->findings().at(0).hint, HasSubstr("net conf delshare 'data@{"));
    EXPECT_EQ(server.exposedShares().size(), 2U) << "nothing is changed on the server";
}

TEST_F(ReconcileLost, AShareThatIsGoneAndItsDirectoryNotIsNamedByThat) {
    server.removeExposedShare(snapshot(ids[0]).exposed);
    server.removeExposedShare(snapshot(ids[1]).exposed);
    server.forgetSets();

    const auto job = forgotMissing();

    EXPECT_EQ(statuses(*job), "1 lost-on-server, 2 lost-on-server");
    EXPECT_EQ(snapshot(ids[0]).remains, directory(server, "data"));
    EXPECT_THAT(job->findings().at(0).hint,
                HasSubstr("on the server: btrfs subvolume delete @GMT"));
    EXPECT_THAT(job->findings().at(0).hint, Not(HasSubstr("delshare"))) << "that was done";
}

TEST_F(ReconcileLost, OneWhoseDirectoryIsThereStaysLost) {
    lose();
    const std::string remains = snapshot(kLost).remains;

    const auto job = forgotMissing();

    EXPECT_EQ(statuses(*job), "1 ok, 2 ok, 3 lost-on-server");
    EXPECT_THAT(job->findings().at(2).hint, HasSubstr(remains + "; on the server: btrfs "));
    EXPECT_EQ(snapshot(kLost).remains, remains);
}

TEST_F(ReconcileLost, OneWhoseDirectoryWasRemovedIsMissingUntilItIsForgotten) {
    lose();
    removeFromDisk(kLost);

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(statuses(*job), "1 ok, 2 ok, 3 missing");
    EXPECT_THAT(job->findings().at(2).hint, HasSubstr("forget it: fsrvpctl reconcile"));
    EXPECT_EQ(copyStates(), "exposed exposed lost-on-server");

    const auto forgetting = forgotMissing();

    EXPECT_EQ(errorName(*forgetting), "none") << errorText(*forgetting);
    EXPECT_EQ(statuses(*forgetting), "1 ok, 2 ok, 3 forgotten");
    EXPECT_EQ(copyStates(), "exposed exposed deleted");
}

TEST_F(ReconcileLost, OneThatNobodyMayLookForStaysLost) {
    lose();
    removeFromDisk(kLost);
    failTheLook(Errc::AccessDenied);

    EXPECT_EQ(statuses(*forgotMissing()), "1 ok, 2 ok, 3 lost-on-server");

    EXPECT_EQ(copyStates(), "exposed exposed lost-on-server");
}

TEST_F(ReconcileLost, AServerThatGoesAwayInTheLookLeavesItLost) {
    lose();
    removeFromDisk(kLost);
    failTheLook(Errc::Unreachable);

    const auto job = forgotMissing();

    EXPECT_EQ(statuses(*job), "1 ok, 2 ok");
    EXPECT_THAT(errorText(*job), HasSubstr("looking into share 'data' on fs1: no"));
    EXPECT_EQ(copyStates(), "exposed exposed lost-on-server");
}

TEST_F(ReconcileLost, OfSeveralDirectoriesNoneMayBeLeft) {
    record(ids[0], snapshot(ids[0]).exposed); // without its time, as if it were another client's
    lose();
    ASSERT_THAT(snapshot(kLost).remains, HasSubstr("one of the directories @GMT-"));

    EXPECT_EQ(statuses(*forgotMissing()), "1 ok, 2 ok, 3 lost-on-server");
    removeFromDisk(kLost);
    EXPECT_EQ(statuses(*forgotMissing()), "1 ok, 2 ok, 3 lost-on-server");
    removeFromDisk(ids[0]);
    EXPECT_EQ(statuses(*forgotMissing()), "1 ok, 2 ok, 3 forgotten");
}

TEST_F(ReconcileLost, ADoubtGoesWhereOnlyKnownSnapshotsAreShown) {
    loseUnseen();

    EXPECT_EQ(statuses(*forgotMissing()), "1 ok, 2 ok, 3 lost-on-server");
    removeFromDisk(kLost);
    EXPECT_EQ(statuses(*forgotMissing()), "1 ok, 2 ok, 3 forgotten");
}

TEST_F(ReconcileLost, ADoubtStaysWhereNoneAreShown) {
    loseUnseen();
    removeFromDisk(kLost);
    remove({ids[0]});

    EXPECT_EQ(statuses(*forgotMissing()), "2 ok, 3 lost-on-server");
}

TEST_F(ReconcileLost, ADoubtIsNotLostBehindHundredsOfSnapshots) {
    loseUnseen();
    crash(); // and with it our connection
    FssClient other(server);
    for (int i = 0; i < 300; ++i) { // more than an agent tells at once
        const FssClient::Ids made = other.recovered(uR"(\\fs1\data\)");
        db::AdoptedCopy copy;
        copy.snapshotId = made.copy;
        copy.setId = made.set;
        copy.source = Unc{"fs1", "data"};
        copy.exposed = exposedName(made);
        copy.created = server.onDisk().back().time;
        run(store().adoptCopy(copy, {ServerId{"fs1", 445}, {}}, 1));
    }
    other.close();

    forgotMissing();

    EXPECT_EQ(snapshot(kLost).state, CopyState::LostOnServer);
    removeFromDisk(kLost);
    forgotMissing();
    EXPECT_EQ(snapshot(kLost).state, CopyState::Deleted);
}

TEST_F(ReconcileLost, AShareThatIsListedIsFoundByTheCopysId) {
    lose();
    removeFromDisk(kLost);
    const std::string share = "data@{" + snapshot(kLost).snapshotId.text() + "}";
    network.addShareName("fs1", share);

    EXPECT_EQ(statuses(*forgotMissing()), "1 ok, 2 ok, 3 lost-on-server");

    EXPECT_EQ(snapshot(kLost).remains, "share " + share);
}

} // namespace
} // namespace fsrvp::jobs
