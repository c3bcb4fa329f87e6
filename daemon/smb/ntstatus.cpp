// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/ntstatus.hpp"

#include <array>
#include <cstdio>
#include <string>

namespace fsrvp::smb {
namespace {

struct Row {
    std::uint32_t status;
    std::string_view name;
    Errc code;
    std::string_view meaning;
    std::string_view hint; ///< empty: the error table's
};

constexpr std::string_view kAccountHint =
    "check user, password and domain of this server in servers.d";
constexpr std::string_view kNoAgentHint =
    "install the role 'File Server VSS Agent Service' there (Samba: rpcd_fsrvp, and 'rpc start on "
    "demand helpers = yes'; not offered by an AD DC)";

// Values from MS-ERREF 2.3.1 and, from 0xc0020000 on, MS-RPCE's faults as Samba maps them.
constexpr std::array kRows{
    Row{0xc0000236,
        "NT_STATUS_CONNECTION_REFUSED",
        Errc::Unreachable,
        "the connection was refused",
        ""},
    Row{0xc000023c,
        "NT_STATUS_NETWORK_UNREACHABLE",
        Errc::Unreachable,
        "there is no route to its network",
        ""},
    Row{0xc000023d,
        "NT_STATUS_HOST_UNREACHABLE",
        Errc::Unreachable,
        "there is no route to the host",
        ""},
    Row{0xc000020d, "NT_STATUS_CONNECTION_RESET", Errc::Unreachable, "the connection was cut", ""},
    Row{0xc000020c,
        "NT_STATUS_CONNECTION_DISCONNECTED",
        Errc::Unreachable,
        "the connection was cut",
        ""},
    Row{0xc000013b, "NT_STATUS_LOCAL_DISCONNECT", Errc::Unreachable, "the connection was cut", ""},
    Row{0xc000013c, "NT_STATUS_REMOTE_DISCONNECT", Errc::Unreachable, "the connection was cut", ""},
    Row{0xc0000241,
        "NT_STATUS_CONNECTION_ABORTED",
        Errc::Unreachable,
        "the connection was cut",
        ""},
    Row{0xc00000b0, "NT_STATUS_PIPE_DISCONNECTED", Errc::Unreachable, "the pipe was cut", ""},
    Row{0xc000014b, "NT_STATUS_PIPE_BROKEN", Errc::Unreachable, "the pipe was cut", ""},
    Row{0xc0000011, "NT_STATUS_END_OF_FILE", Errc::Unreachable, "the connection was cut", ""},
    Row{0xc0000128, "NT_STATUS_FILE_CLOSED", Errc::Unreachable, "the pipe was closed", ""},
    Row{0xc0000203,
        "NT_STATUS_USER_SESSION_DELETED",
        Errc::Unreachable,
        "the server ended the session",
        ""},
    Row{0xc00000c9,
        "NT_STATUS_NETWORK_NAME_DELETED",
        Errc::Unreachable,
        "the server removed the share under the connection",
        ""},
    Row{0xc00000b5,
        "NT_STATUS_IO_TIMEOUT",
        Errc::TimedOut,
        "the server did not answer in time",
        ""},
    Row{0xc000006d,
        "NT_STATUS_LOGON_FAILURE",
        Errc::AuthenticationFailed,
        "user name or password is wrong",
        kAccountHint},
    Row{0xc000006a,
        "NT_STATUS_WRONG_PASSWORD",
        Errc::AuthenticationFailed,
        "the password is wrong",
        kAccountHint},
    Row{0xc0000064,
        "NT_STATUS_NO_SUCH_USER",
        Errc::AuthenticationFailed,
        "the server does not know the user",
        kAccountHint},
    Row{0xc0000072,
        "NT_STATUS_ACCOUNT_DISABLED",
        Errc::AuthenticationFailed,
        "the account is disabled",
        "enable the account on the server"},
    Row{0xc0000234,
        "NT_STATUS_ACCOUNT_LOCKED_OUT",
        Errc::AuthenticationFailed,
        "the account is locked",
        "unlock the account on the server"},
    Row{0xc0000071,
        "NT_STATUS_PASSWORD_EXPIRED",
        Errc::AuthenticationFailed,
        "the password has expired",
        "change the password, then tell it to fsrvpd"},
    Row{0xc000006e,
        "NT_STATUS_ACCOUNT_RESTRICTION",
        Errc::AuthenticationFailed,
        "the server restricts the account",
        kAccountHint},
    Row{0xc0000022,
        "NT_STATUS_ACCESS_DENIED",
        Errc::AccessDenied,
        "the server refuses this account",
        ""},
    Row{0xc0000034,
        "NT_STATUS_OBJECT_NAME_NOT_FOUND",
        Errc::NotSupported,
        "the server offers no FSRVP",
        kNoAgentHint},
    Row{0xc00000ae, "NT_STATUS_PIPE_BUSY", Errc::Busy, "the server's FSRVP pipe is busy", ""},
    Row{0xc00000ac,
        "NT_STATUS_PIPE_NOT_AVAILABLE",
        Errc::NotSupported,
        "the server's FSRVP pipe is not available",
        kNoAgentHint},
    Row{0xc00000cc,
        "NT_STATUS_BAD_NETWORK_NAME",
        Errc::NotFound,
        "the server has no such share",
        ""},
    Row{0xc00000bb,
        "NT_STATUS_NOT_SUPPORTED",
        Errc::NotSupported,
        "the server can't do what is asked for",
        ""},
    Row{0xc00000c3,
        "NT_STATUS_INVALID_NETWORK_RESPONSE",
        Errc::Protocol,
        "the server's answer is no SMB2",
        ""},
    Row{0xc000000d,
        "NT_STATUS_INVALID_PARAMETER",
        Errc::Protocol,
        "the server refused a parameter",
        ""},
    Row{0xc0020012,
        "NT_STATUS_RPC_UNKNOWN_IF",
        Errc::NotSupported,
        "the server's pipe does not speak FSRVP 1.0",
        kNoAgentHint},
    Row{0xc002001f,
        "NT_STATUS_RPC_UNSUPPORTED_TRANS_SYN",
        Errc::NotSupported,
        "the server does not take NDR",
        ""},
    Row{0xc002002e,
        "NT_STATUS_RPC_PROCNUM_OUT_OF_RANGE",
        Errc::NotSupported,
        "the server does not have this operation",
        ""},
    Row{0xc003000c,
        "NT_STATUS_RPC_BAD_STUB_DATA",
        Errc::Protocol,
        "the server can't read our request",
        ""},
    Row{0xc0020018, "NT_STATUS_RPC_SERVER_TOO_BUSY", Errc::Busy, "the server is too busy", ""},
    Row{0xc002001b, "NT_STATUS_RPC_CALL_FAILED", Errc::Failed, "the call failed on the server", ""},
    Row{0xc002001d,
        "NT_STATUS_RPC_PROTOCOL_ERROR",
        Errc::Protocol,
        "the server's answer breaks the RPC protocol",
        ""},
    Row{0xc0020057,
        "NT_STATUS_RPC_SEC_PKG_ERROR",
        Errc::Protocol,
        "the protection of the call did not verify",
        ""},
};

} // namespace

Error ntstatusError(std::string_view what, std::uint32_t status) {
    std::string message(what);
    for (const Row& row : kRows) {
        if (row.status == status) {
            message += ": ";
            message += row.meaning;
            message += " (";
            message += row.name;
            message += ")";
            return Error(row.code, message).withHint(row.hint);
        }
    }
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), ": NTSTATUS 0x%08x", status);
    return Error(Errc::Failed, message + text.data());
}

} // namespace fsrvp::smb
