// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <string_view>

namespace fsrvp::ctl {

/// Reads a time span as systemd writes them: "90" and "90s" are seconds; also "5min", "1h", "2d",
/// and several of them together, "1h 30min".
/// @throws Error(InvalidArgument): no span, zero, or too long to count
std::chrono::seconds parseSpan(std::string_view text);

} // namespace fsrvp::ctl
