// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/fs_verbs.hpp"

#include "daemon/mount/cifs_connections.hpp"
#include "daemon/mount/fs_path.hpp"
#include "daemon/mount/holders.hpp"
#include "daemon/mount/mount_table.hpp"
#include "daemon/mount/path_text.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace fsrvp::mount::fs {
namespace {

constexpr const char* kMountInfo = "/proc/self/mountinfo";
constexpr const char* kDebugData = "/proc/fs/cifs/DebugData";
constexpr mode_t kDirectoryMode = 0755;

/// Runs fn; its errors say what was tried.
template <class Fn> auto trying(const std::string& what, Fn fn) {
    try {
        return fn();
    } catch (const Error& error) {
        throw error.withContext(what);
    }
}

/// "." and ".." do not count.
bool isEmptyDirectory(UniqueFd directory, const std::string& path) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(directory.get()), ::closedir);
    if (!stream) {
        throw pathError(path, errno);
    }
    static_cast<void>(directory.release()); // the stream's now
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string_view name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..") {
            return false;
        }
    }
    if (errno != 0) {
        throw pathError(path, errno);
    }
    return true;
}

/// Whether mkdir would work there, as far as that can be told without doing it.
void checkWritable(const Place& place) {
    struct statvfs system {};

    if (::fstatvfs(place.directory.get(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0) {
        throw pathError(place.directoryPath, EROFS);
    }
    if (::faccessat(place.directory.get(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
        throw pathError(place.directoryPath, errno);
    }
}

bool canBeMountPoint(const std::string& path) {
    checkPathText(path);
    // Before the walk: a mount that hangs is not touched.
    if (MountTable::read(kMountInfo).at(path) != nullptr) {
        throw Error(Errc::AlreadyExists, "something is mounted there already")
            .withHint("choose another directory, or unmount what is there first");
    }
    const Place place = findPlace(path);

    struct stat entry {};

    if (::fstatat(place.directory.get(),
                  place.name.c_str(),
                  &entry,
                  AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
        if (errno != ENOENT) {
            throw pathError(path, errno);
        }
        checkWritable(place);
        return false;
    }
    if (S_ISLNK(entry.st_mode)) {
        throw symlinkError(place.directory.get(), place.name, path);
    }
    if (!S_ISDIR(entry.st_mode)) {
        throw Error(Errc::AlreadyExists, "it exists and is not a directory")
            .withHint("choose a name that does not exist, or an empty directory");
    }
    const bool empty =
        isEmptyDirectory(openBelow(place.directory.get(), place.name, path, O_RDONLY), path);
    if (!empty) {
        throw Error(Errc::AlreadyExists, "the directory is not empty")
            .withHint("choose a name that does not exist, or an empty directory: what is in this "
                      "one would be hidden");
    }
    return true;
}

/// Makes missing directories and takes them back unless keep() is called.
class DirectoryMaker {
  public:
    DirectoryMaker() = default;
    DirectoryMaker(const DirectoryMaker&) = delete;
    DirectoryMaker& operator=(const DirectoryMaker&) = delete;

    ~DirectoryMaker() {
        std::for_each(made_.rbegin(), made_.rend(), [](const Made& made) {
            ::unlinkat(made.directory.get(), made.name.c_str(), AT_REMOVEDIR);
        });
    }

    /// Makes it if it is missing. @throws Error
    void make(int directory, const std::string& name, const std::string& path) {
        UniqueFd parent(::fcntl(directory, F_DUPFD_CLOEXEC, 3));
        if (!parent) {
            throw pathError(path, errno);
        }
        if (::mkdirat(directory, name.c_str(), kDirectoryMode) == 0) {
            made_.push_back({std::move(parent), name});
        } else if (errno != EEXIST) {
            throw pathError(path, errno);
        }
    }

    void keep() noexcept { made_.clear(); }

  private:
    struct Made {
        UniqueFd directory;
        std::string name;
    };

    std::vector<Made> made_;
};

/// The rules that daemon/config/checked_file.hpp has for a secret, whosever it is.
struct stat checkSecretFile(int fd, const std::string& path) {
    struct stat status {};

    if (::fstat(fd, &status) != 0) {
        throw pathError(path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        throw Error(Errc::Configuration, "it is not a regular file");
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        throw Error(Errc::Configuration, "it is open to group or others")
            .withHint("run: chmod go= '" + printable(path) + "'");
    }
    return status;
}

Secret readSecret(int fd, const std::string& path) {
    std::string text(kMostSecretFile + 1, '\0');
    std::size_t have = 0;
    ssize_t got = 0;
    while (have < text.size() && (got = ::read(fd, text.data() + have, text.size() - have)) > 0) {
        have += static_cast<std::size_t>(got);
    }
    if (got < 0) {
        throw pathError(path, errno);
    }
    if (have > kMostSecretFile) {
        throw Error(Errc::Configuration,
                    "it is larger than " + std::to_string(kMostSecretFile) + " bytes");
    }
    text.resize(have);
    return Secret(std::move(text));
}

/// findPlace() that makes what is missing on the way.
Place makePlace(const std::string& path, DirectoryMaker& maker) {
    Place place = findPlace("/" + path.substr(1, path.find('/', 1) - 1));
    while (place.path() != path) {
        const std::string here = place.path();
        maker.make(place.directory.get(), place.name, here);
        place.directory = openBelow(place.directory.get(), place.name, here, O_PATH);
        place.directoryPath = here;
        const std::size_t begin = here.size() + 1;
        const std::size_t end = path.find('/', begin);
        place.name = path.substr(begin, end == std::string::npos ? end : end - begin);
    }
    return place;
}

bool isBelow(std::string_view path, const std::string& directory) {
    return path.size() > directory.size() && path.substr(0, directory.size()) == directory &&
           path[directory.size()] == '/';
}

} // namespace

bool checkDestination(const std::string& path) {
    return trying("cannot mount at " + printable(path), [&path] { return canBeMountPoint(path); });
}

void makeDirectory(const std::string& path, bool parents) {
    trying("cannot make the directory " + printable(path), [&path, parents] {
        checkPathText(path);
        DirectoryMaker maker;
        const Place place = parents ? makePlace(path, maker) : findPlace(path);
        if (::mkdirat(place.directory.get(), place.name.c_str(), kDirectoryMode) != 0) {
            throw pathError(path, errno);
        }
        maker.keep();
    });
}

bool removeDirectory(const std::string& path) {
    return trying("cannot remove the directory " + printable(path), [&path] {
        checkPathText(path);
        const MountTable table = MountTable::read(kMountInfo);
        // Also mounts that another one hides: they are the same directory's, and rmdir of what is
        // seen there would be of something else.
        for (const MountEntry& entry : table.entries()) {
            if (entry.mountPoint == path || isBelow(entry.mountPoint, path)) {
                return false;
            }
        }
        Place place;
        try {
            place = findPlace(path);
        } catch (const Error& error) {
            // A parent that is gone, or a symbolic link now: it is not what we made.
            if (error.code() == Errc::NotFound || error.code() == Errc::InvalidArgument) {
                return false;
            }
            throw;
        }
        if (::unlinkat(place.directory.get(), place.name.c_str(), AT_REMOVEDIR) == 0) {
            return true;
        }
        switch (errno) {
        case ENOTEMPTY:
        case EEXIST:
        case EBUSY:
        case ENOENT:
        case ENOTDIR:
            return false;
        default:
            throw pathError(path, errno);
        }
    });
}

void detach(const std::string& path) {
    trying("cannot detach " + printable(path), [&path] {
        checkPathText(path);
        const Error notThere(Errc::NotFound, "nothing is mounted there");
        if (MountTable::read(kMountInfo).at(path) == nullptr) {
            throw notThere;
        }
        const Place place = findPlace(path);
        // umount2(2) takes no descriptor; this leads to the directory that was found.
        const std::string name =
            "/proc/self/fd/" + std::to_string(place.directory.get()) + "/" + place.name;
        if (::umount2(name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0) {
            throw errno == EINVAL ? notThere : pathError(path, errno);
        }
    });
}

bool isConnected(const std::string& share, const std::string& file) {
    const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened && errno == ENOENT) {
        return false;
    }
    std::string text;
    std::array<char, 16384> part{};
    ssize_t length = 0;
    while ((length = ::read(opened.get(), part.data(), part.size())) > 0) {
        text.append(part.data(), static_cast<std::size_t>(length));
    }
    if (length < 0) {
        throw Error(Errc::Failed,
                    "cannot see whether share '" + printable(share) + "'" + " is in use: " + file +
                        ": " + std::strerror(errno));
    }
    return hasTreeConnect(text, share);
}

SecretFile readSecretFile(const std::string& path) {
    if (!path.starts_with('/') || hasControl(path)) {
        throw Error(Errc::InvalidArgument, "'" + printable(path) + "' is no absolute path");
    }
    return trying("cannot use " + printable(path), [&path] {
        // Not opened before it is known to be a file: opening a device or a FIFO does something.
        const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
        if (!place) {
            throw pathError(path, errno);
        }
        const struct stat status = checkSecretFile(place.get(), path);
        const std::string name = "/proc/self/fd/" + std::to_string(place.get());
        const UniqueFd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
        if (!file) {
            throw pathError(path, errno);
        }
        return SecretFile{readSecret(file.get(), path), status.st_uid};
    });
}

Answer handle(const Request& request) noexcept {
    struct Run {
        Answer operator()(const CheckDestination& call) const {
            return checkDestination(call.path);
        }

        Answer operator()(const MakeDirectory& call) const {
            makeDirectory(call.path, call.parents);
            return Done{};
        }

        Answer operator()(const RemoveDirectory& call) const { return removeDirectory(call.path); }

        Answer operator()(const FindHolders& call) const {
            checkPathText(call.path);
            return findHolders(call.path);
        }

        Answer operator()(const Detach& call) const {
            detach(call.path);
            return Done{};
        }

        Answer operator()(const IsConnected& call) const {
            return isConnected(call.share, kDebugData);
        }

        Answer operator()(const ReadSecretFile& call) const { return readSecretFile(call.path); }
    };

    try {
        return std::visit(Run(), request);
    } catch (const Error& error) {
        return error;
    } catch (const std::exception& error) {
        return Error(Errc::Failed, std::string("fsrvp-fs failed: ") + error.what());
    }
}

} // namespace fsrvp::mount::fs
