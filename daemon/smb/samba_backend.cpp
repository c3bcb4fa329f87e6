// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/samba_backend.hpp"

#include "daemon/base/error.hpp"
#include "daemon/smb/dcerpc_channel.hpp"
#include "daemon/smb/share_client.hpp"

#include <cstdlib>
#include <fstream>

namespace fsrvp::smb {
namespace {

void requireUser(const Login& login) {
    if (login.user.empty()) {
        throw Error(Errc::NoCredential, "no user name is known for the server");
    }
}

} // namespace

SambaBackend::SambaBackend(const std::filesystem::path& scratch)
    : configuration_(scratch / "smb.conf") {
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

std::unique_ptr<Channel> SambaBackend::openPipe(const ServerId& server,
                                                const Login& login,
                                                std::chrono::milliseconds timeout) {
    requireUser(login);
    return std::make_unique<DcerpcChannel>(server, login, timeout);
}

std::vector<std::string> SambaBackend::listShares(const ServerId& server,
                                                  const Login& login,
                                                  std::chrono::milliseconds timeout) {
    requireUser(login);
    return ShareClient(configuration_, server, login, timeout).list();
}

SharePresence SambaBackend::probeShare(const ServerId& server,
                                       const Login& login,
                                       const std::string& share,
                                       std::chrono::milliseconds timeout) {
    requireUser(login);
    return ShareClient(configuration_, server, login, timeout).probe(share);
}

} // namespace fsrvp::smb
