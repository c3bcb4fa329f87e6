// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/job_record.hpp"

#include "daemon/model/enum_names.hpp"

namespace fsrvp {
namespace {

constexpr std::array<std::string_view, 5> kStates{
    "queued", "running", "done", "failed", "cancelled"};

} // namespace

std::string_view jobStateName(JobState state) noexcept {
    return kStates[static_cast<std::size_t>(state)];
}

std::optional<JobState> parseJobState(std::string_view name) noexcept {
    return enumFromName<JobState>(kStates, name);
}

} // namespace fsrvp
