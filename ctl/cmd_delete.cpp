// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"
#include "ctl/job_options.hpp"
#include "ctl/paths.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace fsrvp::ctl {
namespace {

struct Arguments {
    std::vector<std::string> ids;
    JobOptions job;
};

int deleteSnapshots(const OutputOptions& output, const Arguments& arguments) {
    std::vector<std::string> ids;
    std::transform(
        arguments.ids.begin(), arguments.ids.end(), std::back_inserter(ids), snapshotFor);
    const auto timeout = arguments.job.span();
    return runJob(output, arguments.job.waiting(), [&](Client& client) {
        return client.deleteSnapshots(ids, timeout);
    });
}

} // namespace

void addDelete(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<Arguments>(); // shared by the verb's callback
    CLI::App* const verb =
        app.add_subcommand("delete", "unmount snapshots and delete them from their servers");
    addNames(*verb, "ID|PATH", arguments->ids, kSnapshotHelp);
    addJobOptions(*verb, arguments->job);
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return deleteSnapshots(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
