// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/dcerpc_channel.hpp"

#include "daemon/base/error.hpp"
#include "daemon/smb/greeting.hpp"
#include "daemon/smb/ntstatus.hpp"
#include "daemon/smb/protection.hpp"
#include "daemon/smb/resolve.hpp"
#include "daemon/smb/samba_headers.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

namespace fsrvp::smb {
namespace {

struct TallocFree {
    void operator()(void* memory) const noexcept { talloc_free(memory); }
};

using TallocOwner = std::unique_ptr<void, TallocFree>;

// What libdcerpc wants to know of an interface when only raw calls are made: its identity and
// where it listens (MS-FSRVP 1.9 and 2.1; version 1.0 as the IDL and every server have it).
constexpr const char* kEndpoint[] = {"ncacn_np:[\\pipe\\FssagentRpc]"};
constexpr ndr_interface_string_array kEndpoints{1, kEndpoint};
constexpr const char* kService[] = {"cifs"};
constexpr ndr_interface_string_array kServices{1, kService};
const ndr_interface_table kFsrvpInterface{
    "FileServerVssAgent",
    {{0xa8e0653c, 0x2744, 0x4389, {0xa6, 0x1d}, {0x73, 0x73, 0xdf, 0x8b, 0x22, 0x92}}, 1},
    "File Server Remote VSS Protocol",
    13,
    nullptr,
    0,
    nullptr,
    &kEndpoints,
    &kServices,
};

// MS-SRVS 1.9 and 2.1.
constexpr const char* kSharesEndpoint[] = {"ncacn_np:[\\pipe\\srvsvc]"};
constexpr ndr_interface_string_array kSharesEndpoints{1, kSharesEndpoint};
const ndr_interface_table kSharesInterface{
    "srvsvc",
    {{0x4b324fc8, 0x1670, 0x01d3, {0x12, 0x78}, {0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88}}, 3},
    "Server Service",
    58,
    nullptr,
    0,
    nullptr,
    &kSharesEndpoints,
    &kServices,
};

void check(NTSTATUS status, std::string_view what) {
    if (!NT_STATUS_IS_OK(status)) {
        throw ntstatusError(what, NT_STATUS_V(status));
    }
}

/// The process's settings, made once; never from a file.
loadparm_context* settings(const ServerId& server) {
    static loadparm_context* const context = [] {
        check(dcerpc_init(), "cannot set up libdcerpc");
        loadparm_context* made = loadparm_init_global(false);
        if (made == nullptr) {
            throw Error(Errc::Failed, "cannot set up Samba's parameters");
        }
        lpcfg_set_cmdline(made, "log level", "0");
        lpcfg_set_cmdline(made, "client min protocol", "SMB2_10");
        lpcfg_set_cmdline(made, "client ipc min protocol", "SMB2_10");
        lpcfg_set_cmdline(made, "client max protocol", "SMB3_11");
        lpcfg_set_cmdline(made, "client ipc max protocol", "SMB3_11");
        lpcfg_set_cmdline(made, "client signing", "required");
        lpcfg_set_cmdline(made, "client ipc signing", "required");
        lpcfg_set_cmdline(made, "disable netbios", "yes");
        lpcfg_set_cmdline(made, "name resolve order", "host");
        return made;
    }();
    lpcfg_set_cmdline(context, "smb ports", std::to_string(server.port).c_str());
    return context;
}

bool useTickets(cli_credentials* credentials, loadparm_context* context, const Identity& who) {
    const char* reason = nullptr;
    return cli_credentials_set_realm(credentials, who.domain().c_str(), CRED_SPECIFIED) &&
           cli_credentials_set_kerberos_state(
               credentials, CRED_USE_KERBEROS_REQUIRED, CRED_SPECIFIED) &&
           cli_credentials_set_ccache(
               credentials, context, who.tickets()->cacheName().c_str(), CRED_SPECIFIED, &reason) ==
               0;
}

bool usePassword(cli_credentials* credentials, const Identity& who) {
    return cli_credentials_set_password(
               credentials, who.password().reveal().c_str(), CRED_SPECIFIED) &&
           cli_credentials_set_kerberos_state(
               credentials, CRED_USE_KERBEROS_DISABLED, CRED_SPECIFIED);
}

cli_credentials* makeCredentials(TALLOC_CTX* owner,
                                 loadparm_context* context,
                                 const Identity& who,
                                 SmbEncryption encryption) {
    cli_credentials* credentials = cli_credentials_init(owner);
    const smb_encryption_setting setting =
        encryption == SmbEncryption::Required ? SMB_ENCRYPTION_REQUIRED : SMB_ENCRYPTION_DESIRED;
    const bool made =
        credentials != nullptr && cli_credentials_set_conf(credentials, context) &&
        cli_credentials_set_username(credentials, who.user().c_str(), CRED_SPECIFIED) &&
        cli_credentials_set_domain(credentials, who.domain().c_str(), CRED_SPECIFIED) &&
        cli_credentials_set_smb_signing(credentials, SMB_SIGNING_REQUIRED, CRED_SPECIFIED) &&
        cli_credentials_set_smb_ipc_signing(credentials, SMB_SIGNING_REQUIRED, CRED_SPECIFIED) &&
        cli_credentials_set_smb_encryption(credentials, setting, CRED_SPECIFIED) &&
        (who.tickets() != nullptr ? useTickets(credentials, context, who)
                                  : usePassword(credentials, who));
    if (!made || cli_credentials_is_anonymous(credentials)) {
        throw Error(Errc::NoCredential, "cannot make credentials of the user name");
    }
    return credentials;
}

/// Overwrites the library's copy of the password, which is needed for logging in only.
void wipePassword(cli_credentials* credentials) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the library's own bytes
    char* const copy = const_cast<char*>(cli_credentials_get_password(credentials));
    if (copy != nullptr) {
        explicit_bzero(copy, std::strlen(copy));
    }
    cli_credentials_set_password(credentials, nullptr, CRED_SPECIFIED);
}

/// How libdcerpc is told the authentication of the calls and their protection.
std::string protectionOptions(Auth auth, RpcProtection protection) {
    if (protection == RpcProtection::None) {
        return "";
    }
    const std::string level = protection == RpcProtection::Privacy ? ",seal" : ",sign";
    switch (auth) {
    case Auth::Kerberos:
        return ",krb5" + level;
    case Auth::Negotiate:
        return ",spnego" + level;
    case Auth::Ntlm:
        break;
    }
    return ",ntlm" + level;
}

/// What explains a failure to log in, without secrets.
struct Attempt {
    ServerId server;
    SmbEncryption encryption;
    std::string ticketOf; ///< empty: NTLM
    std::chrono::milliseconds timeout;
};

/// The error of a login that failed, with what the server's greeting adds to its cause.
Error loginError(const Attempt& attempt, Stage stage, std::string_view what, NTSTATUS status) {
    const Error plain = pipeError(stage, what, NT_STATUS_V(status));
    Greeting greeting;
    try {
        greeting = greet(attempt.server, attempt.timeout);
        requireEncryption(attempt.encryption, greeting);
    } catch (const Error& error) {
        return error.code() == Errc::NotSupported ? error : plain;
    }
    return attempt.ticketOf.empty()
               ? plain
               : ticketError(
                     plain, attempt.ticketOf, stage, NT_STATUS_V(status), greeting.clockAhead);
}

} // namespace

struct DcerpcChannel::Impl {
    // Destroyed in this order's reverse: the pipe needs the event context.
    TallocOwner memory{talloc_new(nullptr)};
    dcerpc_pipe* pipe = nullptr;
    std::optional<Attempt> attempt; ///< until a call was answered, which proves the login
    RpcProtection protection = RpcProtection::Privacy;

    /// Of a call that has just failed.
    Stage stage() const {
        if (protection == RpcProtection::None) {
            return Stage::PlainCall;
        }
        return dcerpc_binding_handle_is_connected(pipe->binding_handle) ? Stage::Call
                                                                        : Stage::BrokenCall;
    }
};

namespace {

dcerpc_pipe* connect(TALLOC_CTX* memory,
                     const Access& access,
                     const Identity& who,
                     const Attempt& attempt,
                     Service service) {
    const bool isFsrvp = service == Service::Fsrvp;
    const ndr_interface_table& interface = isFsrvp ? kFsrvpInterface : kSharesInterface;
    tevent_context* events = tevent_context_init(memory);
    loadparm_context* context = settings(access.server);
    const std::string address = reachableAddress(access.server, attempt.timeout);
    const std::string text = "ncacn_np:" + address + "[\\pipe\\" +
                             (isFsrvp ? "FssagentRpc" : "srvsvc") + ",smb2" +
                             protectionOptions(access.login.auth, access.rpc) +
                             ",target_hostname=" + access.server.host + "]";
    dcerpc_binding* binding = nullptr;
    check(dcerpc_parse_binding(memory, text.c_str(), &binding), "cannot address the server");
    cli_credentials* credentials = makeCredentials(memory, context, who, access.encryption);
    dcerpc_pipe* pipe = nullptr;
    const NTSTATUS status =
        dcerpc_pipe_connect_b(memory, &pipe, binding, &interface, credentials, events, context);
    wipePassword(credentials);
    if (!NT_STATUS_IS_OK(status)) {
        throw loginError(attempt,
                         Stage::Connect,
                         isFsrvp ? "cannot open the FSRVP pipe" : "cannot open the pipe srvsvc",
                         status);
    }
    return pipe;
}

Agreed agreedOn(const dcerpc_pipe& pipe) {
    dcerpc_AuthType type = DCERPC_AUTH_TYPE_NONE;
    dcerpc_AuthLevel level = DCERPC_AUTH_LEVEL_NONE;
    dcerpc_binding_handle_auth_info(pipe.binding_handle, &type, &level);
    return {static_cast<std::uint32_t>(type),
            static_cast<std::uint32_t>(level),
            (pipe.conn->flags & DCERPC_HEADER_SIGNING) != 0};
}

} // namespace

DcerpcChannel::DcerpcChannel(const Access& access,
                             const Identity& identity,
                             std::chrono::milliseconds timeout,
                             Service service)
    : impl_(std::make_unique<Impl>()) {
    impl_->attempt = Attempt{access.server,
                             access.encryption,
                             identity.tickets() != nullptr ? identity.text() : "",
                             timeout};
    impl_->protection = access.rpc;
    impl_->pipe = connect(impl_->memory.get(), access, identity, *impl_->attempt, service);
    requireProtection(access.login.auth, access.rpc, agreedOn(*impl_->pipe));
}

DcerpcChannel::~DcerpcChannel() = default;

Stub DcerpcChannel::call(std::uint16_t opnum,
                         std::span<const std::byte> stub,
                         std::chrono::milliseconds timeout) {
    const TallocOwner memory(talloc_new(nullptr));
    // libdcerpc counts in whole seconds.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout).count();
    dcerpc_binding_handle_set_timeout(
        impl_->pipe->binding_handle,
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, 86400)));
    // The library only reads the request; its signature lacks the const.
    auto* request =
        static_cast<std::uint8_t*>(talloc_memdup(memory.get(), stub.data(), stub.size()));
    std::uint8_t* reply = nullptr;
    std::size_t replySize = 0;
    std::uint32_t replyFlags = 0;
    const NTSTATUS status = dcerpc_binding_handle_raw_call(impl_->pipe->binding_handle,
                                                           nullptr,
                                                           opnum,
                                                           0,
                                                           request,
                                                           stub.size(),
                                                           memory.get(),
                                                           &reply,
                                                           &replySize,
                                                           &replyFlags);
    if (!NT_STATUS_IS_OK(status)) {
        const Stage stage = impl_->stage();
        throw impl_->attempt ? loginError(*impl_->attempt, stage, "the first call failed", status)
                             : pipeError(stage, "the call failed", NT_STATUS_V(status));
    }
    impl_->attempt.reset();
    const auto* bytes = reinterpret_cast<const std::byte*>(reply);
    return Stub(bytes, bytes + replySize);
}

} // namespace fsrvp::smb
