// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace fsrvp::names {

inline constexpr const char* kBusName = "org.fsrvpd1";
inline constexpr const char* kManagerPath = "/org/fsrvpd1";
inline constexpr const char* kJobPathPrefix = "/org/fsrvpd1/job/";
inline constexpr const char* kErrorPrefix = "org.fsrvpd1.Error.";

inline std::string jobPath(std::int64_t id) {
    return kJobPathPrefix + std::to_string(id);
}

} // namespace fsrvp::names
