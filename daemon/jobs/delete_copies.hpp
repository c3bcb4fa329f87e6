// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "daemon/jobs/outcome.hpp"
#include "daemon/jobs/services.hpp"

#include <vector>

namespace fsrvp::jobs {

/// Deletes snapshots of one server that were taken as one account, each on its own: one that fails
/// does not keep the others. Each is written down as Deleting before its call is sent, and as
/// LostOnServer when something of it is left that FSRVP can't reach. When the server has deleted
/// one, what earlier jobs left there is settled too, as far as it goes. Never throws an Error:
/// those are in the outcome.
Task<Outcome>
deleteCopies(Services& services, Job& job, ServerAccount account, std::vector<Snapshot> copies);

} // namespace fsrvp::jobs
