// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"
#include "ctl/job_wait.hpp"
#include "ctl/span.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::ctl {
namespace {

struct Arguments {
    std::vector<std::string> sources;
    std::optional<std::string> context;
    std::string description;
    std::vector<std::string> labels;
    std::optional<std::string> timeout;
    bool writable = false;
    bool noMount = false;
    bool noBlock = false;
};

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

int create(const OutputOptions& output, const Arguments& arguments) {
    CreateOptions options;
    options.context = arguments.context;
    options.writable = arguments.writable;
    options.description = arguments.description;
    options.labels = parseLabels(arguments.labels);
    if (arguments.timeout) {
        options.timeout = parseSpan(*arguments.timeout);
    }
    if (!arguments.noMount) {
        note(output, "this version mounts no snapshots: it goes on as with --no-mount");
    }
    return runJob(output, arguments.noBlock ? Waiting::No : Waiting::ForEnd, [&](Client& client) {
        return client.createSnapshots(arguments.sources, options);
    });
}

} // namespace

void addCreate(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<Arguments>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand("create", "take snapshots of shares");
    verb->add_option("SOURCE", arguments->sources, "a share, //server/share")->required();
    verb->add_flag("--no-mount", arguments->noMount, "do not mount the snapshots");
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
    verb->add_option("--timeout", arguments->timeout, "give up after this time: 90, 5min, 1h")
        ->type_name("SPAN");
    verb->add_flag("--no-block", arguments->noBlock, "print the job's number and do not wait");
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return create(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
