// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/source.hpp"
#include "daemon/mount/mount_table.hpp"

#include <string_view>

namespace fsrvp::mount {

/// Whether the text is a local path: it begins with one '/' only.
bool isPath(std::string_view source);

/// Reads what a user names a share by. The forms:
///
///   /mnt/share/dir            on a cifs mount of `host`; canonical. Bind mounts, mounts of
///                             sub-directories, stacked mounts: what a walk of the path ends in
///   //server/share[/dir]      also with backslashes; doubled and final separators in `dir` are
///                             passed over
///   smb://[[domain;]user@]server[:port]/share[/dir]
///                             percent escapes (RFC 3986) decoded; the user is passed over, since
///                             servers.d says as whom a server is spoken to; a password is refused,
///                             and no message repeats it. cifs: is the same
///
/// @throws Error(InvalidSource): none of these; a path not on a cifs mount, which names the file
///         system that it is on; a sub-directory that mount.cifs can't be told of (isMountable);
///         over 16384 bytes
Source parseSource(std::string_view text, const MountTable& host);

/// Whether mount.cifs can be given this as part of What: it puts share and directory among its
/// options, where a comma begins another one. No comma, backslash, control character or bytes that
/// are not UTF-8; no component "." or "..".
bool isMountable(std::string_view directory);

} // namespace fsrvp::mount
