// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "daemon/jobs/services.hpp"
#include "daemon/model/mount_record.hpp"

#include <optional>
#include <string>

namespace fsrvp::jobs {

/// How a snapshot is to be mounted.
struct MountWish {
    std::string destination;                ///< a path of the host's; empty: the default place
    std::string directory;                  ///< in the share; empty: its root
    std::optional<std::string> baseOptions; ///< of the mount that the source is on
    std::uint32_t uid = 0;                  ///< whose the files shall be, where that does not say
};

/// Looks whether the destination will do, before anything is asked of a server.
/// @throws Error as PathHelper::checkDestination(); InvalidArgument for one that systemd has no
///         unit name for; AlreadyExists for the mount point of another snapshot
Task<void> checkDestination(Services& services, std::string destination, Cancellation& cancel);

/// Mounts a snapshot. One that is recorded for this destination and is not there is mounted as it
/// was recorded. What was made for a mount that fails is removed.
/// The job must have the snapshot's turn.
/// @throws Error(AlreadyExists) it is mounted there
Task<void> mountSnapshot(Services& services, Job& job, Snapshot copy, MountWish wish);

/// Makes what is recorded true again, after a reboot, or after fsrvpd ended in the middle: mounts
/// it, or finishes its unmount. Makes no directory but a default mount point: where the parent of
/// another one is a mount that is not back yet, it would be made in the wrong file system.
Task<void> restoreMount(Services& services, Job& job, Snapshot copy, MountRecord mount);

/// Unmounts, removes the directory where it was made for the mount and is empty, and forgets the
/// record. What somebody else mounted on that path since is left alone.
/// @param lazy  out of the tree at once, whoever uses it
/// @throws Error(Busy) naming who uses it; the record stays as it was
Task<void> unmount(Services& services, Job& job, Snapshot copy, MountRecord mount, bool lazy);

/// Sees to it that nothing on this host uses the exposed share any more: unmounts what is
/// recorded, then waits until the kernel has let go of it, for a share that is deleted under an
/// open file can leave its reader stuck in the kernel for good.
/// @throws Error(Busy) naming who uses it, or where else it is mounted
Task<void> unmountBeforeDelete(Services& services, Job& job, Snapshot copy);

} // namespace fsrvp::jobs
