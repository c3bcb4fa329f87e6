// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ctl/client.hpp"
#include "ctl/output.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace fsrvp::ctl {

/// What the command line asked for; gives the exit status or throws Error.
using Action = std::function<int()>;

/// Each adds its verb to the command line and puts what it does into `action` when it is given.
/// `options` and `action` must outlive the App.
void addCreate(CLI::App& app, const OutputOptions& options, Action& action);
void addCheck(CLI::App& app, const OutputOptions& options, Action& action);
void addList(CLI::App& app, const OutputOptions& options, Action& action);
void addShow(CLI::App& app, const OutputOptions& options, Action& action);
void addMount(CLI::App& app, const OutputOptions& options, Action& action);
void addUnmount(CLI::App& app, const OutputOptions& options, Action& action);
void addDelete(CLI::App& app, const OutputOptions& options, Action& action);
void addReconcile(CLI::App& app, const OutputOptions& options, Action& action);
void addCredential(CLI::App& app, const OutputOptions& options, Action& action);
void addJob(CLI::App& app, const OutputOptions& options, Action& action);
/// All of `cifs filesystem …`.
void addCifsFilesystem(CLI::App& app, const OutputOptions& options, Action& action);

/// What `list` does. filter.source is as the user typed it.
int listSnapshots(const OutputOptions& output, ListFilter filter);

/// Adds an argument of one or more names, each taken as it is: of its own, CLI11 takes "[a,b]" for
/// a list of two.
CLI::Option*
addNames(CLI::App& verb, const char* argument, std::vector<std::string>& names, const char* about);

/// What the help says of these arguments.
inline constexpr const char* kSourceHelp =
    "a path on a mounted share, //server/share or smb://server[:port]/share";
inline constexpr const char* kCredentialHelp =
    "log in with this one, see `credential list`; else as the configuration says";
inline constexpr const char* kSnapshotHelp =
    "number, GUID, the beginning of a GUID, a mount point, or //server/EXPOSED-SHARE";

} // namespace fsrvp::ctl
