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

TEST(Ntstatus, AnUnknownStatusShowsItsNumber) {
    const Error error = ntstatusError("the call failed", 0xc00abcde);

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_STREQ(error.what(), "the call failed: NTSTATUS 0xc00abcde");
}

} // namespace
} // namespace fsrvp::smb
