// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/greeting.hpp"
#include "daemon/model/server_id.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fsrvp::smb {

/// Has the server say which SMB it speaks, as Backend::greet.
Greeting greet(const ServerId& server, std::chrono::milliseconds timeout);

/// A NetBIOS frame with an SMB2 NEGOTIATE of the dialects 2.1 to 3.1.1 (MS-SMB2 2.1 and 2.2.3).
/// @param random  becomes the client's GUID and the salt of the preauthentication hash
std::vector<std::byte> negotiateRequest(std::span<const std::byte, 48> random);

/// How many bytes follow the four of a NetBIOS header.
/// @throws Error(Protocol) for one that no answer to a NEGOTIATE has
std::size_t frameSize(std::span<const std::byte, 4> header);

/// Reads the answer, without its NetBIOS header; `address` stays empty.
/// @param now  when it came, for how far the server's clock is ahead
/// @throws Error(NotSupported)  the server has no SMB 2.1 or later
/// @throws Error(Protocol)      bytes that are no SMB, or are cut off
Greeting readNegotiateResponse(std::span<const std::byte> message,
                               std::chrono::system_clock::time_point now);

} // namespace fsrvp::smb
