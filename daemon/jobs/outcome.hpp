// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/task.hpp"
#include "daemon/model/check_line.hpp"
#include "daemon/model/finding.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace fsrvp::jobs {

/// What became of a part of a job.
struct Outcome {
    std::vector<std::int64_t> ids; ///< snapshots made, deleted, mounted or unmounted
    std::vector<Error> errors;     ///< one for each that failed
    std::vector<CheckLine> checks; ///< of a check alone
    std::vector<Finding> findings; ///< of reconcile alone
};

/// Runs all at once; gives their outcomes as one.
Task<Outcome> together(EventLoop& loop, std::vector<Task<Outcome>> parts);

/// The one error of a job that did not do all it should.
std::optional<Error> summary(const Outcome& outcome);

} // namespace fsrvp::jobs
