// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "db/database.hpp"
#include "db/store.hpp"

/// What the members of Store that read do; see there.
namespace fsrvp::db::query {

std::optional<Snapshot> findSnapshot(const Database& database, std::int64_t id);
std::vector<Snapshot> findByGuidPrefix(const Database& database, std::string_view prefix);
std::vector<Snapshot> listSnapshots(const Database& database, const SnapshotFilter& filter);
std::vector<Snapshot> listOnServer(const Database& database, const ServerId& server);
std::vector<ServerId> listServers(const Database& database);
/// Runs two kinds of queries: for one committed state, inside a transaction.
std::vector<ShadowCopySet> listUnsettledSets(const Database& database);
std::vector<Snapshot> listDeleting(const Database& database);
std::vector<Snapshot> listLost(const Database& database);
bool isKnown(const Database& database,
             const ServerId& server,
             const std::string& share,
             TimeUs created);
std::vector<MountRecord> listMounts(const Database& database);
std::vector<MountRecord> mountsOf(const Database& database, std::int64_t copy);
std::optional<MountRecord> findMount(const Database& database, std::string_view path);
std::vector<JobRecord> listJobs(const Database& database, std::uint32_t limit);
std::vector<JobRecord> listOpenJobs(const Database& database);

} // namespace fsrvp::db::query
