// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of Samba 4.17, as measured, that differ from the specification or are easily got wrong:
// what the client's code is written for, so the fake must give them.
#include "tests/unit/daemon/fsrvp/fss_client.hpp"

namespace fsrvp {
namespace {

using fakes::FssSetState;
using hresult::kInvalidArgument;
using hresult::kOk;

using SambaOddities = FssTest;

class EachContextValue : public FssTest, public testing::WithParamInterface<std::uint32_t> {};

class AcceptedContext : public EachContextValue {};

class RefusedContext : public EachContextValue {};

TEST_P(AcceptedContext, IsSet) {
    EXPECT_EQ(client.setContext(GetParam()), kOk);
    EXPECT_EQ(client.start().hresult, kOk);
}

TEST_P(RefusedContext, IsAnInvalidArgumentAndLeavesTheContextUnset) {
    EXPECT_EQ(client.setContext(GetParam()), kInvalidArgument);
    EXPECT_EQ(client.start().hresult, hresult::kBadState);
}

INSTANTIATE_TEST_SUITE_P(
    Values,
    AcceptedContext,
    testing::Values(0x00, 0x09, 0x10, 0x19, 0x400000, 0x400009, 0x400010, 0x400019));
INSTANTIATE_TEST_SUITE_P(
    Values,
    RefusedContext,
    testing::Values(
        0x01, 0x02, 0x08, 0x0b, 0x1b, 0x18, 0x400002, 0x04000000, 0x04000019, 0xffffffff));

TEST_F(SambaOddities, StartNeedsAContextAndRecoveryCompleteTakesItAway) {
    EXPECT_EQ(client.start().hresult, hresult::kBadState);
    client.recovered(data);
    EXPECT_EQ(client.start().hresult, hresult::kBadState);
}

TEST_F(SambaOddities, AbortKeepsTheContext) {
    const auto [set, copy] = client.added(data);
    client.end<AbortShadowCopySet>(set);
    EXPECT_EQ(client.start().hresult, kOk);
}

TEST_F(SambaOddities, OneSetAtATimeUntilItIsExposed) {
    const auto [set, copy] = client.added(data);
    EXPECT_EQ(client.start().hresult, hresult::kSetInProgress);
    client.advance<CommitShadowCopySet>(set);
    EXPECT_EQ(client.start().hresult, hresult::kSetInProgress);
    client.advance<ExposeShadowCopySet>(set);
    EXPECT_EQ(client.start().hresult, kOk) << "exposed sets don't block";
}

TEST_F(SambaOddities, ASetInProgressBlocksOtherConnectionsToo) {
    client.added(data);
    FssClient other(server);
    EXPECT_EQ(other.setContext(0x19), kOk) << "SetContext is never refused for that";
    EXPECT_EQ(other.start().hresult, hresult::kSetInProgress);
    EXPECT_EQ(server.mostConnections(), 2U);
}

TEST_F(SambaOddities, ARefusedStartGivesANilId) {
    client.added(data);
    EXPECT_TRUE(client.start().out.shadowCopySetId.isNil());
}

TEST_F(SambaOddities, AnUnknownSetIsAnInvalidArgument) {
    const Guid unknown = Guid::random();
    EXPECT_EQ(client.add(unknown, data).hresult, kInvalidArgument);
    EXPECT_EQ(client.advance<PrepareShadowCopySet>(unknown), kInvalidArgument);
    EXPECT_EQ(client.advance<CommitShadowCopySet>(unknown), kInvalidArgument);
    EXPECT_EQ(client.advance<ExposeShadowCopySet>(unknown), kInvalidArgument);
    EXPECT_EQ(client.end<RecoveryCompleteShadowCopySet>(unknown), kInvalidArgument);
    EXPECT_EQ(client.end<AbortShadowCopySet>(unknown), kInvalidArgument);
    EXPECT_EQ(client.mapping(unknown, unknown, data).hresult, kInvalidArgument);
}

TEST_F(SambaOddities, OnlyDeleteDoesNotFindAnUnknownSet) {
    const auto [set, copy] = client.exposed(data);
    EXPECT_EQ(client.remove(Guid::random(), copy, data), hresult::kObjectNotFound);
    EXPECT_EQ(client.remove(set, Guid::random(), data), kInvalidArgument);
    EXPECT_EQ(client.remove(set, copy, home), kInvalidArgument);
    EXPECT_EQ(client.remove(set, copy, u"data"), kInvalidArgument);
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

TEST_F(SambaOddities, MappingAndDeletionTakeTheirIdsInOppositeOrder) {
    const auto [set, copy] = client.exposed(data);
    EXPECT_EQ(client.mapping(copy, set, data).hresult, kInvalidArgument);
    EXPECT_EQ(client.remove(copy, set, data), hresult::kObjectNotFound);
    EXPECT_EQ(client.mapping(set, copy, data).hresult, kOk);
    EXPECT_EQ(client.remove(set, copy, data), kOk);
}

TEST_F(SambaOddities, DeletingAgainDependsOnWhetherTheSetHasOtherCopies) {
    const auto [set, first] = client.added(data);
    const Guid second = client.add(set, home).out.shadowCopyId;
    client.advance<CommitShadowCopySet>(set);
    client.advance<ExposeShadowCopySet>(set);

    EXPECT_EQ(client.remove(set, first, data), kOk);
    EXPECT_EQ(client.remove(set, first, data), kInvalidArgument);
    EXPECT_EQ(client.remove(set, second, home), kOk);
    EXPECT_EQ(client.remove(set, second, home), hresult::kObjectNotFound);
}

class BadShareName : public FssTest, public testing::WithParamInterface<std::u16string> {};

TEST_P(BadShareName, IsAnInvalidArgument) {
    client.setContext(0x19);
    const Guid set = client.start().out.shadowCopySetId;
    EXPECT_EQ(client.add(set, GetParam()).hresult, kInvalidArgument);
    EXPECT_EQ(client.askPath<IsPathSupported>(GetParam()).hresult, kInvalidArgument);
    EXPECT_EQ(server.sets()[0].state, FssSetState::Started);
}

INSTANTIATE_TEST_SUITE_P(Names,
                         BadShareName,
                         testing::Values(u"",
                                         u"data",
                                         u"\\\\host",
                                         u"\\\\host\\",
                                         u"\\\\\\data",
                                         u"//host/data",
                                         u"\\\\host\\nothing\\",
                                         std::u16string(1, char16_t{0xd800})));

class GoodShareName : public FssTest, public testing::WithParamInterface<std::u16string> {};

TEST_P(GoodShareName, FindsTheShareWhateverHostCaseAndSubdirectory) {
    const auto [set, copy] = client.exposed(GetParam());
    EXPECT_EQ(server.exposedShares()[0], "data@{" + copy.text() + "}");
    EXPECT_EQ(client.mapping(set, copy, GetParam()).hresult, kOk);
}

INSTANTIATE_TEST_SUITE_P(Names,
                         GoodShareName,
                         testing::Values(u"\\\\fs1\\data",
                                         u"\\\\fs1\\data\\",
                                         u"\\\\WRONGHOST.example\\data",
                                         u"\\\\fs1\\DATA\\",
                                         u"\\\\fs1\\data\\sub\\dir"));

TEST_F(SambaOddities, AShareThatCannotBeSnapshottedIsNotSupported) {
    server.addUnsupportedShare("plain");
    const std::u16string plain = u"\\\\fs1\\plain\\";
    client.setContext(0x19);
    const Guid set = client.start().out.shadowCopySetId;

    EXPECT_EQ(client.add(set, plain).hresult, hresult::kNotSupported);
    const auto path = client.askPath<IsPathSupported>(plain);
    EXPECT_EQ(path.hresult, hresult::kNotSupported);
    EXPECT_FALSE(path.out.ownerMachineName.value);
}

TEST_F(SambaOddities, IsPathShadowCopiedIsNeverSupported) {
    client.recovered(data);
    EXPECT_EQ(client.askPath<IsPathShadowCopied>(data).hresult, hresult::kNotSupported);
}

TEST_F(SambaOddities, TwoSharesOfOneVolumeCannotBeInOneSet) {
    server.addShare("one", "vol");
    server.addShare("two", "vol");
    const auto [set, copy] = client.added(u"\\\\fs1\\one\\");

    EXPECT_EQ(client.add(set, u"\\\\fs1\\one\\").hresult, hresult::kObjectAlreadyExists);
    EXPECT_EQ(client.add(set, u"\\\\fs1\\two\\").hresult, hresult::kObjectAlreadyExists);
    EXPECT_EQ(client.add(set, data).hresult, kOk) << "the set stays usable";
}

TEST_F(SambaOddities, PrepareMayBeRepeatedOrLeftOut) {
    const auto [set, copy] = client.added(data);
    EXPECT_EQ(client.advance<PrepareShadowCopySet>(set), kOk);
    EXPECT_EQ(client.advance<PrepareShadowCopySet>(set), kOk);
    client.advance<CommitShadowCopySet>(set);
    client.advance<ExposeShadowCopySet>(set);
    EXPECT_NO_THROW(client.recovered(home));
}

TEST_F(SambaOddities, CallsOutOfTheirOrderAreABadState) {
    client.setContext(0x19);
    const Guid set = client.start().out.shadowCopySetId;
    EXPECT_EQ(client.advance<PrepareShadowCopySet>(set), hresult::kBadState);
    EXPECT_EQ(client.advance<CommitShadowCopySet>(set), hresult::kBadState);
    client.add(set, data);
    EXPECT_EQ(client.advance<ExposeShadowCopySet>(set), hresult::kBadState);
    EXPECT_EQ(client.end<RecoveryCompleteShadowCopySet>(set), hresult::kBadState);
    client.advance<CommitShadowCopySet>(set);
    EXPECT_EQ(client.advance<CommitShadowCopySet>(set), hresult::kBadState);
    EXPECT_EQ(client.advance<PrepareShadowCopySet>(set), hresult::kBadState);
    EXPECT_EQ(client.add(set, home).hresult, hresult::kBadState);
    EXPECT_EQ(client.end<RecoveryCompleteShadowCopySet>(set), hresult::kBadState);
    client.advance<ExposeShadowCopySet>(set);
    EXPECT_EQ(client.advance<ExposeShadowCopySet>(set), hresult::kBadState);
    client.end<RecoveryCompleteShadowCopySet>(set);
    EXPECT_EQ(client.end<RecoveryCompleteShadowCopySet>(set), hresult::kBadState);
}

TEST_F(SambaOddities, AMappingBeforeExposureHasAnErrorOfItsOwn) {
    const auto [set, copy] = client.added(data);
    EXPECT_EQ(client.mapping(set, copy, data).hresult, hresult::kNotExposedYet);
    client.advance<CommitShadowCopySet>(set);
    const auto reply = client.mapping(set, Guid::random(), data);
    EXPECT_EQ(reply.hresult, hresult::kNotExposedYet) << "comes before the copy is looked up";
    EXPECT_FALSE(reply.out.shareMapping1.value);
}

TEST_F(SambaOddities, AMappingHasOneLevel) {
    const auto [set, copy] = client.exposed(data);
    for (const std::uint32_t level : {0U, 2U, 0xffffffffU}) {
        const auto reply = client.mapping(set, copy, data, level);
        EXPECT_EQ(reply.hresult, kInvalidArgument);
        EXPECT_EQ(reply.out.level, level);
    }
}

TEST_F(SambaOddities, AMappingMayNameTheShareByItsUnc) {
    fakes::FssOptions options;
    options.exposedName = fakes::FssOptions::ExposedName::Unc;
    fakes::FssServer windowsLike(options);
    windowsLike.addShare("data");
    FssClient other(windowsLike);
    const auto [set, copy] = other.exposed(data);

    const auto reply = other.mapping(set, copy, data);

    ASSERT_TRUE(reply.out.shareMapping1.value);
    EXPECT_TRUE(reply.out.shareMapping1.value->shadowCopyShareName.value->starts_with(
        u"\\\\LABSRV\\data@"));
}

/// A server whose clock stands still.
class OneSecond : public FssTest {
  protected:
    OneSecond() : frozen(options()) {
        frozen.addShare("data");
        frozen.addShare("home");
    }

    fakes::FssOptions options() {
        fakes::FssOptions out;
        out.clock = [this] { return now; };
        return out;
    }

    fakes::FssTime now{std::chrono::seconds(1'800'000'000)};
    fakes::FssServer frozen;
    FssClient user{frozen};
};

TEST_F(OneSecond, TheSecondCommitOfAShareFails) {
    user.recovered(data);
    const auto second = user.added(data);

    EXPECT_EQ(user.advance<CommitShadowCopySet>(second.set), hresult::kFail);

    EXPECT_EQ(frozen.sets().back().state, FssSetState::Added);
    EXPECT_EQ(user.start().hresult, hresult::kSetInProgress) << "it must be aborted";
}

TEST_F(OneSecond, ARetryOfThatSetCanNeverSucceed) {
    user.recovered(data);
    const auto second = user.added(data);
    EXPECT_EQ(user.advance<CommitShadowCopySet>(second.set), hresult::kFail);

    now += std::chrono::seconds(2);

    EXPECT_EQ(user.advance<CommitShadowCopySet>(second.set), hresult::kFail);
}

TEST_F(OneSecond, ANewSetASecondLaterSucceeds) {
    user.recovered(data);
    const auto second = user.added(data);
    user.advance<CommitShadowCopySet>(second.set);
    user.end<AbortShadowCopySet>(second.set);

    now += std::chrono::seconds(1);

    EXPECT_NO_THROW(user.recovered(data));
}

TEST_F(OneSecond, AFailedCommitLeavesTheOtherCopiesSnapshotsBehind) {
    user.recovered(data);
    const auto [set, copy] = user.added(data);
    const Guid other = user.add(set, home).out.shadowCopyId;

    EXPECT_EQ(user.advance<CommitShadowCopySet>(set), hresult::kFail);
    user.end<AbortShadowCopySet>(set);

    ASSERT_EQ(frozen.onDisk().size(), 2U);
    EXPECT_EQ(frozen.onDisk()[1].shadowCopyId, other);
}

TEST_F(SambaOddities, DeletesTheSnapshotOfAShareThatWasRemovedByHand) {
    const auto [set, copy] = client.recovered(data);
    server.removeExposedShare("data@{" + copy.text() + "}");

    EXPECT_EQ(client.remove(set, copy, data), kOk);
    EXPECT_TRUE(server.onDisk().empty());
}

TEST_F(SambaOddities, NeverForgetsASnapshotThatWasRemovedByHand) {
    const auto [set, copy] = client.recovered(data);
    server.removeFromDisk(copy);

    EXPECT_EQ(client.remove(set, copy, data), hresult::kFail);
    EXPECT_TRUE(server.exposedShares().empty());
    EXPECT_EQ(client.remove(set, copy, data), hresult::kFail);
    EXPECT_EQ(server.sets().size(), 1U);
}

TEST_F(SambaOddities, RefusesEveryOperationToAnAccountWithoutRights) {
    const auto [set, copy] = client.exposed(data);
    server.setAccess(fakes::FssAccess::Denied);

    EXPECT_EQ(client.ask<GetSupportedVersion>({}).hresult, hresult::kAccessDenied);
    EXPECT_EQ(client.setContext(0x19), hresult::kAccessDenied);
    EXPECT_EQ(client.askPath<IsPathSupported>(data).hresult, hresult::kAccessDenied);
    EXPECT_EQ(client.remove(set, copy, data), hresult::kAccessDenied);
    server.setAccess(fakes::FssAccess::Granted);
    EXPECT_EQ(client.remove(set, copy, data), kOk);
}

} // namespace
} // namespace fsrvp
