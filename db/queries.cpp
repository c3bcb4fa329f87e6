// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/queries.hpp"

#include "daemon/base/error.hpp"
#include "db/known.hpp"

#include <nlohmann/json.hpp>

namespace fsrvp::db::query {
namespace {

using nlohmann::json;

/// In the order of readSnapshot(). Each caller names the index: the planner has no statistics, and
/// a wrong guess costs a scan of the whole history on the loop's thread.
std::string selectSnapshots(std::string_view index, std::string_view rest) {
    std::string sql =
        "SELECT c.id, c.set_row, c.snapshot_id, s.set_id, v.host, v.port, c.source_server,"
        " c.source_share, c.exposed, c.created_us, s.completed_us, s.context, s.writable, c.state,"
        " c.description, c.labels, c.policy, c.owner_uid, s.credential, c.remains FROM shadow_copy "
        "AS c ";
    sql += index;
    // CROSS JOIN: SQLite keeps shadow_copy as the outer loop, and with it the order.
    sql += " CROSS JOIN shadow_copy_set AS s ON s.id = c.set_row"
           " CROSS JOIN server AS v ON v.id = s.server WHERE ";
    return sql.append(rest);
}

[[noreturn]] void failParse(const Database& database, const std::exception& why) {
    throw Error(Errc::Database, "cannot read " + database.path().string() + ": " + why.what())
        .withHint(kDamagedFileHint);
}

/// Runs fn, which takes text apart that the database holds.
template <class Fn> auto parsed(const Database& database, const Fn& fn) {
    try {
        return fn();
    } catch (const json::exception& error) {
        failParse(database, error);
    } catch (const Error& error) {
        if (error.code() == Errc::Database) {
            throw;
        }
        failParse(database, error);
    }
}

std::map<std::string, std::string> parseLabels(const std::string& text) {
    if (text == "{}") { // most have none, and lists are long
        return {};
    }
    return json::parse(text).get<std::map<std::string, std::string>>();
}

Snapshot readSnapshot(const Database& database, Statement& row) {
    return parsed(database, [&] {
        Snapshot s;
        s.id = row.read<std::int64_t>();
        s.setRow = row.read<std::int64_t>();
        s.snapshotId = Guid::parse(row.read<std::string>());
        s.setId = Guid::parse(row.read<std::string>());
        s.server.host = row.read<std::string>();
        s.server.port = row.read<std::uint16_t>();
        s.source.server = row.read<std::string>();
        s.source.share = row.read<std::string>();
        s.exposed = row.read<std::string>();
        s.created = row.readOptional<TimeUs>();
        s.completed = row.readOptional<TimeUs>();
        s.context = parseContext(row.read<std::string>());
        s.writable = row.read<bool>();
        const auto state = row.read<std::string>();
        s.state = known(database, parseCopyState(state), state);
        s.description = row.read<std::string>();
        s.labels = parseLabels(row.read<std::string>());
        s.policy = row.readOptional<std::string>();
        s.ownerUid = row.read<std::uint32_t>();
        s.credential = CredentialOrigin::parse(row.read<std::string>());
        s.remains = row.read<std::string>();
        return s;
    });
}

std::vector<Snapshot> readSnapshots(const Database& database, Statement& rows) {
    std::vector<Snapshot> snapshots;
    while (rows.step()) {
        snapshots.push_back(readSnapshot(database, rows));
    }
    return snapshots;
}

std::vector<Snapshot> listCopies(const Database& database, std::int64_t setRow) {
    Statement rows(
        database, selectSnapshots("INDEXED BY shadow_copy_set_row", "c.set_row = ? ORDER BY c.id"));
    rows.bind(setRow);
    return readSnapshots(database, rows);
}

constexpr std::string_view kSelectJobs =
    "SELECT id, operation, state, owner_uid, subjects, accepted_us, ended_us, error_name,"
    " error_message FROM job ";

std::vector<JobRecord> readJobs(const Database& database, Statement& rows) {
    std::vector<JobRecord> jobs;
    while (rows.step()) {
        jobs.push_back(parsed(database, [&] {
            JobRecord job;
            job.id = rows.read<std::int64_t>();
            job.operation = rows.read<std::string>();
            const auto state = rows.read<std::string>();
            job.state = known(database, parseJobState(state), state);
            job.ownerUid = rows.read<std::uint32_t>();
            job.subjects = json::parse(rows.read<std::string>()).get<std::vector<std::string>>();
            job.accepted = rows.read<TimeUs>();
            job.ended = rows.readOptional<TimeUs>();
            job.errorName = rows.read<std::string>();
            job.errorMessage = rows.read<std::string>();
            return job;
        }));
    }
    return jobs;
}

/// The index that holds no row, or few, that the filter leaves out; see schema.sql.
std::string_view indexFor(const SnapshotFilter& filter) {
    if (filter.source) {
        return "INDEXED BY shadow_copy_source";
    }
    if (filter.ownerUid) {
        return filter.history ? "INDEXED BY shadow_copy_owner"
                              : "INDEXED BY shadow_copy_owner_present";
    }
    return filter.history ? "NOT INDEXED" : "INDEXED BY shadow_copy_present";
}

constexpr std::string_view kSelectMounts =
    "SELECT id, copy, path, what, options, made_directory, unmounting FROM mount ";

std::vector<MountRecord> readMounts(Statement& rows) {
    std::vector<MountRecord> mounts;
    while (rows.step()) {
        MountRecord& mount = mounts.emplace_back();
        mount.id = rows.read<std::int64_t>();
        mount.copy = rows.read<std::int64_t>();
        mount.path = rows.read<std::string>();
        mount.what = rows.read<std::string>();
        mount.options = rows.read<std::string>();
        mount.madeDirectory = rows.read<bool>();
        mount.unmounting = rows.read<bool>();
    }
    return mounts;
}

} // namespace

std::optional<Snapshot> findSnapshot(const Database& database, std::int64_t id) {
    Statement row(database, selectSnapshots("NOT INDEXED", "c.id = ?"));
    row.bind(id);
    if (!row.step()) {
        return std::nullopt;
    }
    return readSnapshot(database, row);
}

std::vector<Snapshot> findByGuidPrefix(const Database& database, std::string_view prefix) {
    Statement rows(database,
                   selectSnapshots("NOT INDEXED",
                                   "c.id IN (SELECT max(id) FROM shadow_copy"
                                   " INDEXED BY shadow_copy_snapshot_id"
                                   " WHERE snapshot_id >= ? AND snapshot_id < ?"
                                   " GROUP BY snapshot_id LIMIT 2)"));
    // 'g' comes after every character of a GUID's text.
    rows.bind(prefix, std::string(prefix) + 'g');
    return readSnapshots(database, rows);
}

std::vector<Snapshot> listSnapshots(const Database& database, const SnapshotFilter& filter) {
    std::string where = "c.id > ?";
    // A server that was named by its address may have been asked for the share by its name.
    const bool isByAddress = filter.source && isAddress(filter.source->server);
    if (filter.source) {
        where += isByAddress ? " AND ? IN (c.source_server, v.host) AND c.source_share = ?"
                             : " AND c.source_server = ? AND c.source_share = ?";
    }
    if (filter.ownerUid) {
        where += " AND c.owner_uid = ?";
    }
    if (!filter.history) {
        where += " AND c.state NOT IN ('deleted', 'failed')";
    }
    where += " ORDER BY c.id LIMIT ?";
    Statement rows(database, selectSnapshots(indexFor(filter), where));
    rows.bind(filter.afterId);
    if (filter.source) {
        rows.bind(filter.source->server, filter.source->share);
    }
    if (filter.ownerUid) {
        rows.bind(*filter.ownerUid);
    }
    rows.bind(filter.limit);
    return readSnapshots(database, rows);
}

std::vector<Snapshot> listOnServer(const Database& database, const ServerId& server) {
    Statement rows(database,
                   selectSnapshots("INDEXED BY shadow_copy_present",
                                   "c.state NOT IN ('deleted', 'failed') AND v.host = ?"
                                   " AND v.port = ? ORDER BY c.id"));
    rows.bind(server.host, server.port);
    return readSnapshots(database, rows);
}

std::vector<ServerId> listServers(const Database& database) {
    Statement rows(database,
                   "SELECT host, port FROM server WHERE id IN (SELECT s.server FROM shadow_copy"
                   " AS c INDEXED BY shadow_copy_present CROSS JOIN shadow_copy_set AS s"
                   " ON s.id = c.set_row WHERE c.state NOT IN ('deleted', 'failed')"
                   " UNION SELECT server FROM shadow_copy_set INDEXED BY shadow_copy_set_unsettled"
                   " WHERE state NOT IN ('complete', 'settled')) ORDER BY host, port");
    std::vector<ServerId> servers;
    while (rows.step()) {
        ServerId& server = servers.emplace_back();
        server.host = rows.read<std::string>();
        server.port = rows.read<std::uint16_t>();
    }
    return servers;
}

std::vector<ShadowCopySet> listUnsettledSets(const Database& database) {
    Statement rows(database,
                   "SELECT s.id, s.job, v.host, v.port, s.set_id, s.state, s.credential,"
                   " s.attempts,"
                   " (SELECT min(at_us) FROM job_step WHERE set_row = s.id AND name = 'started'),"
                   " (SELECT min(at_us) FROM job_step WHERE set_row = s.id AND name = 'committing')"
                   " FROM shadow_copy_set AS s"
                   " INDEXED BY shadow_copy_set_unsettled CROSS JOIN server AS v ON v.id = s.server"
                   " WHERE s.state NOT IN ('complete', 'settled') ORDER BY s.id");
    std::vector<ShadowCopySet> sets;
    while (rows.step()) {
        sets.push_back(parsed(database, [&] {
            ShadowCopySet set;
            set.row = rows.read<std::int64_t>();
            set.job = rows.read<std::int64_t>();
            set.server.host = rows.read<std::string>();
            set.server.port = rows.read<std::uint16_t>();
            set.setId = Guid::parse(rows.read<std::string>());
            const auto state = rows.read<std::string>();
            set.state = known(database, parseSetState(state), state);
            set.credential = CredentialOrigin::parse(rows.read<std::string>());
            set.attempts = rows.read<unsigned>();
            set.started = rows.readOptional<TimeUs>().value_or(TimeUs());
            set.committing = rows.readOptional<TimeUs>();
            return set;
        }));
        sets.back().copies = listCopies(database, sets.back().row);
    }
    return sets;
}

std::vector<Snapshot> listDeleting(const Database& database) {
    Statement rows(
        database,
        selectSnapshots("INDEXED BY shadow_copy_deleting", "c.state = 'deleting' ORDER BY c.id"));
    return readSnapshots(database, rows);
}

std::vector<Snapshot> listLost(const Database& database) {
    Statement rows(database, selectSnapshots("", "c.state = 'lost-on-server' ORDER BY c.id"));
    return readSnapshots(database, rows);
}

bool isKnown(const Database& database,
             const ServerId& server,
             const std::string& share,
             TimeUs created) {
    Statement row(database,
                  "SELECT 1 FROM shadow_copy AS c JOIN shadow_copy_set AS s ON s.id = c.set_row"
                  " JOIN server AS v ON v.id = s.server WHERE c.created_us = ?"
                  " AND c.source_share = ? AND v.host = ? AND v.port = ?");
    row.bind(created, share, server.host, server.port);
    return row.step();
}

std::vector<MountRecord> listMounts(const Database& database) {
    Statement rows(database, std::string(kSelectMounts) + "ORDER BY id");
    return readMounts(rows);
}

std::vector<MountRecord> mountsOf(const Database& database, std::int64_t copy) {
    Statement rows(database, std::string(kSelectMounts) + "WHERE copy = ? ORDER BY id");
    rows.bind(copy);
    return readMounts(rows);
}

std::optional<MountRecord> findMount(const Database& database, std::string_view path) {
    Statement row(database, std::string(kSelectMounts) + "WHERE path = ?");
    row.bind(path);
    std::vector<MountRecord> found = readMounts(row);
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<JobRecord> listJobs(const Database& database, std::uint32_t limit) {
    Statement rows(database, std::string(kSelectJobs) + "ORDER BY id DESC LIMIT ?");
    rows.bind(limit);
    return readJobs(database, rows);
}

std::vector<JobRecord> listOpenJobs(const Database& database) {
    Statement rows(database,
                   std::string(kSelectJobs) +
                       "INDEXED BY job_open WHERE state IN ('queued', 'running') ORDER BY id");
    return readJobs(database, rows);
}

} // namespace fsrvp::db::query
