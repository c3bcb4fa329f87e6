// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"

#include <string>
#include <string_view>

/// Paths that a stranger chose and that others may change while we look. Each directory on the way
/// is opened from the one before, never through a symbolic link, and what is done is done in the
/// directory so found: nobody can swap it for another in between.
namespace fsrvp::mount::fs {

/// @throws Error(InvalidArgument): not absolute, not canonical as a text, "/", control characters
void checkPathText(const std::string& path);

/// The Error of a system call's errno for that path: NotFound, AccessDenied, …; "PATH: why".
Error pathError(const std::string& path, int code);

/// A name in an open directory; the name itself need not exist and is never opened.
struct Place {
    UniqueFd directory; ///< O_PATH
    std::string directoryPath;
    std::string name;

    std::string path() const;
};

/// Opens the directory that holds the path's last name.
/// @throws Error(InvalidArgument) for a symbolic link, naming it and where it leads, and as
///         checkPathText(); Error(NotFound) for a directory that is missing or is none;
///         Error(AccessDenied, Failed)
Place findPlace(const std::string& path);

/// Opens a directory by its name in another, not through a symbolic link, for O_PATH or reading.
/// @param path  of the directory to open, for messages. @throws as findPlace()
UniqueFd openBelow(int directory, const std::string& name, const std::string& path, int flags);

/// The same, or the error of a symbolic link found at that name.
Error symlinkError(int directory, const std::string& name, const std::string& path);

} // namespace fsrvp::mount::fs
