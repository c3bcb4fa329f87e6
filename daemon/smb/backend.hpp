// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/channel.hpp"
#include "daemon/model/access.hpp"
#include "daemon/model/greeting.hpp"
#include "daemon/model/tickets.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace fsrvp::smb {

enum class SharePresence { Present, Absent };

/// The FSRVP pipe, open and bound.
struct Pipe {
    std::unique_ptr<Channel> channel;
    std::string identity; ///< who we are to the server: "LAB\\backup", "host$@LAB.EXAMPLE"
};

/// What an agent does on the network: Samba's client libraries, or the tests' in-memory server.
/// Blocking, one thread. Errors name what failed and why, not the server: the caller does.
class Backend {
  public:
    virtual ~Backend() = default;

    /// Opens the FSRVP pipe, binds as asked for, and makes sure that no less was agreed on.
    /// @throws Error(NoCredential)          a login that does not say who it is, no ticket, or one
    ///                                      that has expired; nothing was sent to the server
    /// @throws Error(NameNotResolved, Unreachable, TimedOut, AuthenticationFailed, AccessDenied)
    /// @throws Error(NotSupported)          no FSRVP there, or less protection than asked for
    virtual Pipe openPipe(const Access& access, std::chrono::milliseconds timeout) = 0;

    /// The addresses of a host as text, in the resolver's order (getaddrinfo, no NetBIOS).
    /// @throws Error(NameNotResolved)
    virtual std::vector<std::string> resolve(const std::string& host) = 0;

    /// What the server says of itself to somebody who has not logged in.
    /// @throws Error(NameNotResolved, Unreachable, TimedOut)
    /// @throws Error(NotSupported)          it has no SMB 2.1 or later
    virtual Greeting greet(const ServerId& server, std::chrono::milliseconds timeout) = 0;

    /// Sees that the login gets Kerberos tickets.
    /// @throws Error as openPipe()
    virtual Tickets getTickets(const Login& login) = 0;

    /// Whether the share is the root of a DFS namespace; false also where the server does not tell.
    virtual bool isDfsRoot(const Access& access,
                           const std::string& share,
                           std::chrono::milliseconds timeout) = 0;

    /// The names of the server's disk shares, exposed snapshots among them.
    virtual std::vector<std::string> listShares(const Access& access,
                                                std::chrono::milliseconds timeout) = 0;

    /// The directories in a share's root that are named as snapshots are (model/gmt_name.hpp).
    virtual std::vector<std::string> listGmtDirectories(const Access& access,
                                                        const std::string& share,
                                                        std::chrono::milliseconds timeout) = 0;

    /// Whether the server knows a share of that name, hidden or not.
    /// @throws Error where the server tells neither (down, refuses the account)
    virtual SharePresence probeShare(const Access& access,
                                     const std::string& share,
                                     std::chrono::milliseconds timeout) = 0;
};

} // namespace fsrvp::smb
