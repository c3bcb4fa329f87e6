// SPDX-License-Identifier: GPL-3.0-or-later
// What a client does from IsPathSupported to DeleteShareMapping, against the fake server.
#include "daemon/base/utf16.hpp"
#include "tests/unit/daemon/fsrvp/fss_client.hpp"

namespace fsrvp {
namespace {

using fakes::FssSetState;
using hresult::kOk;

using Sequence = FssTest;

TEST_F(Sequence, CreatesAndDeletesASnapshot) {
    const auto supported = client.askPath<IsPathSupported>(data);
    EXPECT_EQ(supported.hresult, kOk);
    EXPECT_TRUE(static_cast<bool>(supported.out.supportedByThisProvider));
    EXPECT_EQ(supported.out.ownerMachineName.value, u"LABSRV");
    const auto version = client.ask<GetSupportedVersion>({});
    EXPECT_EQ(version.out.minVersion, 1U);
    EXPECT_EQ(version.out.maxVersion, 1U);
    EXPECT_EQ(client.setContext(0x19), kOk);
    const Guid set = client.start().out.shadowCopySetId;
    const Guid copy = client.add(set, data).out.shadowCopyId;
    EXPECT_EQ(client.advance<PrepareShadowCopySet>(set), kOk);
    EXPECT_EQ(client.advance<CommitShadowCopySet>(set), kOk);
    EXPECT_EQ(client.advance<ExposeShadowCopySet>(set), kOk);
    const auto mapping = client.mapping(set, copy, data);
    ASSERT_EQ(mapping.hresult, kOk);
    EXPECT_EQ(client.end<RecoveryCompleteShadowCopySet>(set), kOk);

    const std::string name = "data@{" + copy.text() + "}";
    EXPECT_EQ(server.exposedShares(), std::vector<std::string>{name});
    EXPECT_EQ(server.onDisk().size(), 1U);
    ASSERT_EQ(server.sets().size(), 1U);
    EXPECT_EQ(server.sets()[0].state, FssSetState::Recovered);
    ASSERT_TRUE(mapping.out.shareMapping1.value);
    const ShareMapping1& sent = *mapping.out.shareMapping1.value;
    EXPECT_EQ(sent.shadowCopySetId, set);
    EXPECT_EQ(sent.shadowCopyId, copy);
    EXPECT_EQ(sent.shareNameUnc.value, u"\\\\LABSRV\\data");
    EXPECT_EQ(sent.shadowCopyShareName.value, toUtf16(name));
    // 2026-01-01 00:00:00 UTC
    EXPECT_EQ(sent.creationTimestamp, 134'116'992'000'000'000);

    EXPECT_EQ(client.remove(set, copy, data), kOk);
    EXPECT_TRUE(server.exposedShares().empty());
    EXPECT_TRUE(server.onDisk().empty());
    EXPECT_TRUE(server.sets().empty());
    EXPECT_EQ(server.calls(),
              (std::vector<std::string>{"IsPathSupported",
                                        "GetSupportedVersion",
                                        "SetContext",
                                        "StartShadowCopySet",
                                        "AddToShadowCopySet",
                                        "PrepareShadowCopySet",
                                        "CommitShadowCopySet",
                                        "ExposeShadowCopySet",
                                        "GetShareMapping",
                                        "RecoveryCompleteShadowCopySet",
                                        "DeleteShareMapping"}));
}

TEST_F(Sequence, CreatesASetOfSeveralSharesAndDeletesItCopyByCopy) {
    const auto [set, first] = client.added(data);
    const auto second = client.add(set, home);
    ASSERT_EQ(second.hresult, kOk);
    EXPECT_EQ(client.advance<CommitShadowCopySet>(set), kOk);
    EXPECT_EQ(client.advance<ExposeShadowCopySet>(set), kOk);
    EXPECT_EQ(server.exposedShares().size(), 2U);

    EXPECT_EQ(client.remove(set, first, data), kOk);
    ASSERT_EQ(server.sets().size(), 1U);
    EXPECT_EQ(server.sets()[0].copies.size(), 1U);
    EXPECT_EQ(client.remove(set, second.out.shadowCopyId, home), kOk);
    EXPECT_TRUE(server.sets().empty());
}

TEST_F(Sequence, KeepsSnapshotsOfSeveralSetsApart) {
    const auto first = client.recovered(data);
    const auto second = client.recovered(data);

    EXPECT_EQ(client.remove(first.set, first.copy, data), kOk);

    ASSERT_EQ(server.onDisk().size(), 1U);
    EXPECT_EQ(server.onDisk()[0].shadowCopyId, second.copy);
}

TEST_F(Sequence, IdsAreTheServersNotTheClients) {
    StartShadowCopySet::In start;
    start.clientShadowCopySetId = Guid::random();
    client.setContext(0x19);
    const Guid set = client.ask<StartShadowCopySet>(start).out.shadowCopySetId;
    EXPECT_NE(set, start.clientShadowCopySetId);
    EXPECT_FALSE(set.isNil());

    AddToShadowCopySet::In add;
    add.clientShadowCopyId = Guid::random();
    add.shadowCopySetId = set;
    add.shareName = data;
    const Guid copy = client.ask<AddToShadowCopySet>(add).out.shadowCopyId;
    EXPECT_NE(copy, add.clientShadowCopyId);
    EXPECT_FALSE(copy.isNil());
}

TEST_F(Sequence, AutoRecoveryMakesTheSnapshotWritable) {
    client.setContext(0x00400019);
    const Guid set = client.start().out.shadowCopySetId;
    client.add(set, data);

    ASSERT_EQ(client.advance<CommitShadowCopySet>(set), kOk);

    EXPECT_EQ(server.sets()[0].context, 0x00400019U);
    EXPECT_EQ(server.onDisk()[0].mode, fakes::FssSnapshot::Mode::ReadWrite);
}

TEST_F(Sequence, NamesAHiddenShareWithAFinalDollar) {
    server.addShare("hid$");
    const auto [set, copy] = client.exposed(u"\\\\fs1\\hid$\\");

    EXPECT_EQ(server.exposedShares()[0], "hid$@{" + copy.text() + "}$");
}

TEST_F(Sequence, AbortsInStartedAndStartsAnew) {
    client.setContext(0x19);
    const Guid set = client.start().out.shadowCopySetId;

    EXPECT_EQ(client.end<AbortShadowCopySet>(set), kOk);

    EXPECT_TRUE(server.sets().empty());
    EXPECT_EQ(client.start().hresult, kOk);
}

TEST_F(Sequence, AbortsInAddedAndStartsAnew) {
    const auto [set, copy] = client.added(data);
    client.advance<PrepareShadowCopySet>(set);

    EXPECT_EQ(client.end<AbortShadowCopySet>(set), kOk);

    EXPECT_TRUE(server.sets().empty());
    EXPECT_TRUE(server.onDisk().empty());
    EXPECT_EQ(client.start().hresult, kOk);
}

TEST_F(Sequence, AbortFromCommittedOnAnswersOkAndDoesNothing) {
    const auto committed = client.committed(data);
    EXPECT_EQ(client.end<AbortShadowCopySet>(committed.set), kOk);
    EXPECT_EQ(server.sets()[0].state, FssSetState::Committed);

    client.advance<ExposeShadowCopySet>(committed.set);
    EXPECT_EQ(client.end<AbortShadowCopySet>(committed.set), kOk);
    EXPECT_EQ(server.sets()[0].state, FssSetState::Exposed);

    client.end<RecoveryCompleteShadowCopySet>(committed.set);
    EXPECT_EQ(client.end<AbortShadowCopySet>(committed.set), kOk);
    EXPECT_EQ(server.sets()[0].state, FssSetState::Recovered);
    EXPECT_EQ(server.onDisk().size(), 1U);
}

TEST_F(Sequence, GetsRidOfACommittedSetByExposingAndDeletingIt) {
    const auto [set, copy] = client.committed(data);
    EXPECT_EQ(client.remove(set, copy, data), hresult::kBadState);

    EXPECT_EQ(client.advance<ExposeShadowCopySet>(set), kOk);
    EXPECT_EQ(client.remove(set, copy, data), kOk);

    EXPECT_TRUE(server.onDisk().empty());
}

TEST_F(Sequence, FindsItsSetAgainOnANewConnection) {
    const auto [set, copy] = client.added(data);
    client.close();

    client = FssClient(server);
    client.setContext(0x19);
    EXPECT_EQ(client.start().hresult, hresult::kSetInProgress);
    EXPECT_EQ(client.end<AbortShadowCopySet>(set), kOk);

    EXPECT_EQ(client.start().hresult, kOk);
    EXPECT_EQ(server.mostConnections(), 1U);
}

TEST_F(Sequence, ANewWorkerHasForgottenWhatWasNotCommitted) {
    const auto [set, copy] = client.added(data);
    server.restartWorker();

    client = FssClient(server);

    EXPECT_EQ(client.end<AbortShadowCopySet>(set), hresult::kInvalidArgument);
    EXPECT_EQ(client.start().hresult, hresult::kBadState) << "the context is gone too";
}

TEST_F(Sequence, ANewWorkerReadsACommittedSetBackAndItBlocksUntilItIsExposed) {
    const auto [set, copy] = client.committed(data);
    server.restartWorker();

    client = FssClient(server);
    client.setContext(0x19);
    EXPECT_EQ(client.start().hresult, hresult::kSetInProgress);
    EXPECT_EQ(client.advance<ExposeShadowCopySet>(set), kOk);

    EXPECT_EQ(client.start().hresult, kOk);
    EXPECT_EQ(client.mapping(set, copy, data).hresult, kOk);
}

TEST_F(Sequence, AnExpiredSequenceLeavesItsSnapshotOnTheDisk) {
    const auto [set, copy] = client.committed(data);

    server.expireSequence();

    EXPECT_EQ(client.advance<ExposeShadowCopySet>(set), hresult::kInvalidArgument);
    EXPECT_EQ(client.start().hresult, hresult::kBadState);
    EXPECT_EQ(server.onDisk().size(), 1U);
}

TEST_F(Sequence, AnExposedSetOutlivesItsTimer) {
    const auto [set, copy] = client.exposed(data);

    server.expireSequence();

    EXPECT_EQ(client.end<RecoveryCompleteShadowCopySet>(set), kOk);
    EXPECT_EQ(client.remove(set, copy, data), kOk);
}

} // namespace
} // namespace fsrvp
