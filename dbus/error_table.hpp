// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fsrvp {

/// What an Errc is on the bus and on the command line; the one such table.
struct ErrorRow {
    Errc code;
    std::string_view hint; ///< what to try; may be empty
    int exitCode;          ///< of fsrvpctl: design of the command line, README "Exit codes"
};

const ErrorRow& errorRow(Errc code) noexcept;
/// "org.fsrvpd1.Error.NotFound".
std::string errorBusName(Errc code);
/// The code of that D-Bus error name, or nothing for a foreign one.
std::optional<Errc> errcFromBusName(std::string_view name) noexcept;
/// The error's own hint, else its row's.
std::string_view hintOf(const Error& error) noexcept;

/// What crosses the bus as the message of an error: "message [hresult=0x80042316] (hint: try …)",
/// each part only where there is one, a huge one shortened; and back.
std::string errorToBusMessage(const Error& error);
Error errorFromBus(std::string_view name, std::string_view message);

} // namespace fsrvp
