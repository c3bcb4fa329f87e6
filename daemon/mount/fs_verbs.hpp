// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/mount/fs_messages.hpp"

#include <string>

/// What fsrvp-fs does, in the mount namespace of its process. Errors are those of PathHelper.
namespace fsrvp::mount::fs {

bool checkDestination(const std::string& path);
/// On failure the parents that it made are gone again.
void makeDirectory(const std::string& path, bool parents);
bool removeDirectory(const std::string& path);
void detach(const std::string& path);
/// @param file  "/proc/fs/cifs/DebugData"; where there is none, no cifs is loaded
bool isConnected(const std::string& share, const std::string& file);
SecretFile readSecretFile(const std::string& path);

/// Carries the request out; what went wrong is an Error in the answer.
Answer handle(const Request& request) noexcept;

} // namespace fsrvp::mount::fs
