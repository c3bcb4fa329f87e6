// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/server_session.hpp"
#include "daemon/jobs/services.hpp"

#include <optional>
#include <string>
#include <vector>

// What a server has kept of snapshots that FSRVP can't reach there any more. Only vfs_btrfs of
// Samba shows it to clients: as a directory in the root of the share (model/gmt_name.hpp).

namespace fsrvp::jobs {

/// Whether something may be left of a set also where the server shows nothing.
enum class Doubt {
    None, ///< its commit did not succeed, or never came
    Some, ///< its commit may have succeeded, and the server does not know it any more
};

/// Looks for the exposed shares of a set that the server does not know, and into its shares for
/// directories that are of the time between its start and its commit, and of no snapshot on record.
/// Gives the copies of which something is left, or may be.
/// @throws Error when the server can't be reached. One that lets nobody look leaves a doubt
Task<std::vector<db::LostCopy>>
findRemains(Services& services, ServerSession& session, ShadowCopySet set, Doubt doubt);

/// What is left of a copy whose exposed share is gone: its directory, by the server's time of it,
/// or as the record names it; of several that it may be, all have to be there. Empty when there is
/// none, or the server does not let us look.
/// @throws Error when the server can't be reached
Task<std::string> findDirectory(ServerSession& session, Snapshot copy);

/// What is left of a copy that the server does not know and whose exposed share is gone: its
/// directory, or what the record says where a look can't tell. Empty: surely nothing.
/// @throws Error when the server can't be reached
Task<std::string> whatIsLeft(Services& services, ServerSession& session, Snapshot copy);

/// "share data@{…}"
std::string exposedRemains(const Snapshot& copy);

/// What an administrator does on the server, and then here, about a lost copy.
std::string cureFor(const Snapshot& lost);

/// Error(LostOnServer) that names what is left of these, which are one server's, and the cure.
Error lostError(const std::vector<Snapshot>& lost);

/// The error of a server that has another set in progress: it may be one of ours that was given
/// up, committed and not exposed, which only a delete of its copies ends. Then it names these.
Error withLostInTheWay(db::Store& store, const ServerId& server, const Error& inProgress);

} // namespace fsrvp::jobs
