// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/paths.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/utf16.hpp"
#include "daemon/model/exposed_name.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

namespace fsrvp::ctl {
namespace {

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

struct CloseDir {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

/// Nothing when the path cannot be walked; errno says why.
std::optional<std::string> canonical(const std::string& path) {
    const std::unique_ptr<char, Free> resolved(::realpath(path.c_str(), nullptr));
    return resolved ? std::optional<std::string>(resolved.get()) : std::nullopt;
}

void checkName(const std::string& name) {
    if (name.empty()) {
        throw Error(Errc::InvalidArgument, "an empty name names nothing")
            .withHint("check the variable that it came from");
    }
}

std::string checkUtf8(std::string path) {
    try {
        toUtf16(path);
    } catch (const Error&) {
        throw Error(Errc::InvalidArgument,
                    "the path '" + path + "' is not UTF-8, and D-Bus takes nothing else");
    }
    return path;
}

std::string absolute(const std::string& path) {
    std::error_code failure;
    std::string full = std::filesystem::absolute(path, failure).string();
    // getcwd() may give "(unreachable)/…".
    if (failure || !full.starts_with('/')) {
        throw Error(Errc::InvalidArgument,
                    "'" + path + "' has no absolute path: the current directory has none")
            .withHint("give an absolute path");
    }
    return full;
}

/// Without the slashes at its end; "/" stays.
std::string withoutFinalSlashes(std::string path) {
    path.erase(std::max<std::size_t>(1, path.find_last_not_of('/') + 1));
    return path;
}

struct Parts {
    std::string parent;
    std::string last; ///< empty for "/"
};

/// Of an absolute path.
Parts split(const std::string& absolutePath) {
    const std::string path = withoutFinalSlashes(absolutePath);
    const std::size_t slash = path.find_last_of('/');
    return {withoutFinalSlashes(path.substr(0, slash + 1)), path.substr(slash + 1)};
}

std::string join(const std::string& parent, const std::string& last) {
    return parent == "/" ? parent + last : parent + '/' + last;
}

std::string lexical(const std::string& absolutePath) {
    return withoutFinalSlashes(std::filesystem::path(absolutePath).lexically_normal().string());
}

bool isEmptyDirectory(const std::string& path) {
    const std::unique_ptr<DIR, CloseDir> directory(::opendir(path.c_str()));
    if (!directory) {
        return false;
    }
    errno = 0;
    while (const dirent* const entry = ::readdir(directory.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            return false;
        }
    }
    return errno == 0;
}

bool beginsWithUrlScheme(std::string_view name) {
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos || name.find('/') < colon) {
        return false;
    }
    const std::string scheme = asciiLower(name.substr(0, colon));
    // No other scheme without its slashes: "before-12:30" is a good name for a snapshot.
    return scheme == "smb" || scheme == "cifs" || name.substr(colon + 1).starts_with("//");
}

} // namespace

bool isLocalPath(std::string_view name) {
    return !name.empty() && !name.starts_with("//") && !name.starts_with("\\\\") &&
           !beginsWithUrlScheme(name);
}

std::string sourceFor(const std::string& name) {
    checkName(name);
    if (!isLocalPath(name)) {
        return name;
    }
    const std::optional<std::string> path = canonical(name);
    if (!path) {
        throw Error(Errc::InvalidSource, "cannot find '" + name + "': " + std::strerror(errno))
            .withHint("name a path on a mounted share, or a share as //server/share");
    }
    return checkUtf8(*path);
}

bool isDestination(const std::string& name) {
    if (!isLocalPath(name)) {
        return false;
    }
    const std::string path = withoutFinalSlashes(name); // lstat("link/") would follow the link

    struct stat there {};

    if (::lstat(path.c_str(), &there) != 0) {
        return errno == ENOENT;
    }

    struct stat parent {};

    if (!S_ISDIR(there.st_mode) || ::lstat((path + "/..").c_str(), &parent) != 0) {
        return false;
    }
    return there.st_dev == parent.st_dev && isEmptyDirectory(path);
}

std::string destinationFor(const std::string& name) {
    const std::string path = mountPointFor(name);
    const std::string last = split(absolute(name)).last;
    const bool isWalked = last == "." || last == "..";
    return isWalked ? checkUtf8(canonical(name).value_or(path)) : path;
}

std::string mountPointFor(const std::string& name) {
    checkName(name);
    if (!isLocalPath(name)) {
        throw Error(Errc::InvalidArgument, "'" + name + "' is no path of this host")
            .withHint("name a directory as /path or ./path");
    }
    const std::string full = absolute(name);
    Parts parts = split(full);
    while (parts.last == ".") {
        parts = split(parts.parent);
    }
    const std::optional<std::string> parent = canonical(parts.parent);
    if (!parent) {
        return checkUtf8(lexical(full));
    }
    // Above a resolved directory there is no symbolic link to be followed.
    return checkUtf8(parts.last == ".." ? split(*parent).parent : join(*parent, parts.last));
}

std::string snapshotFor(const std::string& name) {
    checkName(name);
    if (!isLocalPath(name)) {
        if (parseExposedName(name.substr(name.find_last_of("/\\") + 1))) {
            return name;
        }
        throw Error(Errc::InvalidArgument, "'" + name + "' names a share and no snapshot of it")
            .withHint("see the numbers and mount points of snapshots with: fsrvpctl list");
    }
    const bool isId = name.find_first_not_of("0123456789abcdefABCDEF-{}") == std::string::npos;
    return isId ? name : mountPointFor(name);
}

} // namespace fsrvp::ctl
