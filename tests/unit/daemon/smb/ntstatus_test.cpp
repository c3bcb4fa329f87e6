// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/ntstatus.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::smb {
namespace {

struct Case {
    std::uint32_t status;
    Errc code;
    const char* text;
};

class KnownStatus : public testing::TestWithParam<Case> {};

TEST_P(KnownStatus, BecomesItsErrorWithItsNameInTheMessage) {
    const Error error = ntstatusError("cannot open the FSRVP pipe", GetParam().status);

    EXPECT_EQ(error.code(), GetParam().code);
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("cannot open the FSRVP pipe: ")) << message;
    EXPECT_NE(message.find(GetParam().text), std::string::npos) << message;
    EXPECT_FALSE(error.hresult());
}

// Values as MS-ERREF 2.3.1 and MS-RPCE give them.
INSTANTIATE_TEST_SUITE_P(
    Statuses,
    KnownStatus,
    testing::Values(Case{0xc000006d, Errc::AuthenticationFailed, "NT_STATUS_LOGON_FAILURE"},
                    Case{0xc0000022, Errc::AccessDenied, "NT_STATUS_ACCESS_DENIED"},
                    Case{0xc00000b5, Errc::TimedOut, "NT_STATUS_IO_TIMEOUT"},
                    Case{0xc0000236, Errc::Unreachable, "NT_STATUS_CONNECTION_REFUSED"},
                    Case{0xc000014b, Errc::Unreachable, "NT_STATUS_PIPE_BROKEN"},
                    Case{0xc00000cc, Errc::NotFound, "NT_STATUS_BAD_NETWORK_NAME"},
                    Case{0xc0000034, Errc::NotSupported, "NT_STATUS_OBJECT_NAME_NOT_FOUND"},
                    Case{0xc002002e, Errc::NotSupported, "NT_STATUS_RPC_PROCNUM_OUT_OF_RANGE"},
                    Case{0xc003000c, Errc::Protocol, "NT_STATUS_RPC_BAD_STUB_DATA"},
                    Case{0xc0020057, Errc::Protocol, "NT_STATUS_RPC_SEC_PKG_ERROR"}));

TEST(Ntstatus, AMissingPipeSaysWhatToInstallOnTheServer) {
    EXPECT_NE(ntstatusError("x", 0xc0000034).hint().find("VSS Agent"), std::string::npos);
}

constexpr std::uint32_t kLogonFailure = 0xc000006d;
constexpr std::uint32_t kAccessDenied = 0xc0000022;
constexpr std::uint32_t kProtocolError = 0xc002001d;

TEST(Ntstatus, ARefusedTicketIsNoWrongPassword) {
    const Error error = ticketError(ntstatusError("x", kLogonFailure),
                                    "root@LAB",
                                    Stage::Connect,
                                    kLogonFailure,
                                    std::chrono::seconds(2));

    EXPECT_EQ(error.code(), Errc::AuthenticationFailed);
    EXPECT_STREQ(error.what(),
                 "the server refused the Kerberos ticket of 'root@LAB' (x: user name or password "
                 "is wrong (NT_STATUS_LOGON_FAILURE))");
    EXPECT_NE(error.hint().find("the server's own keytab"), std::string::npos);
}

TEST(Ntstatus, ATicketRefusedForTheClockSaysWhoseIsAhead) {
    for (const std::uint32_t status : {kLogonFailure, kProtocolError}) {
        const Error plain = ntstatusError("x", status);
        const auto text = [&](int seconds) {
            return std::string(
                ticketError(plain, "root@LAB", Stage::Call, status, std::chrono::seconds(seconds))
                    .what());
        };

        EXPECT_EQ(text(400),
                  "the server refused the Kerberos ticket of 'root@LAB': its clock is 400 s ahead "
                  "of this machine's");
        EXPECT_TRUE(text(-400).ends_with("its clock is 400 s behind this machine's"));
    }
}

TEST(Ntstatus, OtherErrorsOfATicketStayAsTheyAre) {
    const Error plain = ntstatusError("x", kProtocolError);
    const auto text = [](const Error& error, Stage stage, std::uint32_t status, auto clockAhead) {
        return std::string(ticketError(error, "root@LAB", stage, status, clockAhead).what());
    };
    EXPECT_EQ(text(plain, Stage::Call, kProtocolError, std::chrono::seconds(0)), plain.what());
    const Error noPipe = ntstatusError("x", 0xc0000034);
    EXPECT_EQ(text(noPipe, Stage::Connect, 0xc0000034, std::chrono::hours(1)), noPipe.what());
    for (const Stage stage : {Stage::PlainCall, Stage::Call, Stage::BrokenCall}) {
        const Error denied = pipeError(stage, "x", kAccessDenied);
        EXPECT_EQ(text(denied, stage, kAccessDenied, std::chrono::seconds(0)), denied.what());
        EXPECT_NE(text(denied, stage, kAccessDenied, std::chrono::hours(1)), denied.what());
    }
}

struct StageCase {
    Stage stage;
    std::uint32_t status;
    Errc code;
    const char* message;
    const char* hint;
};

class StatusOfAStage : public testing::TestWithParam<StageCase> {};

TEST_P(StatusOfAStage, HasAMeaningOfItsOwn) {
    const Error error = pipeError(GetParam().stage, "x", GetParam().status);

    EXPECT_EQ(error.code(), GetParam().code);
    EXPECT_STREQ(error.what(), GetParam().message);
    EXPECT_NE(error.hint().find(GetParam().hint), std::string::npos) << error.hint();
}

INSTANTIATE_TEST_SUITE_P(
    Statuses,
    StatusOfAStage,
    testing::Values(
        StageCase{Stage::Connect,
                  kAccessDenied,
                  Errc::AccessDenied,
                  "x: the server refuses this account, or its SMB answers are not signed as "
                  "demanded (guest, unsigned, changed, or lowered to an older SMB) "
                  "(NT_STATUS_ACCESS_DENIED)",
                  "guest"},
        StageCase{Stage::PlainCall,
                  kAccessDenied,
                  Errc::AccessDenied,
                  "x: the server refuses this account for FSRVP, or calls without protection "
                  "(NT_STATUS_ACCESS_DENIED)",
                  "\"rpc_protection\" to \"privacy\""},
        StageCase{Stage::Call,
                  kAccessDenied,
                  Errc::AccessDenied,
                  "x: the server refuses this account for FSRVP (NT_STATUS_ACCESS_DENIED)",
                  ""},
        StageCase{Stage::BrokenCall,
                  kAccessDenied,
                  Errc::Protocol,
                  "x: the server's reply has another authentication or protection than the "
                  "binding (NT_STATUS_ACCESS_DENIED)",
                  "update the server"},
        StageCase{Stage::Connect,
                  kProtocolError,
                  Errc::NotSupported,
                  "x: the server answered the bind with no authentication, another one, or less "
                  "protection than asked for (NT_STATUS_RPC_PROTOCOL_ERROR)",
                  "\"auth\""},
        StageCase{Stage::Call,
                  kProtocolError,
                  Errc::Protocol,
                  "x: the server's answer breaks the RPC protocol (NT_STATUS_RPC_PROTOCOL_ERROR)",
                  ""}));

TEST(Ntstatus, AStatusThatIsTheSameEverywhereIsSoInEachStage) {
    for (const Stage stage : {Stage::Connect, Stage::PlainCall, Stage::Call, Stage::BrokenCall}) {
        EXPECT_STREQ(pipeError(stage, "x", kLogonFailure).what(),
                     ntstatusError("x", kLogonFailure).what());
        EXPECT_STREQ(pipeError(stage, "x", 0xc00abcde).what(), "x: NTSTATUS 0xc00abcde");
    }
}

TEST(Ntstatus, AnUnknownStatusShowsItsNumber) {
    const Error error = ntstatusError("the call failed", 0xc00abcde);

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_STREQ(error.what(), "the call failed: NTSTATUS 0xc00abcde");
}

} // namespace
} // namespace fsrvp::smb
