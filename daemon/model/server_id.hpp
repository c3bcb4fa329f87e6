// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace fsrvp {

inline constexpr std::uint16_t kSmbPort = 445;

/// Whether it is an IP address, of version 4 or 6, and no name.
bool isAddress(const std::string& host) noexcept;

/// Which server: queues, connections and records belong to one of these.
struct ServerId {
    std::string host; ///< lower case, a name or an IP literal
    std::uint16_t port = kSmbPort;

    /// "fs1", or "fs1:1445" where the port is not 445.
    std::string text() const;
    auto operator<=>(const ServerId&) const = default;
};

} // namespace fsrvp
