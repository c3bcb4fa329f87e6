// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"
#include "ctl/job_options.hpp"
#include "ctl/paths.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::ctl {
namespace {

struct Arguments {
    std::vector<std::string> names; ///< sources, and a destination perhaps
    std::optional<std::string> context;
    std::string description;
    std::vector<std::string> labels;
    bool writable = false;
    bool noMount = false;
    bool shareRoot = false;
    std::optional<std::string> credential;
    JobOptions job;
};

constexpr const char* kNamesHelp =
    "a path on a mounted share, //server/share or smb://server[:port]/share\n"
    "one SOURCE may be followed by DEST, where to mount the snapshot: an empty\n"
    "directory, or a new name in a directory; without it fsrvpd chooses";

std::map<std::string, std::string> parseLabels(const std::vector<std::string>& texts) {
    std::map<std::string, std::string> labels;
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw Error(Errc::InvalidArgument, "'" + text + "' is no label")
                .withHint("write it as key=value");
        }
        if (!labels.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
            throw Error(Errc::InvalidArgument,
                        "label '" + text.substr(0, equals) + "' is given twice");
        }
    }
    return labels;
}

/// Takes the destination, if there is one, from the end of the names.
std::optional<std::string> takeDestination(std::vector<std::string>& names, bool noMount) {
    if (names.size() < 2 || !isDestination(names.back())) {
        return std::nullopt;
    }
    const std::string name = names.back();
    names.pop_back();
    if (noMount) {
        throw Error(Errc::InvalidArgument,
                    "'" + name + "' is where to mount the snapshot, and --no-mount says not to")
            .withHint("leave one of them out; a source has to be there");
    }
    if (names.size() > 1) {
        throw Error(Errc::InvalidArgument,
                    "'" + name + "' is where to mount a snapshot, and there are " +
                        std::to_string(names.size()) + " to be taken")
            .withHint("give one source with a mount point; a source has to be there");
    }
    return destinationFor(name);
}

int create(const OutputOptions& output, const Arguments& arguments) {
    CreateOptions options;
    std::vector<std::string> names = arguments.names;
    options.mount = !arguments.noMount;
    options.shareRoot = arguments.shareRoot;
    options.destination = takeDestination(names, arguments.noMount);
    options.context = arguments.context;
    options.writable = arguments.writable;
    options.description = arguments.description;
    options.labels = parseLabels(arguments.labels);
    options.credential = arguments.credential;
    options.timeout = arguments.job.span();
    std::vector<std::string> sources;
    std::transform(names.begin(), names.end(), std::back_inserter(sources), sourceFor);
    return runJob(output, arguments.job.waiting(), [&](Client& client) {
        return client.createSnapshots(sources, options);
    });
}

} // namespace

void addCreate(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<Arguments>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand("create", "take snapshots of shares and mount them");
    addNames(*verb, "SOURCE", arguments->names, kNamesHelp);
    verb->add_flag("--no-mount", arguments->noMount, "do not mount the snapshots");
    verb->add_flag("--share-root",
                   arguments->shareRoot,
                   "mount the whole share, also for a source that is a directory in it");
    verb->add_option("--context",
                     arguments->context,
                     "nas-rollback (the default), app-rollback, "
                     "file-share-backup or backup")
        ->type_name("NAME");
    verb->add_flag("--rw", arguments->writable, "expose read-write until the set is complete");
    verb->add_option("-d,--description", arguments->description, "say what it is for")
        ->type_name("TEXT");
    verb->add_option("-l,--label", arguments->labels, "label it; may be given again")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    verb->add_option("--credential", arguments->credential, kCredentialHelp)->type_name("NAME");
    addJobOptions(*verb, arguments->job);
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return create(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
