// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/reconcile_fixture.hpp"

namespace fsrvp::jobs {
namespace {

using AdoptTest = ReconcileTest;

TEST_F(AdoptTest, AForeignOneIsAdoptedByItsSetAndCanBeDeleted) {
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

TEST_F(AdoptTest, OneOfOursWhoseRecordWasClosedIsAdoptedFromHistory) {
    const std::string share = snapshot(ids[0]).exposed;
    run(store().setCopyState(ids[0], CopyState::Deleted, 1)); // by mistake

    EXPECT_EQ(reconciled(of({"fs1"}))->findings().at(1).hint,
              "to record it: fsrvpctl reconcile --adopt '//fs1/" + share + "'");
    const auto job = adopted(share);

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(copyStates(), "deleted exposed exposed");
    EXPECT_EQ(snapshot(job->ids().at(0)).setId, snapshot(ids[0]).setId);
}

TEST_F(AdoptTest, NothingIsAdoptedWithoutItsSet) {
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

TEST_F(AdoptTest, OneThatTheServerExposesByAnotherNameIsNotAdopted) {
    const std::string share = snapshot(ids[0]).exposed;
    run(store().setCopyState(ids[0], CopyState::Deleted, 1)); // its share is known from history

    const auto job = adopted("other" + share.substr(4));

    EXPECT_EQ(errorName(*job), "NotFound");
    EXPECT_NE(errorText(*job).find("server fs1 exposes it as '" + share + "'"), std::string::npos)
        << errorText(*job);
    EXPECT_EQ(copyStates(), "deleted exposed");
}

TEST_F(AdoptTest, TheCaseOfAShareIsTheServersToTell) {
    const std::string share = snapshot(ids[0]).exposed;
    run(store().setCopyState(ids[0], CopyState::Deleted, 1));

    const auto job = adopted("DATA" + share.substr(4));

    ASSERT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(snapshot(job->ids().at(0)).exposed, share);
}

TEST_F(AdoptTest, OneThatIsNotExposedYetIsNotAdopted) {
    crash(); // and with it our connection
    FssClient other(server);
    const FssClient::Ids theirs = other.committed(uR"(\\fs1\data\)");
    other.close();

    const auto job = adopted(exposedName(theirs), theirs.set);

    EXPECT_EQ(errorName(*job), "NotFound");
    EXPECT_NE(errorText(*job).find("server fs1 has not exposed it"), std::string::npos)
        << errorText(*job);
}

TEST_F(AdoptTest, WhatIsOnRecordOrNoSnapshotIsNotAdopted) {
    EXPECT_EQ(errorName(*adopted(snapshot(ids[0]).exposed)), "AlreadyExists");
    EXPECT_EQ(errorName(*adopted("data")), "InvalidArgument");
    EXPECT_EQ(copyStates(), "exposed exposed");
}

} // namespace
} // namespace fsrvp::jobs
