// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/state_directory.hpp"

#include "daemon/base/error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace fsrvp::db {
namespace {

[[noreturn]] void fail(const char* action, const std::filesystem::path& path) {
    const int reason = errno;
    throw Error(Errc::Database,
                std::string("cannot ") + action + " " + path.string() + ": " +
                    std::strerror(reason))
        .withHint("fsrvpd must be able to write its state directory");
}

UniqueFd openForWriting(const std::filesystem::path& path) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) {
        fail("open", path);
    }
    return file;
}

} // namespace

UniqueFd lockStateDirectory(const std::filesystem::path& directory) {
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
        fail("make the state directory", directory);
    }
    const std::filesystem::path path = directory / "lock";
    UniqueFd file = openForWriting(path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            throw Error(Errc::Busy, "another fsrvpd uses " + directory.string())
                .withHint("stop it, or give this one another state directory");
        }
        fail("lock", path);
    }
    return file;
}

void prepareDatabaseFile(const std::filesystem::path& file) {
    const UniqueFd opened = openForWriting(file);
    if (::fchmod(opened.get(), 0600) != 0) {
        fail("set the mode of", file);
    }
}

} // namespace fsrvp::db
