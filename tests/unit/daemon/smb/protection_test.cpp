// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/smb/protection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace fsrvp::smb {
namespace {

using testing::HasSubstr;

Error refusal(Auth auth, RpcProtection asked, const Agreed& got) {
    try {
        requireProtection(auth, asked, got);
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error";
    return Error(Errc::Failed, "");
}

TEST(Protection, WhatWasAskedForIsTaken) {
    EXPECT_NO_THROW(requireProtection(Auth::Ntlm, RpcProtection::Privacy, {10, 6, true}));
    EXPECT_NO_THROW(requireProtection(Auth::Kerberos, RpcProtection::Privacy, {16, 6, true}));
    EXPECT_NO_THROW(requireProtection(Auth::Negotiate, RpcProtection::Integrity, {9, 5, true}));
    EXPECT_NO_THROW(requireProtection(Auth::Kerberos, RpcProtection::None, {0, 1, false}));
}

struct Case {
    const char* name;
    RpcProtection asked;
    Agreed got;
    const char* message;
};

class LessThanAsked : public testing::TestWithParam<Case> {};

TEST_P(LessThanAsked, IsRefusedWithBothNamed) {
    const Error error = refusal(Auth::Kerberos, GetParam().asked, GetParam().got);

    EXPECT_EQ(error.code(), Errc::NotSupported);
    EXPECT_STREQ(error.what(), GetParam().message);
    EXPECT_NE(error.hint(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Protection,
    LessThanAsked,
    testing::Values(
        Case{"NoAuthentication",
             RpcProtection::Privacy,
             {0, 1, false},
             "the server agreed on no authentication of the RPC calls, Kerberos with packet "
             "privacy was asked for"},
        Case{"OtherType",
             RpcProtection::Privacy,
             {10, 6, true},
             "the server agreed on NTLM for the RPC calls, Kerberos with packet privacy was asked "
             "for"},
        Case{"UnknownType",
             RpcProtection::Privacy,
             {68, 6, true},
             "the server agreed on authentication of type 68 for the RPC calls, Kerberos with "
             "packet privacy was asked for"},
        Case{"LowerLevel",
             RpcProtection::Privacy,
             {16, 5, true},
             "the server agreed on packet integrity for the RPC calls, Kerberos with packet "
             "privacy was asked for"},
        Case{"ConnectionOnly",
             RpcProtection::Integrity,
             {16, 2, true},
             "the server agreed on authentication of the connection alone for the RPC calls, "
             "Kerberos with packet integrity was asked for"},
        Case{"NoHeaderSigning",
             RpcProtection::Privacy,
             {16, 6, false},
             "the server does not sign the headers of RPC calls, Kerberos with packet privacy and "
             "header signing was asked for"},
        Case{"UnaskedFor",
             RpcProtection::None,
             {16, 5, true},
             "no protection of the RPC calls was asked for, the server agreed on Kerberos"}),
    [](const auto& row) { return row.param.name; });

TEST(Protection, EncryptionThatIsRequiredButNotThereIsRefused) {
    Greeting greeting;
    greeting.dialect = "3.0";
    EXPECT_NO_THROW(requireEncryption(SmbEncryption::Preferred, greeting));
    try {
        requireEncryption(SmbEncryption::Required, greeting);
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::NotSupported);
        EXPECT_STREQ(error.what(), "the server has no SMB encryption (SMB 3.0), which is required");
        EXPECT_THAT(error.hint(), HasSubstr("\"preferred\""));
    }
    greeting.canEncrypt = true;
    EXPECT_NO_THROW(requireEncryption(SmbEncryption::Required, greeting));
}

} // namespace
} // namespace fsrvp::smb
