// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/secret.hpp"

#include <string>
#include <string_view>

namespace fsrvp::config {

struct Credentials {
    std::string user;   ///< empty when the file names none
    std::string domain; ///< empty when the file names none
    Secret password;
};

/// Reads a file in the form of mount.cifs's option credentials=, so that one file serves both:
/// lines `username=`, `password=`, `domain=` (or `user=`, `pass=`, `dom=`), keys in any case. White
/// space before and after a key is skipped; a value is what stands between '=' and the end of the
/// line, with its spaces, quotes and '#'. Empty lines and lines that begin with '#' are skipped.
/// Where mount.cifs passes over what it cannot read, this refuses it.
/// @throws Error(Configuration) with file and line, never with what stands there; a file that
///         others may read is refused
Credentials readCredentialsFile(const std::string& path);
/// The same from memory; `path` is only for messages.
Credentials parseCredentials(std::string_view text, const std::string& path);

} // namespace fsrvp::config
