// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "db/database.hpp"
#include "db/store.hpp"

/// What the changes of Store do, each inside a transaction of its caller and with its row of
/// job_step. They throw as Store says; the caller then rolls back.
namespace fsrvp::db::change {

struct NewSet {
    std::int64_t job = 0;
    ServerId server;
    Guid setId;
    ShadowCopyContext context = ShadowCopyContext::NasRollback;
    bool writable = false;
    CredentialOrigin credential;
};

JobRecord insertJob(Database& database, JobRecord job);
void startJob(Database& database, std::int64_t job);
void finishJob(Database& database,
               std::int64_t job,
               JobState state,
               std::string_view errorName,
               std::string_view errorMessage);

std::int64_t insertSet(Database& database, const NewSet& set);
std::vector<std::int64_t> markCommitting(Database& database,
                                         std::int64_t setRow,
                                         const std::vector<NewCopy>& copies,
                                         const Labelling& labelling,
                                         std::uint32_t ownerUid);
void markExposed(Database& database, std::int64_t setRow, const std::vector<ExposedCopy>& copies);
void markComplete(Database& database, std::int64_t setRow, TimeUs completed);
unsigned countAttempt(Database& database, std::int64_t setRow);
void markSettled(Database& database, std::int64_t setRow, const std::vector<LostCopy>& lost);
void setCopyState(Database& database, std::int64_t id, CopyState state, std::int64_t job);
void setMapping(Database& database, const ExposedCopy& copy, std::int64_t job);
std::int64_t adoptCopy(Database& database,
                       const AdoptedCopy& copy,
                       const ServerAccount& account,
                       std::int64_t job);
void markLost(Database& database, const LostCopy& copy, std::int64_t job);

MountRecord insertMount(Database& database, MountRecord mount, std::int64_t job);
void markUnmounting(Database& database, std::int64_t mount, std::int64_t job);
void removeMount(Database& database, std::int64_t mount, std::int64_t job);

} // namespace fsrvp::db::change
