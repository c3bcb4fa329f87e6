// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "daemon/jobs/mapping.hpp"
#include "daemon/jobs/outcome.hpp"
#include "daemon/jobs/services.hpp"

#include <vector>

namespace fsrvp::jobs {

struct ReconcileWish {
    std::vector<ServerId> servers; ///< none: all of which there are records
    bool forgetMissing = false;    ///< what is gone from its server becomes history
};

/// Compares the records with what each server has, and mends the records: finishes what is
/// unfinished there, then asks for each snapshot's mapping and for the list of shares. On the
/// server nothing is changed but by the finishing. The outcome has a finding for each snapshot
/// and for each share that looks like one and is none of ours; an error for each server that could
/// not be asked, and for each that has trouble (isTrouble()).
Task<Outcome> reconcile(Services& services, Job& job, ReconcileWish wish);

} // namespace fsrvp::jobs
