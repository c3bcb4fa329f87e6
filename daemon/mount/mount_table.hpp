// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::mount {

/// A line of /proc/PID/mountinfo (proc(5)), its octal escapes decoded.
struct MountEntry {
    int id = 0;
    int parent = 0;
    std::string device;       ///< "major:minor" of the file system, as st_dev
    std::string root;         ///< the directory of the file system that is mounted; "/" for all
    std::string mountPoint;   ///< as the process sees it
    std::string options;      ///< of this mount; `ro` here makes it read-only
    std::string fsType;       ///< "cifs"; "smb3" is the same under another name
    std::string source;       ///< "//server/share", "/dev/sda1"
    std::string superOptions; ///< of the file system; still escaped, for commas separate them

    bool isCifs() const { return fsType == "cifs" || fsType == "smb3"; }
};

/// The mounts of one mount namespace at one moment. Paths are compared as text: give canonical
/// ones. Nothing here ever touches what is mounted, so a server that hangs can't hang us.
class MountTable {
  public:
    MountTable() = default;
    /// @throws Error(Failed) naming the line that is no mountinfo
    static MountTable parse(std::string_view text);
    /// @param file  "/proc/1/mountinfo" for the host's mounts. @throws Error(Failed)
    static MountTable read(const std::string& file);

    const std::vector<MountEntry>& entries() const noexcept { return entries_; }

    /// The mount that a walk down this path ends in; so of stacked mounts the one on top, except
    /// on "/", which a walk begins below of; and nothing that another mount hides. Null for a
    /// relative path, and where nothing covers it: in an empty table or below a root of chroot(2)
    /// that is no mount.
    const MountEntry* covering(std::string_view path) const;
    /// The visible mount whose mount point is just this path, or null.
    const MountEntry* at(std::string_view path) const;
    /// Whether the two are of the same mount namespace and root: no mount has its id elsewhere.
    bool isSameNamespace(const MountTable& other) const;

  private:
    std::vector<MountEntry> entries_;
};

} // namespace fsrvp::mount
