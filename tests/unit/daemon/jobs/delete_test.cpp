// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <algorithm>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using When = Failure::When;

class DeleteTest : public JobsTest {
  protected:
    /// Snapshots of both shares, in one set.
    void SetUp() override {
        const auto job = create({"//fs1/data", "//fs1/other"});
        ASSERT_EQ(errorName(*job), "none") << errorText(*job);
        ids = job->ids();
    }

    long deletes() const {
        const Calls calls = server.calls();
        return std::count(calls.begin(), calls.end(), "DeleteShareMapping");
    }

    FssServer& server = addServer("fs1", {"data", "other"});
    std::vector<std::int64_t> ids;
};

TEST_F(DeleteTest, TheSnapshotGoesAndItsRowStays) {
    const auto job = remove({ids[0]});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(job->record().state, JobState::Done);
    EXPECT_EQ(job->ids(), (std::vector<std::int64_t>{ids[0]}));
    EXPECT_EQ(recorded(*job).operation, "delete");
    EXPECT_EQ(copyStates(), "deleted exposed");
    EXPECT_EQ(server.exposedShares().size(), 1U);
    EXPECT_EQ(server.onDisk().size(), 1U);
}

TEST_F(DeleteTest, TheWholeSetGoesWithItsLastCopy) {
    EXPECT_EQ(errorName(*remove(ids)), "none");

    EXPECT_EQ(deletes(), 2);
    EXPECT_EQ(copyStates(), "deleted deleted");
    expectNothingLeft(server);
}

TEST_F(DeleteTest, TheOrderOfTheIdsIsTheOperationsOwn) {
    // Opnum 10 takes copy and set, opnum 11 set and copy: with one of them the wrong way round
    // the server finds nothing, and neither the mapping nor the delete below could have worked.
    EXPECT_EQ(snapshot(ids[0]).exposed, server.sets().at(0).copies.at(0).exposed);

    EXPECT_EQ(errorName(*remove({ids[1]})), "none");

    EXPECT_EQ(server.onDisk().at(0).shadowCopyId, snapshot(ids[0]).snapshotId);
    EXPECT_EQ(deletes(), 1) << "taken at once";
}

TEST_F(DeleteTest, OneNamedTwiceIsDeletedOnce) {
    EXPECT_EQ(errorName(*remove({ids[0], ids[0]})), "none");

    EXPECT_EQ(deletes(), 1);
}

TEST_F(DeleteTest, AnExposedShareThatIsGoneCountsAsDeleted) {
    server.removeExposedShare(snapshot(ids[0]).exposed);

    EXPECT_EQ(errorName(*remove({ids[0]})), "none");

    EXPECT_EQ(copyStates(), "deleted exposed");
    EXPECT_EQ(server.onDisk().size(), 1U);
}

TEST_F(DeleteTest, ASetThatTheServerDoesNotKnowCountsAsDeletedWhenTheShareIsGone) {
    for (const std::uint32_t answer :
         {hresult::kObjectNotFound, hresult::kSetIdMismatch, hresult::kInvalidArgument}) {
        FssServer& fresh = startAfresh({"data"});
        const auto job = create({"//fs1/data"});
        fresh.removeExposedShare(snapshot(job->ids()[0]).exposed);
        fresh.removeFromDisk(snapshot(job->ids()[0]).snapshotId);
        fresh.fail<DeleteShareMapping>(Failure::result(answer));

        EXPECT_EQ(errorName(*remove(job->ids())), "none");
        EXPECT_EQ(copyStates(), "deleted");
    }
}

TEST_F(DeleteTest, AWorkerThatDoesNotKnowTheSetYetIsAskedAgainOnANewConnection) {
    server.fail<DeleteShareMapping>(Failure::result(hresult::kObjectNotFound));
    const std::size_t connects = server.connectCount();

    EXPECT_EQ(errorName(*remove({ids[0]})), "none");

    EXPECT_EQ(deletes(), 2);
    EXPECT_EQ(server.connectCount(), connects + 1);
    EXPECT_EQ(copyStates(), "deleted exposed");
}

TEST_F(DeleteTest, ASnapshotThatWasRemovedByHandCountsAsDeleted) {
    server.removeFromDisk(snapshot(ids[0]).snapshotId); // then E_FAIL, and the share is gone

    const auto job = remove({ids[0]});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(copyStates(), "deleted exposed");
}

TEST_F(DeleteTest, AServerThatFailsAndStillHasTheShareIsAnError) {
    for (const std::uint32_t answer : {hresult::kFail, hresult::kOutOfMemory}) {
        server.fail<DeleteShareMapping>(Failure::result(answer));

        const auto job = remove({ids[0]});

        EXPECT_EQ(errorName(*job), "Failed");
        EXPECT_EQ(job->error()->hresult(), answer);
        EXPECT_EQ(copyStates(), "exposed exposed");
    }
}

TEST_F(DeleteTest, WhateverTheServerSaysAShareThatIsGoneIsDeleted) {
    constexpr std::uint32_t kUndocumented = 0x80042399;
    for (const std::uint32_t answer :
         {hresult::kFail, hresult::kAccessDenied, hresult::kBadState, kUndocumented}) {
        FssServer& fresh = startAfresh({"data"});
        const auto made = create({"//fs1/data"})->ids();
        fresh.fail<DeleteShareMapping>(Failure::result(answer, When::AfterActing));

        EXPECT_EQ(errorName(*remove(made)), "none");

        EXPECT_EQ(copyStates(), "deleted");
        expectNothingLeft(fresh);
    }
}

TEST_F(DeleteTest, WhateverTheServerSaysADirectoryThatIsLeftIsNamed) {
    server.removeExposedShare(snapshot(ids[0]).exposed);
    server.fail<DeleteShareMapping>(Failure::result(hresult::kFail));

    EXPECT_EQ(errorName(*remove({ids[0]})), "LostOnServer");

    EXPECT_EQ(snapshot(ids[0]).remains,
              "directory " + server.directories("data").at(0) + " in share data");
}

TEST_F(DeleteTest, ARefusalLeavesItExposed) {
    server.fail<DeleteShareMapping>(Failure::result(hresult::kAccessDenied));

    const auto job = remove({ids[0]});

    EXPECT_EQ(errorName(*job), "AccessDenied");
    EXPECT_NE(errorText(*job).find("snapshot 1 of //fs1/data"), std::string::npos);
    EXPECT_EQ(copyStates(), "exposed exposed");
    EXPECT_EQ(errorName(*remove({ids[0]})), "none") << "and it can be deleted later";
}

TEST_F(DeleteTest, AServerThatIsAwayChangesNothing) {
    crash(); // and with it the connection
    server.refuseConnections(Errc::Unreachable);
    const std::uint64_t before = store().commits();

    const auto job = remove({ids[0]});

    EXPECT_EQ(errorName(*job), "Unreachable");
    EXPECT_EQ(copyStates(), "exposed exposed");
    EXPECT_EQ(store().commits() - before, 3U) << "accepted, running, ended";
}

TEST_F(DeleteTest, OneThatFailsDoesNotKeepTheOthers) {
    server.fail<DeleteShareMapping>(Failure::result(hresult::kAccessDenied));

    const auto job = remove(ids);

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(job->record().state, JobState::Failed);
    EXPECT_EQ(job->error()->hresult(), hresult::kAccessDenied);
    EXPECT_EQ(job->ids(), (std::vector<std::int64_t>{ids[1]}));
    EXPECT_EQ(copyStates(), "exposed deleted");
}

TEST_F(DeleteTest, AfterALostConnectionTheOthersAreStillDeleted) {
    crash(); // a new connection: one that has lingered is tried again
    server.fail<DeleteShareMapping>(Failure::drop(When::BeforeActing));

    const auto job = remove(ids);

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(copyStates(), "deleting deleted");
}

TEST_F(DeleteTest, WhenTheAnswerIsLostTheNextDeleteFinishesIt) {
    for (const When when : {When::BeforeActing, When::AfterActing}) {
        FssServer& fresh = startAfresh({"data"});
        const auto made = create({"//fs1/data"})->ids();
        crash(); // a new connection: one that has lingered is tried again
        fresh.fail<DeleteShareMapping>(Failure::drop(when));

        EXPECT_EQ(errorName(*remove(made)), "Unreachable");
        EXPECT_EQ(copyStates(), "deleting") << "nobody knows whether it is there";
        EXPECT_EQ(errorName(*remove(made)), "none");

        EXPECT_EQ(copyStates(), "deleted");
        expectNothingLeft(fresh);
    }
}

TEST_F(DeleteTest, TwoJobsForOneSnapshotBothSucceed) {
    const auto first = run(deleting({ids[0]}));
    const auto second = run(deleting({ids[0]}));
    ended(first);
    ended(second);

    EXPECT_EQ(errorName(*first), "none") << errorText(*first);
    EXPECT_EQ(errorName(*second), "none") << errorText(*second);
    EXPECT_EQ(deletes(), 1);
}

TEST_F(DeleteTest, WhatCannotBeDeletedIsRefusedAtOnce) {
    remove({ids[0]});
    EXPECT_EQ(errorOf(deleting({ids[0]})).code(), Errc::NotFound);

    Snapshot creating = snapshot(ids[1]);
    for (const auto& [state, code] : {std::pair(CopyState::Creating, Errc::BadState),
                                      std::pair(CopyState::Failed, Errc::NotFound)}) {
        creating.state = state;
        DeleteRequest request;
        request.snapshots.push_back(creating);
        EXPECT_EQ(errorOf(manager().remove(std::move(request))).code(), code);
    }
    EXPECT_EQ(errorOf(manager().remove(DeleteRequest())).code(), Errc::InvalidArgument);
    EXPECT_EQ(deletes(), 1);
}

TEST_F(DeleteTest, ServersAreDoneInParallelAndEachOnItsOwn) {
    FssServer& second = addServer("fs2", {"data"});
    const auto other = create({"//fs2/data"})->ids();
    server.fail<DeleteShareMapping>(Failure::result(hresult::kAccessDenied));

    const auto job = remove({ids[0], other[0]});

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_EQ(job->ids(), other);
    EXPECT_TRUE(second.exposedShares().empty());
}

} // namespace
} // namespace fsrvp::jobs
