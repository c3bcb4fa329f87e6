// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/login.hpp"
#include "daemon/model/snapshot.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace fsrvp::mount {

/// A credentials file for mount.cifs, or what PID 1 writes a helper's words to; removed with this.
class PrivateFile {
  public:
    explicit PrivateFile(std::filesystem::path path) noexcept : path_(std::move(path)) {}

    PrivateFile(PrivateFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

    PrivateFile& operator=(PrivateFile&&) = delete;
    PrivateFile(const PrivateFile&) = delete;
    PrivateFile& operator=(const PrivateFile&) = delete;
    ~PrivateFile();

    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
};

/// fsrvpd's own files for mounts, below its runtime directory (installed: /run/fsrvpd):
///
///   mnt/ID                          default mount points, 0755
///   private/                        0700: credentials files while mount.cifs runs
///   by-share/SERVER/SHARE/TIME      symbolic links to mounts, for people
///
/// @throws Error(Failed) from every member that writes, naming the file
class RuntimeFiles {
  public:
    /// Makes the directories, removes what a killed fsrvpd left in private/ and all links.
    explicit RuntimeFiles(std::filesystem::path runtime);

    std::string defaultMountPoint(std::int64_t snapshot) const;

    /// A file of mount.cifs's form, 0600. @throws Error(Configuration) when user, domain or
    /// password has a newline or NUL, which would begin another line
    PrivateFile writeCredentials(const Login& login);
    /// The file in private/ for what mount.cifs and umount say of a mount point: the same name each
    /// time, for a unit keeps it from its mount to its umount, whichever fsrvpd runs by then.
    PrivateFile wordsFile(const std::string& mountPoint) const;

    /// by-share/SERVER/SHARE/TIME → mountPoint; TIME is the snapshot's time of completion in UTC,
    /// "2026-11-22T07:30:00Z", with "-ID" where another snapshot has that name. Replaces an older
    /// link of the same snapshot.
    void link(const Snapshot& snapshot, const std::string& mountPoint);
    /// Removes the snapshot's link if it has one, and directories that are empty then.
    void unlink(std::int64_t snapshot);

  private:
    std::filesystem::path runtime_;
    std::map<std::int64_t, std::filesystem::path> links_;
    std::uint64_t counter_ = 0;
};

} // namespace fsrvp::mount
