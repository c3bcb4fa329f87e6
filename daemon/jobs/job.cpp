// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/job.hpp"

namespace fsrvp::jobs {

void Job::changed() const {
    if (changed_) {
        changed_();
    }
}

void Job::setPhase(Phase phase) {
    phase_ = phase;
    changed();
}

void Job::setRunning() {
    record_.state = JobState::Running;
    changed();
}

void Job::addIds(const std::vector<std::int64_t>& ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
}

void Job::setEnded(JobState state, TimeUs when, std::optional<Error> error) {
    record_.state = state;
    record_.ended = when;
    error_ = std::move(error);
    changed();
}

} // namespace fsrvp::jobs
