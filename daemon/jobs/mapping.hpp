// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/server_session.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::jobs {

/// What GetShareMapping tells of a copy.
struct Mapping {
    std::string exposed; ///< bare share name; empty while it is not exposed
    TimeUs created{};    ///< the server's time
};

/// Nothing when the server does not know the copy, or when the worker of Samba's that answers does
/// not. @throws Error
Task<std::optional<Mapping>>
askMapping(ServerSession& session, Guid setId, Guid copyId, Unc source);

/// How long to wait before a set that was unknown is asked for again, each time on a new
/// connection: first the pool's own wait, then until idle workers of Samba's have ended (60 s), so
/// that a new one reads the state anew (docs/reliability.md).
inline const std::vector<std::chrono::seconds> kStaleWaits{std::chrono::seconds(0),
                                                           std::chrono::seconds(65)};

} // namespace fsrvp::jobs
