// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/event_loop.hpp"
#include "daemon/base/task.hpp"
#include "daemon/model/job_record.hpp"
#include "daemon/model/mount_record.hpp"
#include "daemon/model/snapshot.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::db {

/// What CommitShadowCopySet is about to be sent for.
struct NewCopy {
    Guid snapshotId; ///< the server's ShadowCopyId
    Unc source;      ///< exactly as sent in AddToShadowCopySet
};

/// What GetShareMapping told of one copy.
struct ExposedCopy {
    std::int64_t id = 0; ///< its sequence number
    std::string exposed; ///< bare share name
    TimeUs created{};    ///< the server's time
};

/// A copy whose set is given up, and of which something is left on the server.
struct LostCopy {
    std::int64_t id = 0;
    std::string remains; ///< what and where, for people
    /// For a settled set: the server's time of it, where that became known.
    std::optional<TimeUs> created{};
    /// For a settled set: the bare name of a share that is not on record yet.
    std::string exposed{};
};

/// A snapshot that its server has, and of which there is no record that is still in use.
struct AdoptedCopy {
    Guid snapshotId;
    Guid setId;
    Unc source;          ///< as GetShareMapping was asked with
    std::string exposed; ///< bare share name
    TimeUs created{};    ///< the server's time
    std::uint32_t ownerUid = 0;
};

/// What a create job says of all its snapshots.
struct Labelling {
    std::string description;
    std::map<std::string, std::string> labels;
};

struct SnapshotFilter {
    std::optional<Unc> source; ///< compared without the case of A to Z
    bool history = false;      ///< also deleted and failed ones
    std::int64_t afterId = 0;  ///< only higher sequence numbers
    std::uint32_t limit = 500;
    std::optional<std::uint32_t> ownerUid; ///< only this owner's
};

/// fsrvpd's memory: DIR/fsrvpd.db. A member that changes something is a transaction of its own on
/// the writer thread, and its task ends once that is on disk (WAL, synchronous=FULL); these are the
/// durable points of a job. Members that read do so at once, on the caller's thread, from what is
/// committed. Every member throws Error(Database) with the file's path and SQLite's own words.
/// A change that the present state forbids throws Error(BadState), one of a row that is not there
/// Error(NotFound); neither has changed anything.
///
/// A file that can't be opened for writing, or brought up to date, does not keep fsrvpd from
/// starting: see whyReadOnly().
///
/// Belongs to the loop's thread, which only ever blocks in the reads. Destroying the store waits
/// for the writes that were begun; a task that waits for one then still ends, from the loop.
class Store {
  public:
    /// Opens the file or makes it, and brings an older one up to date. May wait 5 s for another
    /// program's lock.
    /// @throws Error(Busy)  another fsrvpd has this directory
    Store(EventLoop& loop, const std::filesystem::path& stateDirectory);
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    ~Store();

    /// Why nothing can be written as long as this store lives, with what to do; nothing when all
    /// is well. A member that changes something then throws it; one that reads does unless the file
    /// has this fsrvpd's schema and can be read.
    const std::optional<Error>& whyReadOnly() const noexcept;

    /// Durable point 1: the job is accepted (state queued). The record has its new id, and the
    /// present time as `accepted` where the caller gave none.
    Task<JobRecord> insertJob(JobRecord job);
    /// The job runs; also said again of one that the last fsrvpd left running.
    Task<void> startJob(std::int64_t job);
    /// The job has ended (done, failed or cancelled); its history stays.
    Task<void>
    finishJob(std::int64_t job, JobState state, std::string errorName, std::string errorMessage);

    /// Durable point 2: the server's set id is known. Gives the set's row.
    Task<std::int64_t> insertSet(std::int64_t job,
                                 ServerAccount account,
                                 Guid setId,
                                 ShadowCopyContext context,
                                 bool writable);
    /// Durable point 3: CommitShadowCopySet is about to be sent. Gives the copies' sequence
    /// numbers, in the order of `copies`.
    Task<std::vector<std::int64_t>> markCommitting(std::int64_t setRow,
                                                   std::vector<NewCopy> copies,
                                                   Labelling labelling,
                                                   std::uint32_t ownerUid);
    /// Durable point 4: the set is exposed and mapped.
    Task<void> markExposed(std::int64_t setRow, std::vector<ExposedCopy> copies);
    /// Durable point 5: recovery is complete; the copies are snapshots (state exposed).
    Task<void> markComplete(std::int64_t setRow, TimeUs completed);
    /// The server was asked to settle the set, and refused. Gives how often it did, this time
    /// included.
    Task<unsigned> countAttempt(std::int64_t setRow);
    /// The set was given up: state settled, its copies failed, but those of which something is left
    /// lost on the server. Copies that are deleted or lost on the server stay so.
    Task<void> markSettled(std::int64_t setRow, std::vector<LostCopy> lost = {});
    /// DeleteShareMapping is about to be sent (Deleting), or what became of it: Deleted, or Exposed
    /// when the server refused. Deleted and Failed are final.
    /// @param job  the job that does it, for the history
    Task<void> setCopyState(std::int64_t id, CopyState state, std::int64_t job);
    /// Something of the copy is on the server, and FSRVP can't reach it any more.
    Task<void> markLost(LostCopy copy, std::int64_t job);

    /// The server has the copy under this name: state exposed, whatever it was but deleted, failed
    /// or creating. Its set, if it was given up, is complete.
    Task<void> setMapping(ExposedCopy copy, std::int64_t job);
    /// Records a complete set with that one copy, context nas-rollback; gives the copy's number.
    /// @throws Error(AlreadyExists)  a record of it is in use
    Task<std::int64_t> adoptCopy(AdoptedCopy copy, ServerAccount account, std::int64_t job);

    /// Durable point 6: a snapshot is about to be mounted there. Gives the record with its id.
    /// @throws Error(AlreadyExists)  another record has that path
    Task<MountRecord> insertMount(MountRecord mount, std::int64_t job);
    /// It is about to be unmounted.
    Task<void> markUnmounting(std::int64_t mount, std::int64_t job);
    /// It is mounted no more, and its directory is gone if it is to go.
    Task<void> removeMount(std::int64_t mount, std::int64_t job);

    std::optional<Snapshot> findSnapshot(std::int64_t id);
    /// Those whose ShadowCopyId begins with this (lower case, dashes as in the text form), in any
    /// state; of one that was recorded again the newest. Two at most, which is enough to tell that
    /// it is ambiguous.
    std::vector<Snapshot> findByGuidPrefix(std::string_view prefix);
    /// In the order of their sequence numbers.
    std::vector<Snapshot> listSnapshots(const SnapshotFilter& filter);
    /// Neither deleted nor failed, in the order of their numbers.
    std::vector<Snapshot> listOnServer(const ServerId& server);
    /// Those that have snapshots which are neither deleted nor failed, or sets to settle.
    std::vector<ServerId> listServers();
    /// Sets that are neither complete nor settled, oldest first, with their copies.
    std::vector<ShadowCopySet> listUnsettledSets();
    /// Copies in state Deleting: a delete was under way.
    std::vector<Snapshot> listDeleting();
    /// Copies in state LostOnServer.
    std::vector<Snapshot> listLost();
    /// Whether a copy of that share, which the server made then, is on record, deleted ones too:
    /// a server that loses its power may have what it had deleted again.
    bool isKnown(const ServerId& server, const std::string& share, TimeUs created);
    /// In the order in which they were made.
    std::vector<MountRecord> listMounts();
    std::vector<MountRecord> mountsOf(std::int64_t copy);
    std::optional<MountRecord> findMount(std::string_view path);
    /// Newest first.
    std::vector<JobRecord> listJobs(std::uint32_t limit);
    /// Jobs in state queued or running: parked by the last fsrvpd, when asked at start.
    std::vector<JobRecord> listOpenJobs();
    /// Transactions committed since the start; for tests.
    std::uint64_t commits() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fsrvp::db
