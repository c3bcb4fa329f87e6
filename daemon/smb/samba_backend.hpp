// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/smb/backend.hpp"

#include <filesystem>

namespace fsrvp::smb {

/// Samba's client libraries: libdcerpc for the pipe, libsmbclient for shares. Their settings are
/// one set a process and explicit: no system smb.conf is read.
///
/// One per process, one thread: both libraries keep global state (libsmbclient 4.17 crashes when
/// two threads use it even with a context each).
class SambaBackend final : public Backend {
  public:
    /// @param scratch  a directory of the process's own; an smb.conf for libsmbclient is written
    ///                 there. It becomes HOME, where the library looks for one first.
    explicit SambaBackend(const std::filesystem::path& scratch);
    SambaBackend(const SambaBackend&) = delete;
    SambaBackend& operator=(const SambaBackend&) = delete;
    ~SambaBackend() override;

    std::unique_ptr<Channel> openPipe(const ServerId& server,
                                      const Login& login,
                                      std::chrono::milliseconds timeout) override;
    std::vector<std::string> listShares(const ServerId& server,
                                        const Login& login,
                                        std::chrono::milliseconds timeout) override;
    SharePresence probeShare(const ServerId& server,
                             const Login& login,
                             const std::string& share,
                             std::chrono::milliseconds timeout) override;

  private:
    std::filesystem::path configuration_;
};

} // namespace fsrvp::smb
