// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp {

enum class JobState { Queued, Running, Done, Failed, Cancelled };
/// "queued", "running", "done", "failed", "cancelled".
std::string_view jobStateName(JobState state) noexcept;
std::optional<JobState> parseJobState(std::string_view name) noexcept;

/// A job as the database keeps it.
struct JobRecord {
    std::int64_t id = 0;
    std::string operation; ///< "create", "delete", "mount", "unmount", "check", "settle",
                           ///< "restore", "reconcile"
    JobState state = JobState::Queued;
    std::uint32_t ownerUid = 0;
    std::vector<std::string> subjects; ///< sources, or snapshot numbers
    TimeUs accepted{};
    std::optional<TimeUs> ended;
    std::string errorName; ///< errcName(); empty unless it failed or was cancelled
    std::string errorMessage;
};

} // namespace fsrvp
