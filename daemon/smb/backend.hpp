// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/channel.hpp"
#include "daemon/model/login.hpp"
#include "daemon/model/server_id.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace fsrvp::smb {

enum class SharePresence { Present, Absent };

/// What an agent does on the network: Samba's client libraries, or the tests' in-memory server.
/// Blocking, one thread. Errors name what failed and why, not the server: the caller does.
class Backend {
  public:
    virtual ~Backend() = default;

    /// Opens the FSRVP pipe, binds at packet privacy with NTLM, and makes sure that no less was
    /// agreed on.
    /// @throws Error(NoCredential)          empty user; nothing was sent
    /// @throws Error(NameNotResolved, Unreachable, TimedOut, AuthenticationFailed, AccessDenied)
    /// @throws Error(NotSupported)          no FSRVP there, or less protection than asked for
    virtual std::unique_ptr<Channel>
    openPipe(const ServerId& server, const Login& login, std::chrono::milliseconds timeout) = 0;

    /// The names of the server's disk shares, exposed snapshots among them.
    virtual std::vector<std::string>
    listShares(const ServerId& server, const Login& login, std::chrono::milliseconds timeout) = 0;

    /// Whether the server knows a share of that name, hidden or not.
    /// @throws Error where the server tells neither (down, refuses the account)
    virtual SharePresence probeShare(const ServerId& server,
                                     const Login& login,
                                     const std::string& share,
                                     std::chrono::milliseconds timeout) = 0;
};

} // namespace fsrvp::smb
