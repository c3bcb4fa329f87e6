// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/server_id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fsrvp::mount {

/// The options for mount.cifs, without credentials: always ro,nosuid,nodev,noexec and the port
/// where it is not 445. With a base mount, those of its options that docs/architecture.md lists
/// ("Options of a mount"), each only if its value is one that the kernel prints for it (`addr`
/// becomes `ip`), and nothing else of it. Without one: seal, file_mode=0400, dir_mode=0500, uid
/// and forceuid for the caller; these four also with a base mount that does not decide by owner and
/// mode who may read (multiuser, posix, unix), in place of all options that say who may. A value
/// that is not of the expected form is left out: the result never holds a character of a user's
/// besides what these forms allow.
std::string snapshotMountOptions(const std::optional<std::string>& baseOptions,
                                 const ServerId& server,
                                 std::uint32_t uid);

/// What= of a mount: "//server/exposed" or "//server/exposed/dir".
/// @throws Error(InvalidSource) for a directory, Error(Protocol) for an exposed name, that
///         mount.cifs would read options in (isMountable)
std::string
snapshotMountSource(std::string_view server, std::string_view exposed, std::string_view directory);

} // namespace fsrvp::mount
