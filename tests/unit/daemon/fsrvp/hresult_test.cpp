// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp {
namespace {

using namespace hresult;

struct Row {
    std::uint32_t value;
    const char* name;
    Errc code;
};

class EachResult : public testing::TestWithParam<Row> {};

TEST_P(EachResult, HasItsNumberItsNameAndItsKind) {
    const HresultRow& row = hresultRow(GetParam().value);

    EXPECT_EQ(row.value, GetParam().value);
    EXPECT_EQ(row.name, GetParam().name);
    EXPECT_EQ(row.code, GetParam().code);
    EXPECT_FALSE(row.meaning.empty());
}

TEST_P(EachResult, BecomesAnErrorThatKeepsAllOfIt) {
    const HresultRow& row = hresultRow(GetParam().value);

    const Error error = hresultError("CommitShadowCopySet", GetParam().value);

    EXPECT_EQ(error.code(), GetParam().code);
    EXPECT_EQ(error.hresult(), GetParam().value);
    EXPECT_EQ(error.hint(), row.hint);
    EXPECT_EQ(std::string(error.what()),
              "CommitShadowCopySet: " + std::string(row.meaning) + " (" + GetParam().name + ")");
}

// Numbers from MS-FSRVP 2.2.4, winerror.h and Samba's fsrvp.idl.
INSTANTIATE_TEST_SUITE_P(
    Results,
    EachResult,
    testing::Values(Row{0x00000102, "FSRVP_E_WAIT_TIMEOUT", Errc::TimedOut},
                    Row{0xffffffff, "FSRVP_E_WAIT_FAILED", Errc::Failed},
                    Row{0x80004005, "E_FAIL", Errc::Failed},
                    Row{0x8007000e, "E_OUTOFMEMORY", Errc::Failed},
                    Row{0x80070005, "E_ACCESSDENIED", Errc::AccessDenied},
                    Row{0x80070057, "E_INVALIDARG", Errc::NotFound},
                    Row{0x80042301, "FSRVP_E_BAD_STATE", Errc::BadState},
                    Row{0x80042302, "FSRVP_E_BAD_ID", Errc::NotFound},
                    Row{0x80042308, "FSRVP_E_OBJECT_NOT_FOUND", Errc::NotFound},
                    Row{0x8004230c, "FSRVP_E_NOT_SUPPORTED", Errc::NotSupported},
                    Row{0x8004230d, "FSRVP_E_OBJECT_ALREADY_EXISTS", Errc::AlreadyExists},
                    Row{0x8004230f, "VSS_E_UNEXPECTED_PROVIDER_ERROR", Errc::Failed},
                    Row{0x80042311, "VSS_E_INVALID_XML_DOCUMENT", Errc::BadState},
                    Row{0x80042316, "FSRVP_E_SHADOW_COPY_SET_IN_PROGRESS", Errc::Busy},
                    Row{0x8004231b, "FSRVP_E_UNSUPPORTED_CONTEXT", Errc::UnsupportedContext},
                    Row{0x80042500, "FSSAGENT_E_TIMEOUT", Errc::TimedOut},
                    Row{0x80042501, "FSRVP_E_SHADOWCOPYSET_ID_MISMATCH", Errc::NotFound}));

TEST(HresultRow, KnowsSuccess) {
    EXPECT_EQ(hresultRow(kOk).name, "S_OK");
}

TEST(HresultRow, WhatNobodyHasDocumentedIsAFailureThatKeepsItsNumber) {
    const Error error = hresultError("AbortShadowCopySet", 0x8004dead);

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_EQ(error.hresult(), 0x8004deadU);
    EXPECT_NE(error.hint(), "");
}

class AnyOpnum : public testing::TestWithParam<std::uint16_t> {};

TEST_P(AnyOpnum, OnlyZeroIsSuccess) {
    EXPECT_EQ(reactionTo(GetParam(), kOk), Reaction::Done);
    // Their top bit says "success", their meaning does not.
    for (const std::uint32_t value : {1U, 0x102U, 0x7fffffffU}) {
        EXPECT_NE(reactionTo(GetParam(), value), Reaction::Done) << value;
    }
    EXPECT_NE(reactionTo(GetParam(), kWaitFailed), Reaction::Done);
}

TEST_P(AnyOpnum, ASetInProgressIsWaitedFor) {
    EXPECT_EQ(reactionTo(GetParam(), kSetInProgress), Reaction::RetryLater);
}

TEST_P(AnyOpnum, EachNameOfAnUnknownSetMeansThat) {
    EXPECT_EQ(reactionTo(GetParam(), kSetIdMismatch), Reaction::UnknownSet);
    EXPECT_EQ(reactionTo(GetParam(), kObjectNotFound),
              GetParam() == IsPathSupported::opnum ? Reaction::UnknownShare : Reaction::UnknownSet);
    EXPECT_EQ(reactionTo(GetParam(), kBadId), Reaction::UnknownSet);
}

TEST_P(AnyOpnum, WhatCannotBeHelpedIsReported) {
    for (const std::uint32_t value : {kAccessDenied,
                                      kNotSupported,
                                      kObjectAlreadyExists,
                                      kBadState,
                                      kUnexpectedProviderError,
                                      0x8004deadU}) {
        EXPECT_EQ(reactionTo(GetParam(), value), Reaction::Fail) << std::hex << value;
    }
}

INSTANTIATE_TEST_SUITE_P(Operations,
                         AnyOpnum,
                         testing::Range(std::uint16_t{0}, std::uint16_t{kOperationCount}));

struct Expected {
    std::uint16_t opnum;
    std::uint32_t value;
    Reaction reaction;
};

class ReactionToResult : public testing::TestWithParam<Expected> {};

TEST_P(ReactionToResult, DependsOnTheOperation) {
    EXPECT_EQ(reactionTo(GetParam().opnum, GetParam().value), GetParam().reaction);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ReactionToResult,
    testing::Values(Expected{SetContext::opnum, kUnsupportedContext, Reaction::BadContext},
                    Expected{SetContext::opnum, kInvalidArgument, Reaction::BadContext},
                    Expected{StartShadowCopySet::opnum, kInvalidArgument, Reaction::Fail},
                    Expected{IsPathSupported::opnum, kInvalidArgument, Reaction::UnknownShare},
                    Expected{AddToShadowCopySet::opnum, kInvalidArgument, Reaction::Fail},
                    Expected{CommitShadowCopySet::opnum, kWaitFailed, Reaction::RepeatCall},
                    Expected{CommitShadowCopySet::opnum, kWaitTimeout, Reaction::RepeatCall},
                    Expected{CommitShadowCopySet::opnum, kAgentTimeout, Reaction::RepeatCall},
                    Expected{PrepareShadowCopySet::opnum, kWaitTimeout, Reaction::RepeatCall},
                    Expected{ExposeShadowCopySet::opnum, kWaitTimeout, Reaction::RepeatCall},
                    Expected{StartShadowCopySet::opnum, kWaitTimeout, Reaction::Fail},
                    Expected{CommitShadowCopySet::opnum, kFail, Reaction::RetryNewSet},
                    Expected{ExposeShadowCopySet::opnum, kFail, Reaction::Fail},
                    Expected{DeleteShareMapping::opnum, kFail, Reaction::Fail},
                    Expected{DeleteShareMapping::opnum, kOutOfMemory, Reaction::Fail},
                    Expected{CommitShadowCopySet::opnum, kOutOfMemory, Reaction::Fail},
                    Expected{GetShareMapping::opnum, kInvalidArgument, Reaction::UnknownSet},
                    Expected{DeleteShareMapping::opnum, kInvalidArgument, Reaction::UnknownSet},
                    Expected{AbortShadowCopySet::opnum, kInvalidArgument, Reaction::UnknownSet}));

} // namespace
} // namespace fsrvp
