// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/checked_file.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/secret.hpp"
#include "daemon/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

namespace fsrvp::config {
namespace {

Error problem(const std::string& path, const std::string& what) {
    return Error(Errc::Configuration, "cannot use " + path + ": " + what);
}

/// The path as a shell reads it back, for the commands in hints.
std::string shellWord(const std::string& path) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789/._-+@:,=";
    if (path.find_first_not_of(plain) == std::string::npos) {
        return path;
    }
    std::string word = "'";
    for (const char c : path) {
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return word + "'";
}

std::string octal(mode_t mode) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
    return text.data();
}

std::string systemText(int number) {
    return std::generic_category().message(number);
}

/// What a unit with ProtectHome= sees of these is an empty directory.
bool isHiddenByTheSandbox(std::string_view path) {
    constexpr std::array<std::string_view, 3> hidden{"/home/", "/root/", "/run/user/"};
    return std::any_of(hidden.begin(), hidden.end(), [path](std::string_view start) {
        return path.substr(0, start.size()) == start;
    });
}

Error openFailure(const std::string& path, int number) {
    Error failure = problem(path, systemText(number));
    if (isHiddenByTheSandbox(path)) {
        return failure.withHint("the service cannot see files below /home, /root and /run/user; "
                                "put the file into /etc/fsrvpd");
    }
    if (number == EACCES) {
        // The service has no capability: root reads there only what root's mode bits allow.
        return failure.withHint("run: chown root:root " + shellWord(path) + " && chmod 600 " +
                                shellWord(path));
    }
    return failure;
}

void checkOwner(const struct stat& status, const std::string& path, FileKind kind) {
    const uid_t self = ::geteuid();
    const mode_t forbidden = kind == FileKind::Secret ? S_IRWXG | S_IRWXO : S_IWGRP | S_IWOTH;
    std::string what;
    std::string command;
    if (status.st_uid != 0 && status.st_uid != self) {
        // No number: in the service's user namespace every other user is nobody.
        what = self == 0 ? "it does not belong to root" : "it belongs to another user";
        command =
            "chown " + (self == 0 ? "root:root" : std::to_string(self)) + " " + shellWord(path);
    }
    if ((status.st_mode & forbidden) != 0) {
        what += what.empty() ? "it is " : " and is ";
        what += kind == FileKind::Secret ? "open to group or others" : "writable by others";
        what += " (mode " + octal(status.st_mode) + ")";
        command += command.empty() ? "" : " && ";
        command += (kind == FileKind::Secret ? "chmod go= " : "chmod go-w ") + shellWord(path);
    }
    if (!what.empty()) {
        throw problem(path, what).withHint("run: " + command);
    }
}

/// Fills text from fd; false when there is more than fits.
bool readToEnd(int fd, const std::string& path, std::string& text) {
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int number = errno;
            wipe(text);
            throw problem(path, systemText(number));
        }
        if (got == 0) {
            text.resize(have);
            return true;
        }
        have += static_cast<std::size_t>(got);
    }
    return false;
}

} // namespace

std::string readCheckedFile(const std::string& path, FileKind kind, std::size_t limit) {
    // O_NONBLOCK: a FIFO of that name must not hold up the loop; it is refused below.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) {
        throw openFailure(path, errno);
    }

    struct stat status {};

    if (::fstat(fd.get(), &status) != 0) {
        throw problem(path, systemText(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        throw problem(path, "it is not a regular file");
    }
    checkOwner(status, path, kind);
    if (static_cast<std::size_t>(status.st_size) > limit) {
        throw problem(path, "it is larger than " + std::to_string(limit) + " bytes");
    }

    // One allocation, so that a secret leaves no copies; one byte more, to notice a file that
    // grows under our hands.
    std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
    if (!readToEnd(fd.get(), path, text)) {
        wipe(text);
        throw problem(path, "it changes while it is read");
    }
    return text;
}

bool checkDirectory(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && errno == ENOENT) {
        return false;
    }
    if (!fd) {
        throw openFailure(path, errno);
    }

    struct stat status {};

    if (::fstat(fd.get(), &status) != 0) {
        throw problem(path, systemText(errno));
    }
    checkOwner(status, path, FileKind::Public);
    return true;
}

} // namespace fsrvp::config
