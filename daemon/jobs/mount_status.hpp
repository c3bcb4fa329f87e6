// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/mount_record.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/mount/mount_table.hpp"

#include <string_view>
#include <vector>

namespace fsrvp::jobs {

/// Whether the mount is of this source or of a directory in it; without the case of A to Z.
bool isOfSource(const mount::MountEntry& entry, std::string_view source);

/// Whether what is recorded is what one finds at that path.
bool isMounted(const MountRecord& mount, const mount::MountTable& table);

/// Sets mountPoints and absentMountPoints of the snapshots.
void tellMounts(std::vector<Snapshot>& snapshots,
                const std::vector<MountRecord>& mounts,
                const mount::MountTable& table);

} // namespace fsrvp::jobs
