// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace fsrvp {

/// The contexts of MS-FSRVP 2.2.2.2 that servers take. NasRollback (persistent, no writers) is the
/// right one for a tool that works on files.
enum class ShadowCopyContext : std::uint32_t {
    Backup = 0x00,
    FileShareBackup = 0x10,
    NasRollback = 0x19,
    AppRollback = 0x09,
};

/// MS-FSRVP 2.2.2.1 ATTR_AUTO_RECOVERY: exposed read-write until RecoveryComplete.
inline constexpr std::uint32_t kAttrAutoRecovery = 0x00400000;

/// "backup", "file-share-backup", "nas-rollback", "app-rollback".
std::string_view contextName(ShadowCopyContext context) noexcept;
/// @throws Error(InvalidArgument) that lists the names
ShadowCopyContext parseContext(std::string_view name);

} // namespace fsrvp
