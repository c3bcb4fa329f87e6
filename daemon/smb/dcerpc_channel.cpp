// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/dcerpc_channel.hpp"

#include "daemon/base/error.hpp"
#include "daemon/smb/ntstatus.hpp"
#include "daemon/smb/resolve.hpp"
#include "daemon/smb/samba_headers.hpp"

#include <algorithm>
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

cli_credentials* makeCredentials(TALLOC_CTX* owner, loadparm_context* context, const Login& login) {
    cli_credentials* credentials = cli_credentials_init(owner);
    const bool made =
        credentials != nullptr && cli_credentials_set_conf(credentials, context) &&
        cli_credentials_set_username(credentials, login.user.c_str(), CRED_SPECIFIED) &&
        cli_credentials_set_domain(credentials, login.domain.c_str(), CRED_SPECIFIED) &&
        cli_credentials_set_password(
            credentials, login.password.reveal().c_str(), CRED_SPECIFIED) &&
        cli_credentials_set_kerberos_state(
            credentials, CRED_USE_KERBEROS_DISABLED, CRED_SPECIFIED) &&
        cli_credentials_set_smb_signing(credentials, SMB_SIGNING_REQUIRED, CRED_SPECIFIED) &&
        cli_credentials_set_smb_ipc_signing(credentials, SMB_SIGNING_REQUIRED, CRED_SPECIFIED) &&
        cli_credentials_set_smb_encryption(credentials, SMB_ENCRYPTION_REQUIRED, CRED_SPECIFIED);
    if (!made || cli_credentials_is_anonymous(credentials)) {
        throw Error(Errc::NoCredential, "cannot make credentials of the user name");
    }
    return credentials;
}

} // namespace

struct DcerpcChannel::Impl {
    // Destroyed in this order's reverse: the pipe needs the event context.
    TallocOwner memory{talloc_new(nullptr)};
    dcerpc_pipe* pipe = nullptr;
};

namespace {

dcerpc_pipe* connect(TALLOC_CTX* memory,
                     const ServerId& server,
                     const Login& login,
                     std::chrono::milliseconds timeout) {
    tevent_context* events = tevent_context_init(memory);
    loadparm_context* context = settings(server);
    cli_credentials* credentials = makeCredentials(memory, context, login);
    const std::string address = reachableAddress(server, timeout);
    const std::string text = "ncacn_np:" + address +
                             "[\\pipe\\FssagentRpc,smb2,ntlm,seal,target_hostname=" + server.host +
                             "]";
    dcerpc_binding* binding = nullptr;
    check(dcerpc_parse_binding(memory, text.c_str(), &binding), "cannot address the server");
    dcerpc_pipe* pipe = nullptr;
    check(dcerpc_pipe_connect_b(
              memory, &pipe, binding, &kFsrvpInterface, credentials, events, context),
          "cannot open the FSRVP pipe");
    return pipe;
}

/// Refuses a binding that agreed on less than was asked for.
void assertProtection(const dcerpc_pipe& pipe) {
    dcerpc_AuthType type = DCERPC_AUTH_TYPE_NONE;
    dcerpc_AuthLevel level = DCERPC_AUTH_LEVEL_NONE;
    dcerpc_binding_handle_auth_info(pipe.binding_handle, &type, &level);
    const bool headerSigning = (pipe.conn->flags & DCERPC_HEADER_SIGNING) != 0;
    if (type != DCERPC_AUTH_TYPE_NTLMSSP || level != DCERPC_AUTH_LEVEL_PRIVACY || !headerSigning) {
        throw Error(Errc::NotSupported,
                    "the server agreed on less than NTLM at packet privacy with header signing "
                    "(type " +
                        std::to_string(type) + ", level " + std::to_string(level) +
                        (headerSigning ? ")" : ", no header signing)"));
    }
}

} // namespace

DcerpcChannel::DcerpcChannel(const ServerId& server,
                             const Login& login,
                             std::chrono::milliseconds timeout)
    : impl_(std::make_unique<Impl>()) {
    impl_->pipe = connect(impl_->memory.get(), server, login, timeout);
    assertProtection(*impl_->pipe);
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
    check(status, "the call failed");
    const auto* bytes = reinterpret_cast<const std::byte*>(reply);
    return Stub(bytes, bytes + replySize);
}

} // namespace fsrvp::smb
