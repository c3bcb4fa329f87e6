// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/job_options.hpp"

#include "ctl/span.hpp"

namespace fsrvp::ctl {

std::optional<std::chrono::seconds> JobOptions::span() const {
    return timeout ? std::optional(parseSpan(*timeout)) : std::nullopt;
}

void addJobOptions(CLI::App& verb, JobOptions& options) {
    verb.add_option("--timeout", options.timeout, "give up after this time: 90, 5min, 1h")
        ->type_name("SPAN");
    verb.add_flag("--no-block", options.noBlock, "print the job's number and do not wait");
}

} // namespace fsrvp::ctl
