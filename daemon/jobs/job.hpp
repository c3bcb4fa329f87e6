// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/error.hpp"
#include "daemon/jobs/phase.hpp"
#include "daemon/model/check_line.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/job_record.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace fsrvp::jobs {

/// A job while this fsrvpd runs it, and for a while after. The record is what the database has, or
/// is to have as soon as it can be written.
class Job {
  public:
    explicit Job(JobRecord record) : record_(std::move(record)) {}

    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    const JobRecord& record() const noexcept { return record_; }

    Phase phase() const noexcept { return phase_; }

    bool hasEnded() const noexcept { return record_.ended.has_value(); }

    /// Numbers of the snapshots that it made or deleted; also of those before a failure.
    const std::vector<std::int64_t>& ids() const noexcept { return ids_; }

    /// What a check found.
    const std::vector<CheckLine>& checks() const noexcept { return checks_; }

    /// What reconcile found.
    const std::vector<Finding>& findings() const noexcept { return findings_; }

    /// Why it failed or was cancelled.
    const std::optional<Error>& error() const noexcept { return error_; }

    Cancellation& cancellation() noexcept { return cancellation_; }

    void setPhase(Phase phase);
    void setRunning();
    void addIds(const std::vector<std::int64_t>& ids);

    void setChecks(std::vector<CheckLine> checks) { checks_ = std::move(checks); }

    void setFindings(std::vector<Finding> findings) { findings_ = std::move(findings); }

    void setEnded(JobState state, TimeUs when, std::optional<Error> error);

    /// Called after each change; one at most.
    void onChange(std::function<void()> fn) { changed_ = std::move(fn); }

  private:
    void changed() const;

    JobRecord record_;
    Phase phase_ = Phase::Wait;
    std::vector<std::int64_t> ids_;
    std::vector<CheckLine> checks_;
    std::vector<Finding> findings_;
    std::optional<Error> error_;
    Cancellation cancellation_;
    std::function<void()> changed_;
};

} // namespace fsrvp::jobs
