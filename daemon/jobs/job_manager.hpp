// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/adopt.hpp"
#include "daemon/jobs/check_source.hpp"
#include "daemon/jobs/create_set.hpp"
#include "daemon/jobs/delete_copies.hpp"
#include "daemon/jobs/job.hpp"
#include "daemon/jobs/mount_jobs.hpp"
#include "daemon/jobs/reconcile.hpp"
#include "daemon/jobs/services.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fsrvp::jobs {

struct CreateRequest {
    std::vector<Source> sources;
    SnapshotOptions options;
    std::optional<MountAfter> mount;
    std::optional<std::string>
        credential;                  ///< the name of a stored one; else as docs/configuration.md
    std::chrono::seconds timeout{0}; ///< of the whole job; 0: the configuration's
    std::uint32_t uid = 0;
};

struct CheckRequest {
    CheckWish wish;
    std::chrono::seconds timeout{0};
    std::uint32_t uid = 0;
};

struct DeleteRequest {
    std::vector<Snapshot> snapshots;
    std::chrono::seconds timeout{0};
    std::uint32_t uid = 0;
};

struct MountRequest {
    Snapshot snapshot;
    std::string destination; ///< empty: the default place
    std::chrono::seconds timeout{0};
    std::uint32_t uid = 0;
};

struct UnmountRequest {
    Snapshot snapshot;
    std::string path;  ///< only this mount; empty: all that fsrvpd made
    bool lazy = false; ///< out of the tree at once, whoever uses it
    std::chrono::seconds timeout{0};
    std::uint32_t uid = 0;
};

struct ReconcileRequest {
    ReconcileWish wish;
    std::optional<AdoptWish> adopt; ///< then this alone
    std::chrono::seconds timeout{0};
    std::uint32_t uid = 0;
};

/// Accepts jobs, runs them, and keeps them two minutes after their end. Destroying it parks those
/// that run: their records stay as they are, and recover() of the next start settles them.
class JobManager {
  public:
    /// @param keepEnded  for how long a job is known after its end is in the database
    explicit JobManager(Services services,
                        std::chrono::milliseconds keepEnded = std::chrono::minutes(2));
    JobManager(const JobManager&) = delete;
    JobManager& operator=(const JobManager&) = delete;
    ~JobManager();

    /// The job is in the database when these end; it runs from then on.
    /// @throws Error(InvalidArgument)  no source, or one twice
    /// @throws Error(LimitsExceeded)   as many jobs as the configuration allows
    Task<std::shared_ptr<Job>> create(CreateRequest request);
    /// One that is lost on its server is looked for again; gone is deleted.
    /// @throws Error(NotFound) for a snapshot that is deleted, Error(BadState) for one being made
    Task<std::shared_ptr<Job>> remove(DeleteRequest request);
    /// @throws as remove(), and Error(LostOnServer) for one whose exposed share is not known
    Task<std::shared_ptr<Job>> mount(MountRequest request);
    /// @throws Error(NotFound) when nothing is recorded to be mounted there
    Task<std::shared_ptr<Job>> unmount(UnmountRequest request);

    /// Changes nothing anywhere; the job has what it found.
    Task<std::shared_ptr<Job>> check(CheckRequest request);

    /// The job has what it found.
    Task<std::shared_ptr<Job>> reconcile(ReconcileRequest request);

    /// The server that a source is on.
    ServerId serverOf(const Source& source) const;

    /// At start: closes the jobs that the last fsrvpd left open, and, as jobs of their own, settles
    /// what they left on servers and mounts again what is recorded and not there.
    Task<void> recover();

    /// Null when it is unknown here: never was, or is forgotten.
    std::shared_ptr<Job> find(std::int64_t id) const;

    /// Told of each job when it is accepted, and when it is forgotten.
    void onJobs(std::function<void(const std::shared_ptr<Job>&)> added,
                std::function<void(std::int64_t)> forgotten);

  private:
    using Work = std::function<Task<Outcome>(Job&)>;

    void checkLimit() const;
    Task<std::shared_ptr<Job>> accept(JobRecord record, std::chrono::seconds timeout, Work work);
    Task<void> run(std::shared_ptr<Job> job, std::chrono::seconds timeout, Work work);
    Task<void> end(std::shared_ptr<Job> job, Outcome outcome);
    Task<std::optional<Error>>
    recordEnd(std::int64_t id, JobState state, std::optional<Error> error);
    Task<Outcome>
    createOn(Job& job, std::map<ServerId, std::vector<Source>> byServer, CreateRequest request);
    Task<Outcome> deleteOn(Job& job, std::map<ServerAccount, std::vector<Snapshot>> byAccount);
    std::size_t unfinished() const;
    std::set<ServerId> serversToRestore();

    Services services_;
    std::chrono::milliseconds keepEnded_;
    std::map<std::int64_t, std::shared_ptr<Job>> jobs_;
    std::size_t accepting_ = 0; ///< being written, and not in jobs_ yet
    std::function<void(const std::shared_ptr<Job>&)> added_;
    std::function<void(std::int64_t)> forgotten_;
    TaskGroup running_; // last: its coroutines use all the others
};

} // namespace fsrvp::jobs
