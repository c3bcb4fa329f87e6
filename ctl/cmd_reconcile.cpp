// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"
#include "ctl/job_options.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fsrvp::ctl {
namespace {

struct Arguments {
    std::vector<std::string> servers;
    ReconcileOptions options;
    JobOptions job;
};

int reconcile(const OutputOptions& output, const Arguments& arguments) {
    ReconcileOptions options = arguments.options;
    options.timeout = arguments.job.span();
    return runReconcile(output, arguments.job.waiting(), [&](Client& client) {
        return client.reconcile(arguments.servers, options);
    });
}

} // namespace

void addReconcile(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<Arguments>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand(
        "reconcile", "compare the records with what servers really have, and mend the records");
    addNames(*verb, "SERVER", arguments->servers, "HOST or HOST:PORT; none: all on record")
        ->required(false);
    verb->add_flag("--forget-missing",
                   arguments->options.forgetMissing,
                   "take snapshots that are gone from their servers off the list");
    CLI::Option* const adopt =
        verb->add_option("--adopt",
                         arguments->options.adopt,
                         "record a snapshot that is on a server and on no list, by its share")
            ->type_name("//SERVER/SHARE");
    verb->add_option("--set", arguments->options.set, "the id of its shadow copy set")
        ->type_name("GUID")
        ->needs(adopt);
    addJobOptions(*verb, arguments->job);
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return reconcile(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
