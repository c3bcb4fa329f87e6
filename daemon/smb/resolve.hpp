// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/server_id.hpp"

#include <chrono>
#include <string>

namespace fsrvp::smb {

/// An address of the server, as text, whose port takes a TCP connection; the resolver's order
/// (getaddrinfo, no NetBIOS). It is asked before Samba's libraries are: those wait for a fixed time
/// and report a refused connection as NT_STATUS_NO_MEMORY (4.17).
/// @throws Error(NameNotResolved, Unreachable, TimedOut)
std::string reachableAddress(const ServerId& server, std::chrono::milliseconds timeout);

} // namespace fsrvp::smb
