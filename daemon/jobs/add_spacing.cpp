// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/add_spacing.hpp"

#include "daemon/base/text.hpp"
#include "daemon/jobs/services.hpp"

#include <algorithm>

namespace fsrvp::jobs {

Task<void> AddSpacing::wait(ServerId server, std::vector<Unc> shares, Cancellation& cancellation) {
    BootClock::time_point allowed = allAllowed_;
    for (const Unc& share : shares) {
        if (const auto last = last_.find(Key(server, asciiLower(share.share)));
            last != last_.end()) {
            allowed = std::max(allowed, last->second + gap_);
        }
    }
    const BootClock::time_point now = BootClock::now();
    if (allowed > now) {
        const auto time = std::chrono::ceil<std::chrono::microseconds>(allowed - now);
        co_await sleepFor(loop_, time, cancellation);
    }
}

void AddSpacing::added(const ServerId& server, const Unc& share) {
    const BootClock::time_point now = BootClock::now();
    std::erase_if(last_, [&](const auto& entry) { return entry.second + gap_ < now; });
    last_[Key(server, asciiLower(share.share))] = now;
}

void AddSpacing::resume(const std::vector<JobRecord>& jobs) {
    const TimeUs recent = now() - gap_;
    const bool mayHaveAdded = std::any_of(jobs.begin(), jobs.end(), [recent](const JobRecord& job) {
        return job.operation == "create" && job.ended.value_or(TimeUs::max()) > recent;
    });
    if (mayHaveAdded) {
        allAllowed_ = BootClock::now() + gap_;
    }
}

} // namespace fsrvp::jobs
