// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/samba_backend.hpp"

#include "daemon/base/error.hpp"
#include "daemon/smb/dcerpc_channel.hpp"
#include "daemon/smb/greeting.hpp"
#include "daemon/smb/protection.hpp"
#include "daemon/smb/resolve.hpp"
#include "daemon/smb/share_client.hpp"
#include "daemon/smb/share_info.hpp"

#include <cstdlib>
#include <fstream>

namespace fsrvp::smb {
namespace {

/// libsmbclient would speak to a server without encryption where that is required.
void requireEncryptingServer(const Access& access, std::chrono::milliseconds timeout) {
    if (access.encryption == SmbEncryption::Required) {
        requireEncryption(access.encryption, greet(access.server, timeout));
    }
}

} // namespace

SambaBackend::SambaBackend(const std::filesystem::path& scratch)
    : scratch_(scratch), configuration_(scratch / "smb.conf") {
    std::ofstream file(configuration_);
    file << "[global]\n"
            "client min protocol = SMB2_10\n"
            "client ipc min protocol = SMB2_10\n"
            "client signing = required\n"
            "client ipc signing = required\n"
            "disable netbios = yes\n"
            "name resolve order = host\n"
            "log level = 0\n"
            "lock directory = "
         << scratch.string() << "\nstate directory = " << scratch.string()
         << "\ncache directory = " << scratch.string() << "\nprivate dir = " << scratch.string()
         << "\npid directory = " << scratch.string() << "\n";
    file.close();
    // The first context of a process reads $HOME/.smb/smb.conf or the host's own before ours.
    std::error_code ignored;
    std::filesystem::create_directory(scratch / ".smb", ignored);
    std::filesystem::copy_file(configuration_,
                               scratch / ".smb" / "smb.conf",
                               std::filesystem::copy_options::overwrite_existing,
                               ignored);
    if (!file || setenv("HOME", scratch.c_str(), 1) != 0) {
        throw Error(Errc::Failed, "cannot write " + configuration_.string());
    }
}

SambaBackend::~SambaBackend() = default;

const Identity& SambaBackend::identityOf(const Access& access) {
    const bool isFresh = identity_ && access_ == access &&
                         (identity_->tickets() == nullptr ||
                          identity_->tickets()->validFor() > std::chrono::minutes(1));
    if (!isFresh) {
        identity_.reset();
        access_ = access;
        identity_.emplace(access.login, access.server.host, scratch_);
        if (const KerberosTickets* tickets = identity_->tickets()) {
            ::setenv("KRB5CCNAME", tickets->cacheName().c_str(), 1);
        }
    }
    return *identity_;
}

Pipe SambaBackend::openPipe(const Access& access, std::chrono::milliseconds timeout) {
    const Identity& identity = identityOf(access);
    return {std::make_unique<DcerpcChannel>(access, identity, timeout), identity.text()};
}

std::vector<std::string> SambaBackend::resolve(const std::string& host) {
    return resolveHost(host);
}

Greeting SambaBackend::greet(const ServerId& server, std::chrono::milliseconds timeout) {
    return smb::greet(server, timeout);
}

Tickets SambaBackend::getTickets(const Login& login) {
    identity_.reset(); // whose cache has the same place
    const KerberosTickets tickets(login, scratch_);
    return {tickets.principal(), tickets.validFor()};
}

bool SambaBackend::isDfsRoot(const Access& access,
                             const std::string& share,
                             std::chrono::milliseconds timeout) {
    try {
        DcerpcChannel srvsvc(access, identityOf(access), timeout, Service::Shares);
        return smb::isDfsRoot(srvsvc, share, timeout);
    } catch (const Error&) {
        return false;
    }
}

std::vector<std::string> SambaBackend::listShares(const Access& access,
                                                  std::chrono::milliseconds timeout) {
    const Identity& identity = identityOf(access);
    requireEncryptingServer(access, timeout);
    return ShareClient(configuration_, access, identity, timeout).list();
}

std::vector<std::string> SambaBackend::listGmtDirectories(const Access& access,
                                                          const std::string& share,
                                                          std::chrono::milliseconds timeout) {
    const Identity& identity = identityOf(access);
    requireEncryptingServer(access, timeout);
    return ShareClient(configuration_, access, identity, timeout).listGmtDirectories(share);
}

SharePresence SambaBackend::probeShare(const Access& access,
                                       const std::string& share,
                                       std::chrono::milliseconds timeout) {
    const Identity& identity = identityOf(access);
    requireEncryptingServer(access, timeout);
    return ShareClient(configuration_, access, identity, timeout).probe(share);
}

} // namespace fsrvp::smb
