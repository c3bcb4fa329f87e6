// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/check_line.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/job_record.hpp"
#include "daemon/model/snapshot.hpp"
#include "dbus/options.hpp"

#include <cstdint>
#include <string>

namespace fsrvp {

/// A snapshot as org.fsrvpd1.xml describes it.
Variants toBus(const Snapshot& snapshot);
/// A job as ListJobs describes it, but for phase and path.
Variants toBus(const JobRecord& job);
Variants toBus(const CheckLine& line);
/// Server, snapshot, share, status, hint: no a{sv}, for there may be thousands in one message.
using BusFinding = sdbus::Struct<std::string, std::uint64_t, std::string, std::string, std::string>;
BusFinding toBus(const Finding& finding);
/// Microseconds since the epoch.
std::uint64_t toBus(TimeUs time);

} // namespace fsrvp
