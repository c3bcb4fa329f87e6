// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/smb/backend.hpp"
#include "daemon/smb/identity.hpp"

#include <filesystem>
#include <optional>

namespace fsrvp::smb {

/// Samba's client libraries: libdcerpc for the pipe, libsmbclient for shares. Their settings are
/// one set a process and explicit: no system smb.conf is read.
///
/// One per process, one thread: both libraries keep global state (libsmbclient 4.17 crashes when
/// two threads use it even with a context each).
class SambaBackend final : public Backend {
  public:
    /// @param scratch  a directory of the process's own; an smb.conf for libsmbclient is written
    ///                 there, and Kerberos tickets while they are in use. It becomes HOME, where
    ///                 the library looks for an smb.conf first.
    explicit SambaBackend(const std::filesystem::path& scratch);
    SambaBackend(const SambaBackend&) = delete;
    SambaBackend& operator=(const SambaBackend&) = delete;
    ~SambaBackend() override;

    Pipe openPipe(const Access& access, std::chrono::milliseconds timeout) override;
    std::vector<std::string> resolve(const std::string& host) override;
    Greeting greet(const ServerId& server, std::chrono::milliseconds timeout) override;
    Tickets getTickets(const Login& login) override;
    bool isDfsRoot(const Access& access,
                   const std::string& share,
                   std::chrono::milliseconds timeout) override;
    std::vector<std::string> listShares(const Access& access,
                                        std::chrono::milliseconds timeout) override;
    std::vector<std::string> listGmtDirectories(const Access& access,
                                                const std::string& share,
                                                std::chrono::milliseconds timeout) override;
    SharePresence probeShare(const Access& access,
                             const std::string& share,
                             std::chrono::milliseconds timeout) override;

  private:
    /// Made anew for another access, and when its tickets are about to expire.
    const Identity& identityOf(const Access& access);

    std::filesystem::path scratch_;
    std::filesystem::path configuration_;
    std::optional<Access> access_;     ///< of identity_
    std::optional<Identity> identity_; ///< at most one, since its cache has one place
};

} // namespace fsrvp::smb
