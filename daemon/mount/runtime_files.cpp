// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/runtime_files.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

namespace fsrvp::mount {
namespace {

using std::filesystem::path;

Error failure(const std::string& what, const path& file, int code) {
    return Error(Errc::Failed, "cannot " + what + " " + file.string() + ": " + std::strerror(code));
}

/// With just that mode, whatever the umask is and whoever made it.
void makeDirectory(const path& directory, mode_t mode) {
    if (::mkdir(directory.c_str(), mode) != 0 && errno != EEXIST) {
        throw failure("make the directory", directory, errno);
    }
    const UniqueFd opened(
        ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!opened || ::fchmod(opened.get(), mode) != 0) {
        throw failure("use the directory", directory, errno);
    }
}

/// All that is in it; links are removed, not followed.
void empty(const path& directory) {
    std::error_code failed;
    for (std::filesystem::directory_iterator entry(directory, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        std::filesystem::remove_all(entry->path(), failed);
    }
    if (failed) {
        throw failure("empty the directory", directory, failed.value());
    }
}

bool hasLineEnd(const std::string& text) {
    return text.find_first_of(std::string_view("\n\0", 2)) != std::string::npos;
}

/// A server's or share's name as one name of a directory, whatever is in it.
std::string asFileName(std::string_view name) {
    std::string safe(name);
    std::replace_if(
        safe.begin(),
        safe.end(),
        [](char c) { return c == '/' || (static_cast<unsigned char>(c) < 0x20) || c == 0x7f; },
        '_');
    if (safe.find_first_not_of('.') == std::string::npos) {
        safe = "_" + safe; // also for the empty one
    }
    return safe;
}

std::string timeName(const Snapshot& snapshot) {
    if (!snapshot.completed) {
        return "snapshot";
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*snapshot.completed);
    const std::time_t time = seconds.time_since_epoch().count();
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    std::array<char, 64> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return {text.data(), length};
}

void write(int fd, std::string_view text, const path& file) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 || static_cast<std::size_t>(written) != text.size()) {
        throw failure("write", file, written < 0 ? errno : ENOSPC);
    }
}

} // namespace

PrivateFile::~PrivateFile() {
    if (!path_.empty()) {
        ::unlink(path_.c_str());
    }
}

RuntimeFiles::RuntimeFiles(path runtime) : runtime_(std::move(runtime)) {
    if (::mkdir(runtime_.c_str(), 0755) == 0) {
        makeDirectory(runtime_, 0755);
    }
    makeDirectory(runtime_ / "mnt", 0755);
    makeDirectory(runtime_ / "private", 0700);
    makeDirectory(runtime_ / "by-share", 0755);
    empty(runtime_ / "private");
    empty(runtime_ / "by-share");
}

std::string RuntimeFiles::defaultMountPoint(std::int64_t snapshot) const {
    return (runtime_ / "mnt" / std::to_string(snapshot)).string();
}

PrivateFile RuntimeFiles::writeCredentials(const Login& login) {
    const std::string& password = login.password.reveal();
    if (hasLineEnd(login.user) || hasLineEnd(login.domain) || hasLineEnd(password)) {
        throw Error(Errc::Configuration,
                    "the login cannot be passed to mount.cifs: its user, domain or password has a "
                    "line end or a zero byte in it")
            .withHint("change that password or name on the server, or correct the credential");
    }
    const path file = runtime_ / "private" / ("cred-" + std::to_string(++counter_));
    const UniqueFd opened(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!opened) {
        throw failure("make", file, errno);
    }
    PrivateFile made(file);
    // Straight from where the password is: no other copy of it to wipe.
    for (const std::string_view part : {std::string_view("username="),
                                        std::string_view(login.user),
                                        std::string_view("\npassword="),
                                        std::string_view(password),
                                        std::string_view("\n")}) {
        write(opened.get(), part, file);
    }
    if (!login.domain.empty()) {
        write(opened.get(), "domain=" + login.domain + "\n", file);
    }
    return made;
}

PrivateFile RuntimeFiles::wordsFile(const std::string& mountPoint) const {
    // FNV-1a: a path may be longer than a file's name, and need not be told from others for sure.
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : mountPoint) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return PrivateFile(runtime_ / "private" / ("words-" + std::to_string(hash)));
}

void RuntimeFiles::link(const Snapshot& snapshot, const std::string& mountPoint) {
    unlink(snapshot.id);
    const path server = runtime_ / "by-share" / asFileName(snapshot.source.server);
    const path share = server / asFileName(snapshot.source.share);
    makeDirectory(server, 0755);
    makeDirectory(share, 0755);
    const std::string time = timeName(snapshot);
    path name = share / time;
    if (::symlink(mountPoint.c_str(), name.c_str()) != 0) {
        if (errno != EEXIST) {
            throw failure("make the link", name, errno);
        }
        name = share / (time + "-" + std::to_string(snapshot.id));
        if (::symlink(mountPoint.c_str(), name.c_str()) != 0) {
            throw failure("make the link", name, errno);
        }
    }
    links_[snapshot.id] = name;
}

void RuntimeFiles::unlink(std::int64_t snapshot) {
    const auto found = links_.find(snapshot);
    if (found == links_.end()) {
        return;
    }
    const path name = found->second;
    links_.erase(found);
    if (::unlink(name.c_str()) != 0 && errno != ENOENT) {
        throw failure("remove the link", name, errno);
    }
    // They stay while another snapshot's link is below.
    if (::rmdir(name.parent_path().c_str()) == 0) {
        ::rmdir(name.parent_path().parent_path().c_str());
    }
}

} // namespace fsrvp::mount
