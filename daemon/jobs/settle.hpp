// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/server_session.hpp"
#include "daemon/jobs/services.hpp"

namespace fsrvp::jobs {

/// Sees to it that nothing of a set that was given up is left on its server, and writes that down
/// (state settled). What is done follows from the recorded state:
///
///   started     AbortShadowCopySet
///   committing  ExposeShadowCopySet, then as exposed; when the server does not take that, Abort,
///               and a look whether a new set can be started (on Samba an Abort does nothing to a
///               committed set)
///   exposed     GetShareMapping and DeleteShareMapping of every copy
///
/// Safe to run again after it failed half-way.
/// @throws Error when the server could not be asked; the set stays as it was recorded
Task<void> settleSet(Services& services, ServerSession& session, ShadowCopySet set);

/// AbortShadowCopySet. A set that the server does not know, or can't abort any more, counts as
/// done. @throws Error
Task<void> abortSet(ServerSession& session, Guid setId);

/// Settles what earlier jobs left on this server: parked by a stop, or given up while the server
/// was away. The session's job must have the server's turn.
Task<void> settleLeftovers(Services& services, ServerSession& session);

/// Deletes one exposed copy and gives true; false when it was gone already. For a server that
/// fails or does not know the set, a look at the exposed share decides; a worker of Samba's that
/// read its state before the set was made is given time to go (docs/reliability.md).
/// @throws Error when it is still there
Task<bool> deleteCopy(Services& services, ServerSession& session, Snapshot copy);

} // namespace fsrvp::jobs
