// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fsrvp {

/// No packet is larger.
inline constexpr std::size_t kMaxPacket = 64UL * 1024;

/// Sends one packet on a SOCK_SEQPACKET. @throws Error(Unreachable) when nobody reads it any more
void sendPacket(int socket, std::string_view packet);

/// Receives one packet; waits for it unless the socket is non-blocking. Nothing at the end of the
/// connection. @throws Error(Protocol) for one over kMaxPacket, Error(Unreachable)
std::optional<std::string> receivePacket(int socket);

} // namespace fsrvp
