// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ctl/client.hpp"
#include "ctl/output.hpp"

#include <cstdint>
#include <functional>

namespace fsrvp::ctl {

enum class Waiting { ForEnd, No };

/// Begins a job and, unless Waiting::No, follows it to its end, with its phase on a terminal's
/// stderr; then prints the snapshots in its result, and its error. SIGINT or SIGTERM
/// cancels the job and waits on; a second one leaves at once. With Waiting::No prints the job's
/// number.
/// @param begin     gives the job's number
/// @param sentence  what to tell people of a snapshot
/// @return the exit status
int runJob(const OutputOptions& options,
           Waiting waiting,
           const std::function<std::int64_t(Client&)>& begin,
           Sentence sentence = sentenceOf);

/// The same for a job that checks something: prints what it found.
int runCheck(const OutputOptions& options,
             Waiting waiting,
             const std::function<std::int64_t(Client&)>& begin);

/// The same for a job that compares the records with servers.
int runReconcile(const OutputOptions& options,
                 Waiting waiting,
                 const std::function<std::int64_t(Client&)>& begin);

} // namespace fsrvp::ctl
