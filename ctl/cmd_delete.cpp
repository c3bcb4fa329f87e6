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
    std::vector<std::string> ids;
    std::optional<std::string> timeout;
    bool noBlock = false;
};

int deleteSnapshots(const OutputOptions& output, const Arguments& arguments) {
    std::optional<std::chrono::seconds> timeout;
    if (arguments.timeout) {
        timeout = parseSpan(*arguments.timeout);
    }
    return runJob(output, arguments.noBlock ? Waiting::No : Waiting::ForEnd, [&](Client& client) {
        return client.deleteSnapshots(arguments.ids, timeout);
    });
}

} // namespace

void addDelete(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<Arguments>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand("delete", "delete snapshots from their servers");
    verb->add_option("ID", arguments->ids, "number, GUID, or the beginning of a GUID")->required();
    verb->add_option("--timeout", arguments->timeout, "give up after this time: 90, 5min, 1h")
        ->type_name("SPAN");
    verb->add_flag("--no-block", arguments->noBlock, "print the job's number and do not wait");
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return deleteSnapshots(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
