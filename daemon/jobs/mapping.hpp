// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/server_session.hpp"

#include <optional>
#include <string>

namespace fsrvp::jobs {

/// What GetShareMapping tells of a copy.
struct Mapping {
    std::string exposed; ///< bare share name; empty while it is not exposed
    TimeUs created{};    ///< the server's time
};

/// The same of a reply that is at hand; nothing where it names no share.
std::optional<Mapping> mappingIn(const GetShareMapping::Out& reply);

/// Nothing when the server does not know the copy, or when the worker of Samba's that answers does
/// not. @throws Error
Task<std::optional<Mapping>>
askMapping(ServerSession& session, Guid setId, Guid copyId, Unc source);

} // namespace fsrvp::jobs
