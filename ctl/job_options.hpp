// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ctl/job_wait.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace fsrvp::ctl {

/// What every verb that begins a job takes.
struct JobOptions {
    std::optional<std::string> timeout;
    bool noBlock = false;

    /// @throws Error(InvalidArgument) it is no time span
    std::optional<std::chrono::seconds> span() const;

    Waiting waiting() const noexcept { return noBlock ? Waiting::No : Waiting::ForEnd; }
};

/// `options` must outlive the verb.
void addJobOptions(CLI::App& verb, JobOptions& options);

} // namespace fsrvp::ctl
