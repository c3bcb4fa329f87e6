// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "daemon/jobs/outcome.hpp"
#include "daemon/jobs/services.hpp"
#include "daemon/model/source.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace fsrvp::jobs {

/// What is to be looked at.
struct CheckWish {
    ServerId server;
    std::optional<Source> source;          ///< nothing: all but what concerns a share
    std::optional<std::string> credential; ///< that the caller named
};

/// Goes the way of a create up to where it would change something, and says of each step what was
/// found: credential, name, port, dialect, clock, authentication, rpc, permission, version, share,
/// owner. The outcome has a line for each, and the error of the first that failed; then a line,
/// "lost", for each snapshot that is lost on that server.
Task<Outcome> checkSource(Services& services, Job& job, CheckWish wish);

} // namespace fsrvp::jobs
