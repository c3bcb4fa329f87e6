// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "daemon/jobs/outcome.hpp"
#include "daemon/jobs/services.hpp"

#include <set>

namespace fsrvp::jobs {

/// Who has left something unfinished on which server: sets, or deletes.
std::set<ServerAccount> accountsToSettle(db::Store& store);

/// What a job at start does for one of them: settles its sets, again and again until the server
/// answers or the job's time is over, then finishes its deletes.
Task<Outcome> settleServer(Services& services, Job& job, ServerAccount account);

} // namespace fsrvp::jobs
