// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/create_set.hpp"
#include "daemon/jobs/job.hpp"
#include "daemon/jobs/mounting.hpp"
#include "daemon/jobs/outcome.hpp"
#include "daemon/jobs/services.hpp"
#include "daemon/model/source.hpp"

#include <optional>
#include <string>
#include <vector>

/// The jobs that mount and unmount. Errors are in their outcomes.
namespace fsrvp::jobs {

/// That a create job is to mount what it made.
struct MountAfter {
    std::string destination; ///< only with a single source; empty: the default places
    bool shareRoot = false;  ///< all of the share, whatever the source's sub-directory
};

struct RecordedMount {
    Snapshot copy;
    MountRecord mount;
    bool isTrue = false; ///< what is recorded is what PID 1 sees
};

/// The recorded mounts of usable snapshots. Those of others are left of a delete, which the
/// settling of its server finishes.
std::vector<RecordedMount> recordedMounts(Services& services);

/// What of a create job concerns one server.
struct CreateWish {
    std::vector<Source> sources;
    SnapshotOptions options;
    std::optional<MountAfter> mount;
    std::optional<std::string> credential; ///< that the caller named
};

/// One set of one server, then its mounts. A snapshot that could not be mounted stays, and its
/// number is in the outcome beside the error.
Task<Outcome> createAndMount(Services& services, Job& job, ServerId server, CreateWish wish);

Task<Outcome> mountById(Services& services, Job& job, std::int64_t id, MountWish wish);

/// @param path  only this mount; empty: all that are recorded
Task<Outcome>
unmountById(Services& services, Job& job, std::int64_t id, std::string path, bool lazy);

/// Makes true again what is recorded of a server's snapshots; tries again until all are there or
/// the job's time is over.
Task<Outcome> restoreOn(Services& services, Job& job, ServerId server);

} // namespace fsrvp::jobs
