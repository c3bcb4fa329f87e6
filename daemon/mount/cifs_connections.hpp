// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace fsrvp::mount::fs {

/// Whether the kernel's cifs client, whose /proc/fs/cifs/DebugData this is, has a tree connect to
/// a share of that name, on whatever server: one server has many names, and an exposed snapshot's
/// has a GUID in it. Names are compared without regard to ASCII case. A share being disconnected or
/// reconnected counts: something still holds it.
bool hasTreeConnect(std::string_view debugData, std::string_view share);

} // namespace fsrvp::mount::fs
