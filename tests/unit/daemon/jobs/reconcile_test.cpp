// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/reconcile_fixture.hpp"

#include <algorithm>

namespace fsrvp::jobs {
namespace {

TEST_F(ReconcileTest, WhatIsAsRecordedIsOk) {
    const std::uint64_t before = store().commits();

    const auto job = reconciled(of({}));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 ok, 2 ok");
    EXPECT_EQ(job->findings().at(0).server, "fs1");
    EXPECT_EQ(job->findings().at(0).share, snapshot(ids[0]).exposed);
    EXPECT_EQ(recorded(*job).operation, "reconcile");
    EXPECT_EQ(store().commits() - before, 3U) << "accepted, running, ended";
    EXPECT_TRUE(job->ids().empty());
}

TEST_F(ReconcileTest, ANameThatTheServerGivesNowIsRecorded) {
    const std::string now = snapshot(ids[0]).exposed;
    record(ids[0], "data@{old}");

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 repaired, 2 ok");
    EXPECT_EQ(snapshot(ids[0]).exposed, now);
    EXPECT_EQ(job->ids(), std::vector<std::int64_t>{ids[0]});
}

TEST_F(ReconcileTest, AShareThatWasRemovedByHandLeavesItUnshared) {
    server.removeExposedShare(snapshot(ids[0]).exposed);

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_NE(errorText(*job).find("1 unshared"), std::string::npos) << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 unshared, 2 ok");
    EXPECT_EQ(errorName(*remove({ids[0]})), "none") << "as the hint has it";
    EXPECT_EQ(server.onDisk().size(), 1U);
    EXPECT_EQ(statuses(*reconciled(of({"fs1"}))), "2 ok");
}

TEST_F(ReconcileTest, WhatIsGoneFromTheServerIsMissingAndStaysOnRecord) {
    removeByHand(ids[0]);
    removeByHand(ids[1]);
    server.forgetSets();

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(statuses(*job), "1 missing, 2 missing");
    EXPECT_EQ(job->findings().at(0).hint, "forget it: fsrvpctl reconcile --forget-missing fs1");
    EXPECT_EQ(copyStates(), "exposed exposed");
}

TEST_F(ReconcileTest, WhatIsGoneFromTheServerIsForgottenWhenAsked) {
    removeByHand(ids[0]);
    removeByHand(ids[1]);
    server.forgetSets();

    const auto job = forgotMissing();

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 forgotten, 2 forgotten");
    EXPECT_EQ(job->ids(), ids);
    EXPECT_EQ(copyStates(), "deleted deleted");
}

TEST_F(ReconcileTest, AWorkerThatDoesNotKnowTheSetsIsAskedAgainOnNewConnections) {
    const std::size_t connects = server.connectCount();
    forgetSets(4); // both, twice

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 ok, 2 ok");
    EXPECT_EQ(server.connectCount(), connects + 2);
}

TEST_F(ReconcileTest, SnapshotsOfOtherClientsAreForeign) {
    const std::string theirs = exposedName(madeByAnother());

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 ok, 2 ok, 0 foreign");
    EXPECT_EQ(job->findings().at(2).share, theirs);
    EXPECT_NE(job->findings().at(2).hint.find("--adopt '//fs1/" + theirs + "' --set"),
              std::string::npos);
}

TEST_F(ReconcileTest, OneThatIsOnRecordByAnotherNameOfItsServerIsNotForeign) {
    // As if fs2 were another name of fs1.
    addServer("fs2", {"data"});
    const auto made = create({"//fs2/data"})->ids();
    network.addShareName("fs1", snapshot(made.at(0)).exposed);

    EXPECT_EQ(statuses(*reconciled(of({"fs1"}))), "1 ok, 2 ok");
}

TEST_F(ReconcileTest, ADeleteThatHadBegunIsFinished) {
    run(store().setCopyState(ids[0], CopyState::Deleting, 1));

    const auto job = reconciled(of({}));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 deleted, 2 ok");
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

TEST_F(ReconcileTest, WhatAnEarlierJobLeftIsSettledFirst) {
    crash(); // and with it our connection
    FssClient other(server);
    const FssClient::Ids left = other.added(uR"(\\fs1\data\)");
    other.close();
    const ServerAccount account{ServerId{"fs1", 445}, {}};
    run(store().insertSet(1, account, left.set, ShadowCopyContext::NasRollback, false));

    EXPECT_EQ(errorName(*reconciled(of({}))), "none");

    EXPECT_EQ(setStates(), "complete settled");
    EXPECT_EQ(server.sets().size(), 1U);
}

TEST_F(ReconcileTest, AServerThatIsAwayDoesNotKeepTheOthers) {
    addServer("fs2", {"data"}).refuseConnections(Errc::Unreachable);

    const auto job = reconciled(of({"fs1", "fs2"}));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_NE(errorText(*job).find("fs2"), std::string::npos) << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 ok, 2 ok");
}

TEST_F(ReconcileTest, OneServerThatIsAwayIsTheError) {
    crash(); // and with it our connection
    server.refuseConnections(Errc::Unreachable);

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "Unreachable");
    EXPECT_TRUE(job->findings().empty());
    EXPECT_EQ(copyStates(), "exposed exposed");
}

TEST_F(ReconcileTest, ARefusalJudgesNothing) {
    server.fail<GetShareMapping>(Failure::result(hresult::kAccessDenied));

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "AccessDenied") << errorText(*job);
    EXPECT_EQ(copyStates(), "exposed exposed");
}

TEST_F(ReconcileTest, ACancelledOneHasNoFindings) {
    Settings settings;
    settings.workersEndSec = 3600;
    configure(settings);
    forgetSets(2);
    ReconcileRequest request;
    request.wish = of({"fs1"});
    const auto job = run(manager().reconcile(std::move(request)));
    ASSERT_TRUE(runUntil([&] {
        const Calls calls = server.calls();
        return std::count(calls.begin(), calls.end(), "GetShareMapping") == 4 &&
               job->phase() == Phase::Wait;
    }));

    job->cancellation().request(Error(Errc::Cancelled, "enough"));
    ended(job);

    EXPECT_EQ(errorName(*job), "Cancelled");
    EXPECT_TRUE(job->findings().empty());
    EXPECT_EQ(copyStates(), "exposed exposed");
}

TEST_F(ReconcileTest, WithoutRecordsThereIsNothingToDo) {
    remove(ids);

    const auto job = reconciled(of({}));

    EXPECT_EQ(errorName(*job), "none");
    EXPECT_TRUE(job->findings().empty());
}

} // namespace
} // namespace fsrvp::jobs
