// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/server_session.hpp"
#include "daemon/jobs/services.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fsrvp::jobs {

/// A server that has refused to settle a set that often is not asked any more.
inline constexpr unsigned kMostAttempts = 10;

/// Sees to it that nothing of a set that was given up is left on its server, and writes that down
/// (state settled). What is done follows from the recorded state:
///
///   started     AbortShadowCopySet
///   committing  ExposeShadowCopySet, then as exposed; when the server does not take that, Abort,
///               a look whether a new set can be started (on Samba an Abort does nothing to a
///               committed set), and one for what the commit may have left
///   exposed     GetShareMapping and DeleteShareMapping of every copy
///
/// Safe to run again after it failed half-way. Gives Error(LostOnServer) that names what is left
/// all the same and how to remove it, which is written down and in the journal then.
/// @throws Error when the server could not be asked, or refused, less than kMostAttempts times; the
///         set stays as it was recorded
Task<std::optional<Error>> settleSet(Services& services, ServerSession& session, ShadowCopySet set);

/// AbortShadowCopySet. A set that the server does not know, or can't abort any more, counts as
/// done. @throws Error
Task<void> abortSet(ServerSession& session, Guid setId);

/// Settles what earlier jobs left on this server: parked by a stop, or given up while the server
/// was away. The session's job must have the server's turn. Gives what settleSet() gives.
Task<std::vector<Error>> settleLeftovers(Services& services, ServerSession& session);

/// Deletes one copy that is or may be exposed. Whatever a server answers that does not say that it
/// did so, a look at the exposed share and at the snapshot's directory decides; a worker of Samba's
/// that read its state before the set was made is given time to go (docs/reliability.md).
/// Gives what of it is left that FSRVP can't reach any more; empty: it is gone.
/// @throws Error when the server refuses, and the share is there
Task<std::string> deleteCopy(Services& services, ServerSession& session, Snapshot copy);

} // namespace fsrvp::jobs
