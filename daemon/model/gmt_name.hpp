// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fsrvp {

/// The names of the directories in which Samba's vfs_btrfs keeps snapshots, in the root of the
/// share: "@GMT-2026.11.22-20.51.30", UTC by the server's clock. They sort by their time.
std::string gmtName(std::chrono::sys_seconds time);

/// The time in such a name; nothing for any other text.
std::optional<std::chrono::sys_seconds> parseGmtName(std::string_view name);

} // namespace fsrvp
