// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

/// What the user calls things, made into what fsrvpd takes: it takes canonical paths only, since a
/// path means something else in another directory and, by symbolic links, at another time.
/// Every function throws Error(InvalidArgument) for a result that is not UTF-8 (D-Bus takes nothing
/// else) and for an empty name.
namespace fsrvp::ctl {

/// Whether it is a path of this machine: no //server/share, no \\server\share, no smb://… .
bool isLocalPath(std::string_view name);

/// A source: a local path with every symbolic link resolved, anything else as it is.
/// @throws Error(InvalidSource) a local path that is not there or cannot be walked
std::string sourceFor(const std::string& name);

/// Whether the last argument of `create` is a new mount point and no other source: a local path
/// where nothing is, or an empty directory that is no mount point. A symbolic link is never one.
bool isDestination(const std::string& name);
/// A mount point to be: as canonical as it can be while it need not be there. Symbolic links are
/// resolved up to the last component; where its parent is not there, fsrvpd shall refuse it, so it
/// is made absolute only.
/// @throws Error(InvalidArgument) it is no local path
std::string destinationFor(const std::string& name);

/// A mount point that is there: its parent is resolved as of a destination, and itself is never
/// touched, since the server behind it may be dead and who asks it waits for long.
/// @throws Error(InvalidArgument) it is no local path
std::string mountPointFor(const std::string& name);
/// What names a snapshot: a number, a GUID or its beginning, or an exposed share as it is,
/// everything else is a mount point; so is "./7".
/// @throws Error(InvalidArgument) it is another share
std::string snapshotFor(const std::string& name);

} // namespace fsrvp::ctl
