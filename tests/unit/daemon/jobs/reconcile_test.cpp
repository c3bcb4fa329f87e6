// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/fsrvp/fss_client.hpp"
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <algorithm>
#include <optional>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;

class ReconcileTest : public JobsTest {
  protected:
    /// Snapshots of both shares, in one set.
    void SetUp() override {
        const auto job = create({"//fs1/data", "//fs1/other"});
        ASSERT_EQ(errorName(*job), "none") << errorText(*job);
        ids = job->ids();
    }

    static ReconcileWish of(const std::vector<std::string>& hosts) {
        ReconcileWish wish;
        for (const std::string& host : hosts) {
            wish.servers.push_back(ServerId{host, 445});
        }
        return wish;
    }

    std::shared_ptr<Job> reconciled(ReconcileWish wish) {
        ReconcileRequest request;
        request.wish = std::move(wish);
        return ended(run(manager().reconcile(std::move(request))));
    }

    std::shared_ptr<Job> adopted(const std::string& share, std::optional<Guid> setId = {}) {
        ReconcileRequest request;
        AdoptWish& wish = request.adopt.emplace();
        wish.server = ServerId{"fs1", 445};
        wish.share = Unc{"fs1", share};
        wish.setId = setId;
        wish.uid = 1000;
        return ended(run(manager().reconcile(std::move(request))));
    }

    /// "1 ok, 2 missing"
    static std::string statuses(const Job& job) {
        std::string text;
        for (const Finding& finding : job.findings()) {
            text += (text.empty() ? "" : ", ") + std::to_string(finding.id) + " " +
                    std::string(findingStatusName(finding.status));
        }
        return text;
    }

    /// The server does not know any set when it is asked so many times.
    void forgetSets(unsigned times) {
        server.failTimes<GetShareMapping>(times, Failure::result(hresult::kInvalidArgument));
    }

    /// Of share `data`, by another client, which is gone then.
    FssClient::Ids madeByAnother() {
        crash(); // and with it our connection
        FssClient other(server);
        return other.recovered(uR"(\\fs1\data\)");
    }

    static std::string exposedName(const FssClient::Ids& made) {
        return "data@{" + made.copy.text() + "}";
    }

    /// Says something else than the server has.
    void record(std::int64_t id, const std::string& exposed) {
        db::ExposedCopy copy;
        copy.id = id;
        copy.exposed = exposed;
        run(store().setMapping(std::move(copy), 1));
    }

    FssServer& server = addServer("fs1", {"data", "other"});
    std::vector<std::int64_t> ids;
};

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

TEST_F(ReconcileTest, ALostOneThatTheServerKnowsAgainIsASnapshotAgain) {
    run(store().markLost({ids[0], "share x"}, 1));

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(statuses(*job), "1 repaired, 2 ok");
    EXPECT_EQ(copyStates(), "exposed exposed");
    EXPECT_EQ(snapshot(ids[0]).remains, "");
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
    server.removeExposedShare(snapshot(ids[0]).exposed);
    server.removeExposedShare(snapshot(ids[1]).exposed);
    forgetSets(6); // both, three times

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(statuses(*job), "1 missing, 2 missing");
    EXPECT_EQ(copyStates(), "exposed exposed");
}

TEST_F(ReconcileTest, WhatIsGoneFromTheServerIsForgottenWhenAsked) {
    server.removeExposedShare(snapshot(ids[0]).exposed);
    server.removeExposedShare(snapshot(ids[1]).exposed);
    forgetSets(6);
    ReconcileWish wish = of({"fs1"});
    wish.forgetMissing = true;

    const auto job = reconciled(wish);

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 forgotten, 2 forgotten");
    EXPECT_EQ(job->ids(), ids);
    EXPECT_EQ(copyStates(), "deleted deleted");
}

TEST_F(ReconcileTest, ASetThatTheServerLostIsRecordedSoAndItsShareNamed) {
    forgetSets(6);

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(statuses(*job), "1 lost-on-server, 2 lost-on-server");
    EXPECT_EQ(copyStates(), "lost-on-server lost-on-server");
    EXPECT_EQ(snapshot(ids[0]).remains, "share " + snapshot(ids[0]).exposed);
    EXPECT_NE(job->findings().at(0).hint.find("net conf delshare 'data@{"), std::string::npos);
    EXPECT_EQ(server.exposedShares().size(), 2U) << "nothing is changed on the server";
}

TEST_F(ReconcileTest, AWorkerThatDoesNotKnowTheSetsIsAskedAgainOnNewConnections) {
    const std::size_t connects = server.connectCount();
    forgetSets(4); // both, twice

    const auto job = reconciled(of({"fs1"}));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(statuses(*job), "1 ok, 2 ok");
    EXPECT_EQ(server.connectCount(), connects + 2);
}

TEST_F(ReconcileTest, OneOfWhichADirectoryIsLeftStaysLost) {
    record(ids[0], "");
    run(store().markLost({ids[0], "directory @GMT-x in share data"}, 1));
    forgetSets(6);
    ReconcileWish wish = of({"fs1"});
    wish.forgetMissing = true;

    const auto job = reconciled(wish);

    EXPECT_EQ(statuses(*job), "1 lost-on-server, 2 lost-on-server");
    EXPECT_EQ(job->findings().at(0).hint, "directory @GMT-x in share data");
    EXPECT_EQ(snapshot(ids[0]).remains, "directory @GMT-x in share data");
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

TEST_F(ReconcileTest, AForeignOneIsAdoptedByItsSetAndCanBeDeleted) {
    const FssClient::Ids theirs = madeByAnother();

    const auto job = adopted(exposedName(theirs), theirs.set);

    ASSERT_EQ(errorName(*job), "none") << errorText(*job);
    const Snapshot copy = snapshot(job->ids().at(0));
    EXPECT_EQ(statuses(*job), std::to_string(copy.id) + " adopted");
    EXPECT_EQ(copy.state, CopyState::Exposed);
    EXPECT_EQ(copy.source.text(), "//fs1/data");
    EXPECT_EQ(copy.exposed, exposedName(theirs));
    EXPECT_EQ(copy.ownerUid, 1000U);
    EXPECT_TRUE(copy.created);
    EXPECT_EQ(statuses(*reconciled(of({"fs1"}))), "1 ok, 2 ok, 3 ok");
    EXPECT_EQ(errorName(*remove(job->ids())), "none");
    EXPECT_EQ(server.onDisk().size(), 2U);
}

TEST_F(ReconcileTest, OneOfOursWhoseRecordWasClosedIsAdoptedFromHistory) {
    const std::string share = snapshot(ids[0]).exposed;
    run(store().setCopyState(ids[0], CopyState::Deleted, 1)); // by mistake

    EXPECT_EQ(reconciled(of({"fs1"}))->findings().at(1).hint,
              "to record it: fsrvpctl reconcile --adopt '//fs1/" + share + "'");
    const auto job = adopted(share);

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(copyStates(), "deleted exposed exposed");
    EXPECT_EQ(snapshot(job->ids().at(0)).setId, snapshot(ids[0]).setId);
}

TEST_F(ReconcileTest, NothingIsAdoptedWithoutItsSet) {
    const FssClient::Ids theirs = madeByAnother();

    const auto unknown = adopted(exposedName(theirs));
    const auto wrong = adopted(exposedName(theirs), Guid::random());
    const auto another = adopted(exposedName(theirs), snapshot(ids[0]).setId);

    EXPECT_EQ(errorName(*unknown), "NotSupported");
    EXPECT_NE(unknown->error()->hint().find("net conf delshare '"), std::string::npos);
    EXPECT_EQ(errorName(*wrong), "NotFound");
    EXPECT_EQ(errorName(*another), "NotFound");
    EXPECT_EQ(copyStates(), "exposed exposed");
}

TEST_F(ReconcileTest, WhatIsOnRecordOrNoSnapshotIsNotAdopted) {
    EXPECT_EQ(errorName(*adopted(snapshot(ids[0]).exposed)), "AlreadyExists");
    EXPECT_EQ(errorName(*adopted("data")), "InvalidArgument");
    EXPECT_EQ(copyStates(), "exposed exposed");
}

} // namespace
} // namespace fsrvp::jobs
