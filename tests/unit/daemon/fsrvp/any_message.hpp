// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/stub.hpp"

#include <nlohmann/json.hpp>

#include <span>
#include <string_view>

namespace fsrvp {

enum class Direction { Request, Response };

/// One of the 26 stubs, without its type: what tests do to whichever they are given. A response's
/// JSON has its HRESULT as "result", "0x%08x".
struct AnyMessage {
    std::uint16_t opnum;
    std::string_view operation;
    Direction direction;
    /// @throws Error(Protocol)
    nlohmann::json (*toJson)(std::span<const std::byte> stub);
    /// Decodes, then encodes. @throws Error(Protocol)
    Stub (*again)(std::span<const std::byte> stub);
    /// @throws Error(Protocol)
    Stub (*fromJson)(const nlohmann::json& json);
};

/// All of them: the request of opnum n at 2 n, its response behind it.
std::span<const AnyMessage> allMessages();
/// @throws std::runtime_error for a name that no operation has
const AnyMessage& messageOf(std::string_view operation, Direction direction);

} // namespace fsrvp
