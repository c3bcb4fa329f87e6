// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "daemon/jobs/services.hpp"

#include <optional>
#include <vector>

namespace fsrvp::jobs {

/// What became of a part of a job.
struct Outcome {
    std::vector<std::int64_t> ids; ///< snapshots made or deleted
    std::vector<Error> errors;     ///< one for each that failed
};

/// Deletes snapshots of one server, each on its own: one that fails does not keep the others.
/// Each is written down as Deleting before its call is sent. Never throws an Error: those are in
/// the outcome.
Task<Outcome>
deleteCopies(Services& services, Job& job, ServerId server, std::vector<Snapshot> copies);

} // namespace fsrvp::jobs
