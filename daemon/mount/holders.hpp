// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/mount/path_helper.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace fsrvp::mount::fs {

/// More are not named.
inline constexpr std::size_t kMostHolders = 16;

/// Who keeps the mount at that path: other mounts on it or of its file system, and processes with
/// an open file, a working or root directory, their program or a mapped file on it, each with the
/// first of these that is found. A process in another mount namespace counts by that namespace's
/// own copy of the mount: while that copy is in use, umount(2) of this one is refused. Everything
/// is read from /proc, nothing of the mount is touched. None when nothing is mounted there.
std::vector<Holder> findHolders(const std::string& path);

} // namespace fsrvp::mount::fs
