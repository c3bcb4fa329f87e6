// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace fsrvp {

/// Where a snapshot is to be mounted: a row of table mount. It is there from before the mount is
/// made until after it has gone, so the record is what is wanted, not what is; PID 1's mountinfo
/// tells that. What is wanted comes back after a reboot.
struct MountRecord {
    std::int64_t id = 0;
    std::int64_t copy = 0;      ///< the snapshot's sequence number
    std::string path;           ///< canonical, absolute; no two records have the same
    std::string what;           ///< "//server/exposed" or "//server/exposed/sub/dir"
    std::string options;        ///< for mount.cifs, without credentials
    bool madeDirectory = false; ///< the mount point was made for it, so it goes with it
    bool unmounting = false;    ///< the unmount was begun and is to be finished

    bool operator==(const MountRecord&) const = default;
};

} // namespace fsrvp
