// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"
#include "daemon/jobs/job.hpp"
#include "daemon/jobs/mapping.hpp"
#include "daemon/jobs/outcome.hpp"
#include "daemon/jobs/services.hpp"

#include <cstdint>
#include <optional>

namespace fsrvp::jobs {

struct AdoptWish {
    ServerId server;
    Unc share;                 ///< the exposed one
    std::optional<Guid> setId; ///< nothing: as history has it
    std::uint32_t uid = 0;     ///< who owns the snapshot then
};

/// Records a snapshot that is on a server and in no record that is in use: another client made it,
/// or the record was lost. The server has to say that it is of that set. The outcome has its number
/// and a finding.
/// @throws Error(InvalidArgument)  the share has no exposed share's name
/// @throws Error(AlreadyExists)    it is on record
/// @throws Error(NotSupported)     the set is not known here: without it FSRVP can do nothing
/// @throws Error(NotFound)         the server knows no such set, or not that share of it
Task<Outcome> adopt(Services& services, Job& job, AdoptWish wish);

} // namespace fsrvp::jobs
