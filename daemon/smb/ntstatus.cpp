// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/ntstatus.hpp"

#include <algorithm>
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
constexpr std::string_view kClockHint =
    "compare `date` here, on the server and on the KDC (the domain controller), and set the wrong "
    "one right: Kerberos takes 5 minutes at most";
constexpr std::string_view kProtectionHint =
    "set \"auth\" in servers.d to what the server offers, or update the server";
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
    Row{0xc000006f,
        "NT_STATUS_INVALID_LOGON_HOURS",
        Errc::AuthenticationFailed,
        "the account may not log in at this hour",
        "check the account's logon hours on the server or its domain controller"},
    Row{0xc000015b,
        "NT_STATUS_LOGON_TYPE_NOT_GRANTED",
        Errc::AuthenticationFailed,
        "the account may not log in over the network",
        "grant the account 'Access this computer from the network' on the server"},
    Row{0xc0000193,
        "NT_STATUS_ACCOUNT_EXPIRED",
        Errc::AuthenticationFailed,
        "the account has expired",
        "extend the account on the server or its domain controller"},
    Row{0xc0000224,
        "NT_STATUS_PASSWORD_MUST_CHANGE",
        Errc::AuthenticationFailed,
        "the password has to be changed first",
        "change the password, then tell it to fsrvpd"},
    Row{0xc0000133,
        "NT_STATUS_TIME_DIFFERENCE_AT_DC",
        Errc::AuthenticationFailed,
        "the clocks differ too much",
        kClockHint},
    Row{0xc000005e,
        "NT_STATUS_NO_LOGON_SERVERS",
        Errc::AuthenticationFailed,
        "no domain controller answers",
        "check from the server and from this machine that a domain controller is up"},
    Row{0xc000018b,
        "NT_STATUS_NO_TRUST_SAM_ACCOUNT",
        Errc::AuthenticationFailed,
        "the server has no account in its domain",
        "join the server to its domain again"},
    Row{0xc000018d,
        "NT_STATUS_TRUSTED_RELATIONSHIP_FAILURE",
        Errc::AuthenticationFailed,
        "the server and its domain do not trust each other",
        "join the server to its domain again"},
    Row{0xc00002c3,
        "NT_STATUS_MUTUAL_AUTHENTICATION_FAILED",
        Errc::AuthenticationFailed,
        "the server could not prove who it is",
        "check that this name leads to that server, and the server's own key in its keytab"},
    Row{0xc000035c,
        "NT_STATUS_NETWORK_SESSION_EXPIRED",
        Errc::Unreachable,
        "the ticket of the session has expired",
        ""},
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
    Row{0xc000028a,
        "NT_STATUS_ENCRYPTION_FAILED",
        Errc::NotSupported,
        "SMB encryption failed",
        "check the server's settings of SMB encryption, and \"encryption\" of it in servers.d"},
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
    Row{0xc002002a,
        "NT_STATUS_RPC_UNKNOWN_AUTHN_TYPE",
        Errc::NotSupported,
        "the server does not take this authentication of RPC calls",
        kProtectionHint},
    Row{0xc0020030,
        "NT_STATUS_RPC_UNKNOWN_AUTHN_SERVICE",
        Errc::NotSupported,
        "the server does not take this authentication of RPC calls",
        kProtectionHint},
    Row{0xc0020031,
        "NT_STATUS_RPC_UNKNOWN_AUTHN_LEVEL",
        Errc::NotSupported,
        "the server does not take this protection of RPC calls",
        "update the server: MS-FSRVP demands packet integrity or privacy"},
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

struct StageRow {
    Stage stage;
    Row row;
};

constexpr std::string_view kTamperHint =
    "update the server; if it is up to date, look for what changes SMB traffic on its way";

// What libdcerpc 4.17 makes of answers that it does not take: tests/lab/lesser_server_test.cpp.
constexpr std::array kStageRows{
    StageRow{Stage::Connect,
             {0xc0000022,
              "NT_STATUS_ACCESS_DENIED",
              Errc::AccessDenied,
              "the server refuses this account, or its SMB answers are not signed as demanded "
              "(guest, unsigned, changed, or lowered to an older SMB)",
              "on the server, let the account open the pipe FssagentRpc, not as a guest, and turn "
              "on SMB signing; if that is so, look for what changes SMB traffic on its way"}},
    StageRow{Stage::Connect,
             {0xc00000c3,
              "NT_STATUS_INVALID_NETWORK_RESPONSE",
              Errc::NotSupported,
              "the server does not speak SMB 2.1 or later",
              "turn on SMB 2.1 or later on the server"}},
    StageRow{Stage::Connect,
             {0xc000000d,
              "NT_STATUS_INVALID_PARAMETER",
              Errc::NotSupported,
              "the server refuses this kind of authentication for RPC",
              kProtectionHint}},
    StageRow{Stage::Connect,
             {0xc002001d,
              "NT_STATUS_RPC_PROTOCOL_ERROR",
              Errc::NotSupported,
              "the server answered the bind with no authentication, another one, or less "
              "protection than asked for",
              kProtectionHint}},
    StageRow{Stage::Connect,
             {0x80090302,
              "SEC_E_UNSUPPORTED_FUNCTION",
              Errc::NotSupported,
              "the server's NTLM can't sign or encrypt",
              "allow NTLM with signing and encryption on the server, or set \"auth\" to "
              "\"kerberos\" for it in servers.d"}},
    StageRow{Stage::PlainCall,
             {0xc0000022,
              "NT_STATUS_ACCESS_DENIED",
              Errc::AccessDenied,
              "the server refuses this account for FSRVP, or calls without protection",
              "set \"rpc_protection\" to \"privacy\" for this server in servers.d; if that is not "
              "it, add the account to Backup Operators or Administrators there"}},
    StageRow{Stage::Call,
             {0xc0000022,
              "NT_STATUS_ACCESS_DENIED",
              Errc::AccessDenied,
              "the server refuses this account for FSRVP",
              ""}},
    StageRow{Stage::BrokenCall,
             {0xc0000022,
              "NT_STATUS_ACCESS_DENIED",
              Errc::Protocol,
              "the server's reply has another authentication or protection than the binding",
              kTamperHint}},
    StageRow{Stage::BrokenCall,
             {0xc00000c3,
              "NT_STATUS_INVALID_NETWORK_RESPONSE",
              Errc::Protocol,
              "the server's reply to a protected call is not protected",
              kTamperHint}},
    StageRow{Stage::BrokenCall,
             {0xc0020057,
              "NT_STATUS_RPC_SEC_PKG_ERROR",
              Errc::Protocol,
              "the reply's signature is wrong: it was changed on its way, or repeated",
              kTamperHint}},
};

Error errorOf(const Row& row, std::string_view what) {
    std::string message(what);
    message += ": ";
    message += row.meaning;
    message += " (";
    message += row.name;
    message += ")";
    return Error(row.code, message).withHint(row.hint);
}

} // namespace

Error ntstatusError(std::string_view what, std::uint32_t status) {
    for (const Row& row : kRows) {
        if (row.status == status) {
            return errorOf(row, what);
        }
    }
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), ": NTSTATUS 0x%08x", status);
    return Error(Errc::Failed, std::string(what) + text.data());
}

Error pipeError(Stage stage, std::string_view what, std::uint32_t status) {
    for (const StageRow& row : kStageRows) {
        if (row.stage == stage && row.row.status == status) {
            return errorOf(row.row, what);
        }
    }
    return ntstatusError(what, status);
}

Error ticketError(const Error& plain,
                  std::string_view principal,
                  Stage stage,
                  std::uint32_t status,
                  std::chrono::seconds clockAhead) {
    constexpr std::array<std::uint32_t, 4> isRefusal{0xc000006d,     // LOGON_FAILURE
                                                     0xc0000022,     // ACCESS_DENIED
                                                     0xc000000d,     // INVALID_PARAMETER
                                                     0xc0000133};    // TIME_DIFFERENCE_AT_DC
    constexpr std::array<std::uint32_t, 2> mayBeRefusal{0xc002001d,  // RPC_PROTOCOL_ERROR
                                                        0xc0020057}; // RPC_SEC_PKG_ERROR
    const auto isIn = [status](const auto& list) {
        return std::find(list.begin(), list.end(), status) != list.end();
    };
    const std::chrono::seconds apart = std::chrono::abs(clockAhead);
    const bool areApart = apart >= std::chrono::minutes(5);
    // Later the session has been set up with the same ticket: so it is not that, or the clocks.
    const bool isRefused = isIn(isRefusal) && stage == Stage::Connect;
    if (!isRefused && !(areApart && (isIn(isRefusal) || isIn(mayBeRefusal)))) {
        return plain;
    }
    const std::string ticket =
        "the server refused the Kerberos ticket of '" + std::string(principal) + "'";
    if (areApart) {
        return Error(Errc::AuthenticationFailed,
                     ticket + ": its clock is " + std::to_string(apart.count()) + " s " +
                         (clockAhead.count() > 0 ? "ahead of" : "behind") + " this machine's")
            .withHint(kClockHint);
    }
    return Error(Errc::AuthenticationFailed, ticket + " (" + plain.what() + ")")
        .withHint("check that the server knows the account, and that the key in the server's own "
                  "keytab is still the one that the KDC has for it");
}

} // namespace fsrvp::smb
