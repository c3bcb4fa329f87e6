// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"
#include "ctl/job_options.hpp"
#include "ctl/paths.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fsrvp::ctl {
namespace {

struct Arguments {
    std::string source;
    std::optional<std::string> credential;
    JobOptions job;
};

int check(const OutputOptions& output, const Arguments& arguments) {
    const std::string source = sourceFor(arguments.source);
    const auto timeout = arguments.job.span();
    return runCheck(output, arguments.job.waiting(), [&](Client& client) {
        return client.checkSource(source, arguments.credential, timeout);
    });
}

} // namespace

void addCheck(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<Arguments>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand(
        "check", "look whether a share can have snapshots, and what is in the way");
    verb->add_option("SOURCE", arguments->source, kSourceHelp)->required();
    verb->add_option("--credential", arguments->credential, kCredentialHelp)->type_name("NAME");
    addJobOptions(*verb, arguments->job);
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return check(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
