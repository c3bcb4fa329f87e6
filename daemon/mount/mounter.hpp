// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/task.hpp"
#include "daemon/mount/mount_table.hpp"

#include <string>

namespace fsrvp::mount {

struct MountSpec {
    std::string what;        ///< "//server/share/dir"
    std::string where;       ///< an empty directory, canonical
    std::string options;     ///< for mount.cifs, with credentials=
    std::string description; ///< for people: "snapshot 7 of //fs1/data"
};

/// Has mount.cifs and umount run where all the host sees what they do. Belongs to the loop's
/// thread, and never touches a mount itself.
class Mounter {
  public:
    virtual ~Mounter() = default;

    /// Ends when it is mounted.
    /// @throws Error with the helper's own words: AuthenticationFailed (mount error 13), NotFound
    ///         (2), Unreachable (101, 111, 112, 113), Busy (16: something is mounted there), else
    ///         Failed; the reason of a cancellation, when all that was begun has been taken back
    virtual Task<void> mount(MountSpec spec, Cancellation& cancellation) = 0;
    /// Ends when it is no longer mounted; at once when nothing is.
    /// @throws Error(Busy) while somebody uses it, Error(Failed) with umount's own words
    virtual Task<void> unmount(std::string where, Cancellation& cancellation) = 0;
    /// The mountinfo file of the namespace that it mounts in.
    virtual std::string mountInfo() const = 0;

    /// @throws Error(Failed)
    MountTable table() const { return MountTable::read(mountInfo()); }
};

} // namespace fsrvp::mount
