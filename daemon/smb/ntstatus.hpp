// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace fsrvp::smb {

/// "what: meaning (NT_STATUS_…)", with the Errc and the hint that fit. RPC faults arrive as
/// NTSTATUS too: libdcerpc translates them. An unknown status shows its number.
Error ntstatusError(std::string_view what, std::uint32_t status);

/// Where libdcerpc failed: it has one status for quite different causes.
enum class Stage {
    Connect,    ///< while the pipe was opened and bound
    PlainCall,  ///< in a call without protection
    Call,       ///< in a protected call; the pipe is still open, so it is what the server answered
    BrokenCall, ///< in a protected call whose reply made libdcerpc close the pipe
};

/// As ntstatusError, with what the status means there.
Error pipeError(Stage stage, std::string_view what, std::uint32_t status);

/// Where a server refuses a good Kerberos ticket, it says no more than for a wrong password, or
/// breaks off in the first call: turns that error into one about the ticket, and about the clocks
/// where those are too far apart. Others stay as they are.
/// @param clockAhead  how far the server's clock is before ours
Error ticketError(const Error& plain,
                  std::string_view principal,
                  Stage stage,
                  std::uint32_t status,
                  std::chrono::seconds clockAhead);

} // namespace fsrvp::smb
