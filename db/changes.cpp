// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/changes.hpp"

#include "daemon/base/error.hpp"
#include "db/known.hpp"

#include <nlohmann/json.hpp>

namespace fsrvp::db::change {
namespace {

using nlohmann::json;
using OptionalRow = std::optional<std::int64_t>;

TimeUs now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

/// Bytes that are not UTF-8 become U+FFFD: a label must not be able to fail a job.
std::string toText(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void addStep(Database& database,
             std::int64_t job,
             OptionalRow setRow,
             OptionalRow copy,
             std::string_view name) {
    Statement(database, "INSERT INTO job_step (job, set_row, copy, name, at_us) VALUES (?,?,?,?,?)")
        .bind(job, setRow, copy, name, now())
        .run();
}

[[noreturn]] void refuse(const std::string& what, std::string_view to, std::string_view from) {
    throw Error(Errc::BadState,
                "cannot mark " + what + " " + std::string(to) + ": it is " + std::string(from));
}

[[noreturn]] void failNotFound(const std::string& what) {
    throw Error(Errc::NotFound, "there is no " + what);
}

JobState stateOfJob(const Database& database, std::int64_t job) {
    Statement query(database, "SELECT state FROM job WHERE id = ?");
    query.bind(job);
    if (!query.step()) {
        failNotFound("job " + std::to_string(job));
    }
    const auto state = query.read<std::string>();
    return known(database, parseJobState(state), state);
}

bool canFollow(SetState from, SetState to) {
    switch (to) {
    case SetState::Started:
        return false;
    case SetState::Committing:
        return from == SetState::Started;
    case SetState::Exposed:
        return from == SetState::Committing;
    case SetState::Complete:
        return from == SetState::Exposed;
    case SetState::Settled:
        return from != SetState::Complete && from != SetState::Settled;
    }
    return false;
}

/// Checks that the set may go there, and writes the step. The caller updates the row.
void beginMove(Database& database, std::int64_t setRow, SetState to) {
    const std::string what = "shadow copy set " + std::to_string(setRow);
    Statement query(database, "SELECT job, state FROM shadow_copy_set WHERE id = ?");
    query.bind(setRow);
    if (!query.step()) {
        failNotFound(what);
    }
    const auto job = query.read<std::int64_t>();
    const auto state = query.read<std::string>();
    const SetState from = known(database, parseSetState(state), state);
    if (!canFollow(from, to)) {
        refuse(what, setStateName(to), setStateName(from));
    }
    addStep(database, job, setRow, {}, setStateName(to));
}

void moveSet(Database& database, std::int64_t setRow, SetState to) {
    beginMove(database, setRow, to);
    Statement(database, "UPDATE shadow_copy_set SET state = ? WHERE id = ?")
        .bind(setStateName(to), setRow)
        .run();
}

bool canFollow(CopyState from, CopyState to) {
    if (from == CopyState::Deleted || from == CopyState::Failed) {
        return false;
    }
    switch (to) {
    case CopyState::Creating:
    case CopyState::Failed:
        return false; // only its set brings a copy there
    case CopyState::Exposed:
        return from != CopyState::Creating;
    case CopyState::Deleting:
    case CopyState::Deleted:
    case CopyState::LostOnServer:
        return true;
    }
    return false;
}

std::int64_t serverRow(Database& database, const ServerId& server) {
    Statement(database, "INSERT INTO server (host, port) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(server.host, server.port)
        .run();
    Statement query(database, "SELECT id FROM server WHERE host = ? AND port = ?");
    query.bind(server.host, server.port).step();
    return query.read<std::int64_t>();
}

std::int64_t copyOfMount(const Database& database, std::int64_t mount) {
    Statement query(database, "SELECT copy FROM mount WHERE id = ?");
    query.bind(mount);
    if (!query.step()) {
        failNotFound("mount " + std::to_string(mount));
    }
    return query.read<std::int64_t>();
}

} // namespace

JobRecord insertJob(Database& database, JobRecord job) {
    job.state = JobState::Queued;
    if (job.accepted == TimeUs{}) {
        job.accepted = now();
    }
    Statement(database,
              "INSERT INTO job (operation, state, owner_uid, subjects, accepted_us, error_name,"
              " error_message) VALUES (?, ?, ?, ?, ?, '', '')")
        .bind(job.operation,
              jobStateName(job.state),
              job.ownerUid,
              toText(job.subjects),
              job.accepted)
        .run();
    job.id = database.lastInsertId();
    addStep(database, job.id, {}, {}, "accepted");
    return job;
}

void startJob(Database& database, std::int64_t job) {
    const JobState from = stateOfJob(database, job);
    if (from != JobState::Queued && from != JobState::Running) {
        refuse("job " + std::to_string(job), "running", jobStateName(from));
    }
    Statement(database, "UPDATE job SET state = 'running' WHERE id = ?").bind(job).run();
    addStep(database, job, {}, {}, "running");
}

void finishJob(Database& database,
               std::int64_t job,
               JobState state,
               std::string_view errorName,
               std::string_view errorMessage) {
    const auto isOpen = [](JobState s) { return s == JobState::Queued || s == JobState::Running; };
    const JobState from = stateOfJob(database, job);
    if (isOpen(state) || !isOpen(from)) {
        refuse("job " + std::to_string(job), jobStateName(state), jobStateName(from));
    }
    Statement(database,
              "UPDATE job SET state = ?, ended_us = ?, error_name = ?, error_message = ?"
              " WHERE id = ?")
        .bind(jobStateName(state), now(), errorName, errorMessage, job)
        .run();
    addStep(database, job, {}, {}, "ended");
}

std::int64_t insertSet(Database& database, const NewSet& set) {
    const std::int64_t server = serverRow(database, set.server);
    Statement(database,
              "INSERT INTO shadow_copy_set (job, server, set_id, context, writable, state,"
              " credential) VALUES (?, ?, ?, ?, ?, 'started', ?)")
        .bind(set.job,
              server,
              set.setId.text(),
              contextName(set.context),
              set.writable,
              set.credential.text())
        .run();
    const std::int64_t row = database.lastInsertId();
    addStep(database, set.job, row, {}, setStateName(SetState::Started));
    return row;
}

std::vector<std::int64_t> markCommitting(Database& database,
                                         std::int64_t setRow,
                                         const std::vector<NewCopy>& copies,
                                         const Labelling& labelling,
                                         std::uint32_t ownerUid) {
    moveSet(database, setRow, SetState::Committing);
    const std::string labels = toText(labelling.labels);
    std::vector<std::int64_t> ids;
    ids.reserve(copies.size());
    for (const NewCopy& copy : copies) {
        Statement(database,
                  "INSERT INTO shadow_copy (set_row, snapshot_id, source_server, source_share,"
                  " exposed, state, owner_uid, description, labels)"
                  " VALUES (?, ?, ?, ?, '', 'creating', ?, ?, ?)")
            .bind(setRow,
                  copy.snapshotId.text(),
                  copy.source.server,
                  copy.source.share,
                  ownerUid,
                  labelling.description,
                  labels)
            .run();
        ids.push_back(database.lastInsertId());
    }
    return ids;
}

void markExposed(Database& database, std::int64_t setRow, const std::vector<ExposedCopy>& copies) {
    moveSet(database, setRow, SetState::Exposed);
    for (const ExposedCopy& copy : copies) {
        Statement(database,
                  "UPDATE shadow_copy SET exposed = ?, created_us = ? WHERE id = ? AND set_row = ?")
            .bind(copy.exposed, copy.created, copy.id, setRow)
            .run();
        if (database.changes() == 0) {
            failNotFound("shadow copy " + std::to_string(copy.id) + " in shadow copy set " +
                         std::to_string(setRow));
        }
    }
}

void markComplete(Database& database, std::int64_t setRow, TimeUs completed) {
    beginMove(database, setRow, SetState::Complete);
    Statement(database,
              "UPDATE shadow_copy_set SET state = 'complete', completed_us = ? WHERE id = ?")
        .bind(completed, setRow)
        .run();
    Statement(database,
              "UPDATE shadow_copy SET state = 'exposed' WHERE set_row = ? AND state = 'creating'")
        .bind(setRow)
        .run();
}

unsigned countAttempt(Database& database, std::int64_t setRow) {
    Statement query(database,
                    "UPDATE shadow_copy_set SET attempts = attempts + 1 WHERE id = ?"
                    " RETURNING attempts");
    query.bind(setRow);
    if (!query.step()) {
        failNotFound("shadow copy set " + std::to_string(setRow));
    }
    return query.read<unsigned>();
}

void markSettled(Database& database, std::int64_t setRow, const std::vector<LostCopy>& lost) {
    moveSet(database, setRow, SetState::Settled);
    for (const LostCopy& copy : lost) {
        Statement(database,
                  "UPDATE shadow_copy SET state = 'lost-on-server', remains = ?"
                  " WHERE id = ? AND set_row = ? AND state IN ('creating', 'deleting')")
            .bind(copy.remains, copy.id, setRow)
            .run();
        if (copy.created) {
            Statement(database,
                      "UPDATE shadow_copy SET created_us = ?"
                      " WHERE id = ? AND set_row = ? AND state = 'lost-on-server'")
                .bind(*copy.created, copy.id, setRow)
                .run();
        }
        if (!copy.exposed.empty()) {
            Statement(database,
                      "UPDATE shadow_copy SET exposed = ?"
                      " WHERE id = ? AND set_row = ? AND state = 'lost-on-server'")
                .bind(copy.exposed, copy.id, setRow)
                .run();
        }
    }
    Statement(database,
              "UPDATE shadow_copy SET state = 'failed'"
              " WHERE set_row = ? AND state IN ('creating', 'deleting')")
        .bind(setRow)
        .run();
}

void setCopyState(Database& database, std::int64_t id, CopyState state, std::int64_t job) {
    const std::string what = "snapshot " + std::to_string(id);
    Statement query(database, "SELECT set_row, state FROM shadow_copy WHERE id = ?");
    query.bind(id);
    if (!query.step()) {
        failNotFound(what);
    }
    const auto setRow = query.read<std::int64_t>();
    const auto stateText = query.read<std::string>();
    const CopyState from = known(database, parseCopyState(stateText), stateText);
    if (!canFollow(from, state)) {
        refuse(what, copyStateName(state), copyStateName(from));
    }
    Statement(database, "UPDATE shadow_copy SET state = ?, remains = '' WHERE id = ?")
        .bind(copyStateName(state), id)
        .run();
    addStep(database, job, setRow, id, copyStateName(state));
}

void setMapping(Database& database, const ExposedCopy& copy, std::int64_t job) {
    setCopyState(database, copy.id, CopyState::Exposed, job);
    Statement(database, "UPDATE shadow_copy SET exposed = ?, created_us = ? WHERE id = ?")
        .bind(copy.exposed, copy.created, copy.id)
        .run();
    Statement(database,
              "UPDATE shadow_copy_set SET state = 'complete', completed_us = ?"
              " WHERE state = 'settled' AND id = (SELECT set_row FROM shadow_copy WHERE id = ?)")
        .bind(copy.created, copy.id)
        .run();
}

std::int64_t adoptCopy(Database& database,
                       const AdoptedCopy& copy,
                       const ServerAccount& account,
                       std::int64_t job) {
    Statement other(database,
                    "SELECT id FROM shadow_copy INDEXED BY shadow_copy_snapshot_id"
                    " WHERE snapshot_id = ? AND state NOT IN ('deleted', 'failed')");
    other.bind(copy.snapshotId.text());
    if (other.step()) {
        throw Error(Errc::AlreadyExists,
                    copy.exposed + " is snapshot " + std::to_string(other.read<std::int64_t>()) +
                        " already");
    }
    NewSet set;
    set.job = job;
    set.server = account.server;
    set.setId = copy.setId;
    set.credential = account.credential;
    const std::int64_t setRow = insertSet(database, set);
    addStep(database, job, setRow, {}, setStateName(SetState::Complete));
    Statement(database,
              "UPDATE shadow_copy_set SET state = 'complete', completed_us = ? WHERE id = ?")
        .bind(copy.created, setRow)
        .run();
    Statement(database,
              "INSERT INTO shadow_copy (set_row, snapshot_id, source_server, source_share,"
              " exposed, created_us, state, owner_uid, description, labels)"
              " VALUES (?, ?, ?, ?, ?, ?, 'exposed', ?, '', '{}')")
        .bind(setRow,
              copy.snapshotId.text(),
              copy.source.server,
              copy.source.share,
              copy.exposed,
              copy.created,
              copy.ownerUid)
        .run();
    const std::int64_t id = database.lastInsertId();
    addStep(database, job, setRow, id, copyStateName(CopyState::Exposed));
    return id;
}

void markLost(Database& database, const LostCopy& copy, std::int64_t job) {
    setCopyState(database, copy.id, CopyState::LostOnServer, job);
    Statement(database, "UPDATE shadow_copy SET remains = ? WHERE id = ?")
        .bind(copy.remains, copy.id)
        .run();
}

MountRecord insertMount(Database& database, MountRecord mount, std::int64_t job) {
    Statement other(database, "SELECT copy FROM mount WHERE path = ?");
    other.bind(mount.path);
    if (other.step()) {
        throw Error(Errc::AlreadyExists,
                    mount.path + " is the mount point of snapshot " +
                        std::to_string(other.read<std::int64_t>()));
    }
    Statement(database,
              "INSERT INTO mount (copy, path, what, options, made_directory, unmounting)"
              " VALUES (?, ?, ?, ?, ?, 0)")
        .bind(mount.copy, mount.path, mount.what, mount.options, mount.madeDirectory)
        .run();
    mount.id = database.lastInsertId();
    addStep(database, job, {}, mount.copy, "mount");
    return mount;
}

void markUnmounting(Database& database, std::int64_t mount, std::int64_t job) {
    addStep(database, job, {}, copyOfMount(database, mount), "unmount");
    Statement(database, "UPDATE mount SET unmounting = 1 WHERE id = ?").bind(mount).run();
}

void removeMount(Database& database, std::int64_t mount, std::int64_t job) {
    addStep(database, job, {}, copyOfMount(database, mount), "unmounted");
    Statement(database, "DELETE FROM mount WHERE id = ?").bind(mount).run();
}

} // namespace fsrvp::db::change
