// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>

namespace fsrvp::config {

enum class FileKind {
    Public, ///< others may read it
    Secret, ///< nobody but the owner may read it
};

/// The largest keytab or ticket cache: what an agent is told of it has to fit in a packet.
inline constexpr std::size_t kLargestKerberosFile = 24UL * 1024;

/// Reads a whole file that we are about to trust: a regular one of root's (or of the uid that
/// runs), not writable by group or others, at most `limit` bytes. All checks are made on the
/// descriptor that is read. The caller wipes what is secret.
/// @throws Error(Configuration) naming the file; its hint is the command to run
std::string readCheckedFile(const std::string& path, FileKind kind, std::size_t limit);

/// The same rules of ownership for a directory; false when there is none of that name.
/// @throws Error(Configuration)
bool checkDirectory(const std::string& path);

} // namespace fsrvp::config
