// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/event_loop.hpp"
#include "daemon/base/launcher.hpp"
#include "daemon/base/secret.hpp"
#include "daemon/base/task.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fsrvp::mount {

/// Its digits, two a byte, have to go into one packet.
inline constexpr std::size_t kMostSecretFile = 31UL * 1024;

/// A process that keeps a mount from going.
struct Holder {
    std::int64_t pid = 0; ///< 0: no process, but another mount below or of it
    std::uint32_t uid = 0;
    std::string name; ///< the process's comm, or the other mount's path
    std::string what; ///< "file.txt" open below the mount point, "working directory", "mount", …

    bool operator==(const Holder&) const = default;
};

/// A file that holds a secret, and whose it is.
struct SecretFile {
    Secret bytes;
    std::uint32_t uid = 0;

    bool operator==(const SecretFile&) const = default;
};

/// Has fsrvp-fs do what touches users' paths: they may lie on a server that hangs, or on one that
/// lies, and fsrvpd itself can't see them. Each call is one process, ten seconds at most.
/// Every member throws Error(TimedOut) after that time, the reason of a cancellation, and what is
/// said below.
class PathHelper {
  public:
    PathHelper(EventLoop& loop,
               Launcher& launcher,
               std::chrono::milliseconds limit = std::chrono::seconds(10));

    /// Whether the path can be a mount point: gives true for an empty directory that nothing is
    /// mounted on, false for a name that can be made in an existing directory.
    /// @throws Error(InvalidArgument): not absolute, or not canonical (a symbolic link in it, which
    ///         names where it leads; "." or ".."; a double or final slash); a newline or another
    ///         control character. Error(AlreadyExists): a file, a directory that is not empty, a
    ///         mount point. Error(NotFound): no parent directory. Error(AccessDenied): read-only
    Task<bool> checkDestination(std::string path, Cancellation& cancellation);
    /// mkdir(2), 0755, in a directory that exists; with `parents` those too.
    /// @throws Error(AlreadyExists) and the like
    Task<void> makeDirectory(std::string path, bool parents, Cancellation& cancellation);
    /// rmdir(2), only of an empty directory that is no mount point in the host's namespace. False
    /// when it stays: somebody put something into it, or it is gone, or another thing.
    Task<bool> removeDirectory(std::string path, Cancellation& cancellation);
    /// Who keeps the mount at that path; looked up in /proc alone, so a dead server does not
    /// matter.
    Task<std::vector<Holder>> holders(std::string path, Cancellation& cancellation);
    /// umount2(MNT_DETACH): gone from the tree at once, and from the kernel when nobody uses it.
    /// @throws Error(NotFound) nothing is mounted there
    Task<void> detach(std::string path, Cancellation& cancellation);
    /// Whether the kernel's cifs client still has a tree connect to a share of that name: mounted
    /// anywhere, in any namespace, or detached and in use (/proc/fs/cifs/DebugData). False without
    /// cifs.
    Task<bool> isConnected(std::string share, Cancellation& cancellation);
    /// Reads a file of anybody's that holds a secret, also one that the caller of fsrvpd could not
    /// read: who may use it is for whoever asks. Symbolic links are followed.
    /// @throws Error(NotFound, AccessDenied); Error(Configuration) for what is not a regular file,
    ///         is open to group or others, or has more than kMostSecretFile bytes: its hint is the
    ///         command to run
    Task<SecretFile> readSecretFile(std::string path, Cancellation& cancellation);

  private:
    EventLoop& loop_;
    Launcher& launcher_;
    std::chrono::milliseconds limit_;
};

} // namespace fsrvp::mount
