// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/commands.hpp"
#include "ctl/job_options.hpp"
#include "ctl/paths.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fsrvp::ctl {
namespace {

struct MountArguments {
    std::string id;
    std::optional<std::string> path;
    JobOptions job;
};

struct UnmountArguments {
    std::string id;
    bool lazy = false;
    JobOptions job;
};

int mount(const OutputOptions& output, const MountArguments& arguments) {
    const std::string id = snapshotFor(arguments.id);
    std::optional<std::string> destination;
    if (arguments.path) {
        destination = destinationFor(*arguments.path);
    }
    const auto timeout = arguments.job.span();
    return runJob(output, arguments.job.waiting(), [&](Client& client) {
        return client.mountSnapshot(id, destination, timeout);
    });
}

int unmount(const OutputOptions& output, const UnmountArguments& arguments) {
    const std::string id = snapshotFor(arguments.id);
    const auto timeout = arguments.job.span();
    return runJob(
        output,
        arguments.job.waiting(),
        [&](Client& client) { return client.unmountSnapshot(id, arguments.lazy, timeout); },
        sentenceAfterUnmount);
}

} // namespace

void addMount(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<MountArguments>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand("mount", "mount a snapshot, read-only");
    verb->add_option("ID", arguments->id, kSnapshotHelp)->required();
    verb->add_option("PATH",
                     arguments->path,
                     "an empty directory, or a name in a directory; without it fsrvpd chooses");
    addJobOptions(*verb, arguments->job);
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return mount(options, *arguments); };
    });
}

void addUnmount(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<UnmountArguments>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand("umount", "unmount a snapshot, and keep it");
    verb->add_option("ID|PATH",
                     arguments->id,
                     "PATH: this mount point; ID: all mount points of this snapshot")
        ->required();
    verb->add_flag(
        "-l,--lazy", arguments->lazy, "out of the tree at once, also while somebody uses it");
    addJobOptions(*verb, arguments->job);
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return unmount(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
