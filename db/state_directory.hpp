// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"

#include <filesystem>

namespace fsrvp::db {

/// Makes the directory (0700) where it is missing and takes DIR/lock, for as long as the result
/// lives. The lock goes with the process, however that ends.
/// @throws Error(Busy)      another fsrvpd has it
/// @throws Error(Database)  it cannot be made or written
UniqueFd lockStateDirectory(const std::filesystem::path& directory);

/// Makes the file (empty) where it is missing and sees to it that its mode is 0600, which SQLite
/// then gives to the files it keeps beside it. Only before the first connection: closing any
/// descriptor of the file would end SQLite's own locks.
/// @throws Error(Database)
void prepareDatabaseFile(const std::filesystem::path& file);

} // namespace fsrvp::db
