// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"
#include "daemon/model/server_id.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace fsrvp::smb {

/// The addresses of a host as text, as Backend::resolve.
std::vector<std::string> resolveHost(const std::string& host);

struct Connection {
    UniqueFd socket; ///< TCP, connected, does not block
    std::string address;
};

/// Connects to the first of the server's addresses whose port takes a TCP connection.
/// @throws Error(NameNotResolved, Unreachable, TimedOut)
Connection connectTo(const ServerId& server, std::chrono::milliseconds timeout);

/// An address of the server, as text, whose port takes a TCP connection; the resolver's order
/// (getaddrinfo, no NetBIOS). It is asked before Samba's libraries are: those wait for a fixed time
/// and report a refused connection as NT_STATUS_NO_MEMORY (4.17).
/// @throws Error(NameNotResolved, Unreachable, TimedOut)
std::string reachableAddress(const ServerId& server, std::chrono::milliseconds timeout);

} // namespace fsrvp::smb
