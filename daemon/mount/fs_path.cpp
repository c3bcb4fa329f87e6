// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/fs_path.hpp"

#include "daemon/mount/path_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

namespace fsrvp::mount::fs {
namespace {

std::vector<std::string> namesOf(const std::string& path) {
    std::vector<std::string> names;
    std::size_t begin = 1;
    while (begin <= path.size()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        names.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return names;
}

Error invalid(const std::string& path, const std::string& why) {
    return Error(Errc::InvalidArgument, printable(path) + " " + why);
}

std::string join(const std::string& directory, const std::string& name) {
    return directory == "/" ? directory + name : directory + "/" + name;
}

} // namespace

void checkPathText(const std::string& path) {
    if (path.empty()) {
        throw Error(Errc::InvalidArgument, "the path is empty");
    }
    if (path.front() != '/') {
        throw invalid(path, "is not an absolute path").withHint("begin it with /");
    }
    if (path.size() >= PATH_MAX) {
        throw Error(Errc::InvalidArgument, "the path is too long").withHint("4095 bytes are most");
    }
    if (std::any_of(path.begin(), path.end(), isControl)) {
        throw invalid(path, "has a newline or another control character in it")
            .withHint("choose a name without it");
    }
    if (path == "/") {
        throw invalid(path, "is the root of the file system").withHint("choose a directory below");
    }
    for (const std::string& name : namesOf(path)) {
        if (name.empty() || name == "." || name == "..") {
            throw invalid(path, "is not a canonical path: it has '.', '..' or a '/' too many")
                .withHint("give it as realpath(1) prints it");
        }
    }
}

Error pathError(const std::string& path, int code) {
    const std::string text = printable(path) + ": " + std::strerror(code);
    switch (code) {
    case ENOENT:
        return Error(Errc::NotFound, printable(path) + " does not exist");
    case ENOTDIR:
        return Error(Errc::NotFound, printable(path) + " is not a directory");
    case EEXIST:
        return Error(Errc::AlreadyExists, printable(path) + " exists already");
    case ENAMETOOLONG:
        return Error(Errc::InvalidArgument, text).withHint("choose a shorter name");
    case EROFS:
        return Error(Errc::AccessDenied, printable(path) + " is on a read-only file system")
            .withHint("choose a place that can be written, or give no path: the default is a "
                      "directory of fsrvpd's own");
    case EACCES:
    case EPERM:
        return Error(Errc::AccessDenied, text)
            .withHint("the file system there does not let root of this machine do it; choose "
                      "another place");
    default:
        return Error(Errc::Failed, text);
    }
}

std::string Place::path() const {
    return join(directoryPath, name);
}

Error symlinkError(int directory, const std::string& name, const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    if (length < 0) {
        return pathError(path, errno);
    }
    const std::string_view text(target.data(), static_cast<std::size_t>(length));
    return invalid(path, "is a symbolic link to " + printable(text))
        .withHint("give the path that it leads to; realpath(1) prints it");
}

UniqueFd openBelow(int directory, const std::string& name, const std::string& path, int flags) {
    // With O_DIRECTORY an automount on the way is triggered, as by any other walk.
    UniqueFd opened(
        ::openat(directory, name.c_str(), flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (opened) {
        return opened;
    }
    const int code = errno;

    struct stat entry {};

    if ((code == ENOTDIR || code == ELOOP) &&
        ::fstatat(directory, name.c_str(), &entry, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 &&
        S_ISLNK(entry.st_mode)) {
        throw symlinkError(directory, name, path);
    }
    throw pathError(path, code);
}

Place findPlace(const std::string& path) {
    checkPathText(path);
    std::vector<std::string> names = namesOf(path);
    Place place;
    place.name = std::move(names.back());
    names.pop_back();
    place.directoryPath = "/";
    place.directory.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!place.directory) {
        throw pathError("/", errno);
    }
    for (const std::string& name : names) {
        place.directoryPath = join(place.directoryPath, name);
        place.directory = openBelow(place.directory.get(), name, place.directoryPath, O_PATH);
    }
    return place;
}

} // namespace fsrvp::mount::fs
