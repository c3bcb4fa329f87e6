// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ctl/output.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace fsrvp::ctl {

/// What the command line asked for; gives the exit status or throws Error.
using Action = std::function<int()>;

/// Each adds its verb to the command line and puts what it does into `action` when it is given.
/// `options` and `action` must outlive the App.
void addCreate(CLI::App& app, const OutputOptions& options, Action& action);
void addList(CLI::App& app, const OutputOptions& options, Action& action);
void addShow(CLI::App& app, const OutputOptions& options, Action& action);
void addDelete(CLI::App& app, const OutputOptions& options, Action& action);
void addJob(CLI::App& app, const OutputOptions& options, Action& action);

} // namespace fsrvp::ctl
