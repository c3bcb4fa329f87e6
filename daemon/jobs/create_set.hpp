// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "daemon/jobs/server_session.hpp"
#include "daemon/jobs/services.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fsrvp::jobs {

/// What a snapshot shall be; the same for all of a job.
struct SnapshotOptions {
    ShadowCopyContext context = ShadowCopyContext::NasRollback;
    bool writable = false;
    db::Labelling labelling;
};

/// Takes a snapshot of shares of one server, as one shadow copy set: all at one instant.
///
/// The steps are a table; each is one call or one for every share. What must survive a crash is
/// committed to the database before the call that it belongs to is sent (docs/architecture.md,
/// "Durable points"). When a step fails, the set is settled from what was recorded, and the first
/// error is the one that is thrown.
class CreateSet {
  public:
    CreateSet(Services& services,
              Job& job,
              ServerAccount account,
              std::vector<Unc> sources,
              SnapshotOptions options);
    CreateSet(const CreateSet&) = delete;
    CreateSet& operator=(const CreateSet&) = delete;

    /// Gives the snapshots' numbers in the order of the sources; none when the server says that
    /// another machine has the shares, where nothing was begun.
    Task<std::vector<std::int64_t>> run();

    /// That other machine.
    const std::optional<ServerId>& owner() const noexcept { return owner_; }

  private:
    struct Step {
        Phase phase;
        Task<void> (CreateSet::*run)();
    };

    static const Step kSteps[];

    Task<void> connect();
    Task<void> check();
    Task<void> start();
    Task<void> add();
    Task<void> prepare();
    Task<void> commit();
    Task<void> expose();
    Task<void> map();
    Task<void> recover();

    Task<void> checkOne(Unc& source);
    Task<void> checkOwner(Unc& source, std::string owner);
    Task<std::string> otherShares();
    Task<void> backOff(int attempt, std::uint32_t result);
    Task<std::optional<Error>> runSteps();
    Task<bool> finishOrSettle(const Error& failure);
    Task<bool> tryMarkComplete();
    Task<bool> settleWith(ServerSession& session, bool mayFinish);
    std::string what() const;
    Error withLeft(const Error& failure) const;

    Services& services_;
    Job& job_;
    std::vector<Unc> sources_;
    SnapshotOptions options_;
    ServerSession session_;
    std::optional<ServerId> owner_;
    std::vector<Error> left_; ///< of each attempt that failed, what settling it could not remove

    // Of the attempt under way.
    Phase phase_ = Phase::Connect;       ///< the step; a job over several servers has no single one
    Guid setId_;                         ///< nil until a set is started
    std::optional<std::int64_t> setRow_; ///< none until the database has it
    std::vector<db::NewCopy> copies_;
    std::vector<std::int64_t> ids_;
};

} // namespace fsrvp::jobs
