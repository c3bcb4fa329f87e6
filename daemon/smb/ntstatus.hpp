// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <cstdint>
#include <string_view>

namespace fsrvp::smb {

/// "what: meaning (NT_STATUS_…)", with the Errc and the hint that fit. RPC faults arrive as
/// NTSTATUS too: libdcerpc translates them. An unknown status shows its number.
Error ntstatusError(std::string_view what, std::uint32_t status);

} // namespace fsrvp::smb
