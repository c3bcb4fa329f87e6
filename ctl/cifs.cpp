// SPDX-License-Identifier: GPL-3.0-or-later
// `cifs filesystem snapshot …`: the same program under the name that its users know from elsewhere.
// Its names are paths, always: `delete 7` is of the mount point ./7 that `create SRC 7` made, and
// never of the snapshot that happens to have the number 7.
#include "ctl/commands.hpp"
#include "ctl/job_wait.hpp"
#include "ctl/paths.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::ctl {
namespace {

struct CreateArguments {
    std::string source;
    std::string destination;
};

int create(const OutputOptions& output, const CreateArguments& arguments) {
    CreateOptions options;
    const std::string source = sourceFor(arguments.source);
    options.destination = destinationFor(arguments.destination);
    return runJob(output, Waiting::ForEnd, [&](Client& client) {
        return client.createSnapshots({source}, options);
    });
}

int deleteSnapshots(const OutputOptions& output, const std::vector<std::string>& paths) {
    std::vector<std::string> mountPoints;
    std::transform(paths.begin(), paths.end(), std::back_inserter(mountPoints), mountPointFor);
    return runJob(output, Waiting::ForEnd, [&](Client& client) {
        return client.deleteSnapshots(mountPoints, std::nullopt);
    });
}

void addCreateVerb(CLI::App& noun, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<CreateArguments>(); // shared by the verb's callback
    CLI::App* const verb = noun.add_subcommand("create", "take a snapshot of SRC, mount it at DST");
    verb->footer("");
    verb->add_option("SRC", arguments->source, kSourceHelp)->required();
    verb->add_option("DST",
                     arguments->destination,
                     "where to mount it: an empty directory, or a name in a directory")
        ->required();
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return create(options, *arguments); };
    });
}

void addDeleteVerb(CLI::App& noun, const OutputOptions& options, Action& action) {
    const auto paths = std::make_shared<std::vector<std::string>>(); // by the verb's callback
    CLI::App* const verb =
        noun.add_subcommand("delete", "unmount snapshots and delete them from their servers");
    verb->footer("");
    addNames(*verb, "DST", *paths, "where they are mounted");
    verb->callback([&options, &action, paths] {
        action = [&options, paths] { return deleteSnapshots(options, *paths); };
    });
}

void addListVerb(CLI::App& noun, const OutputOptions& options, Action& action) {
    const auto source = std::make_shared<std::optional<std::string>>(); // by the verb's callback
    CLI::App* const verb = noun.add_subcommand("list", "list snapshots");
    verb->footer("");
    verb->add_option("SRC", *source, "only of this share");
    verb->callback([&options, &action, source] {
        action = [&options, source] { return listSnapshots(options, {*source, false}); };
    });
}

// On each level of the help, so that nobody has to walk down to learn that there are three verbs.
constexpr const char* kVerbsHelp =
    "Usage in full:\n"
    "  cifs filesystem snapshot create SRC DST   take a snapshot of SRC, mount it at DST\n"
    "  cifs filesystem snapshot delete DST...    unmount it, delete it from its server\n"
    "  cifs filesystem snapshot list [SRC]       list snapshots, all or of one share";

} // namespace

void addCifsFilesystem(CLI::App& app, const OutputOptions& options, Action& action) {
    app.footer(kVerbsHelp);
    CLI::App* const filesystem =
        app.add_subcommand("filesystem", "what can be done with mounted shares");
    filesystem->require_subcommand(1);
    filesystem->footer(kVerbsHelp);
    CLI::App* const noun =
        filesystem->add_subcommand("snapshot", "create, delete and list snapshots of shares");
    noun->require_subcommand(1);
    noun->footer(kVerbsHelp);
    addCreateVerb(*noun, options, action);
    addDeleteVerb(*noun, options, action);
    addListVerb(*noun, options, action);
}

} // namespace fsrvp::ctl
