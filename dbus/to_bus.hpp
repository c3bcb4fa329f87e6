// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/check_line.hpp"
#include "daemon/model/job_record.hpp"
#include "daemon/model/snapshot.hpp"
#include "dbus/options.hpp"

namespace fsrvp {

/// A snapshot as org.fsrvpd1.xml describes it.
Variants toBus(const Snapshot& snapshot);
/// A job as ListJobs describes it, but for phase and path.
Variants toBus(const JobRecord& job);
Variants toBus(const CheckLine& line);
/// Microseconds since the epoch.
std::uint64_t toBus(TimeUs time);

} // namespace fsrvp
