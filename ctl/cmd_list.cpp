// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/client.hpp"
#include "ctl/commands.hpp"
#include "ctl/line_reader.hpp"
#include "ctl/paths.hpp"
#include "ctl/text.hpp"
#include "dbus/error_table.hpp"

#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::ctl {
namespace {

/// The error that a line {"error": {"name": …, "message": …}} tells; nothing for a snapshot's line,
/// which is not parsed.
std::optional<Error> errorOf(std::string_view line) {
    if (!line.starts_with("{\"error\"")) {
        return std::nullopt;
    }
    try {
        const auto error = nlohmann::json::parse(line).at("error");
        return errorFromBus(error.at("name").get<std::string>(),
                            error.at("message").get<std::string>());
    } catch (const nlohmann::json::exception&) {
        return Error(Errc::Protocol, "cannot read an error from fsrvpd: " + std::string(line));
    }
}

/// Calls fn for each snapshot's line. Gives what kept the list from being whole, so that what came
/// before is not lost.
std::optional<Error> receive(const Export& list, const std::function<void(std::string_view)>& fn) {
    std::optional<Error> failure;
    try {
        forEachLine(list.fd(), [&](std::string_view line) {
            if (failure) {
                return;
            }
            failure = errorOf(line);
            if (!failure) {
                fn(line);
            }
        });
        if (!failure) {
            list.checkComplete();
        }
    } catch (const Error& error) {
        failure = error;
    }
    return failure;
}

/// "/run/fsrvpd/mnt/7 +1": one place is enough to find it by, and `show` has them all.
std::string mountedText(const nlohmann::json& mountPoints) {
    if (mountPoints.empty()) {
        return "-";
    }
    const auto first = mountPoints.at(0).get<std::string>();
    return mountPoints.size() == 1 ? first : first + " +" + std::to_string(mountPoints.size() - 1);
}

/// One snapshot: its row, and a sentence on what is left of one that its server has lost.
struct Listed {
    Row row;
    std::string lost;
};

Listed readLine(std::string_view line) {
    try {
        const auto json = nlohmann::json::parse(line);
        const auto text = [&json](const char* key) { return json.at(key).get<std::string>(); };
        const auto& created = json.at("created");
        Listed listed;
        listed.row = {{std::to_string(json.at("id").get<std::int64_t>())},
                      {text("server")},
                      {text("share")},
                      {localTime(created.is_string() ? parseRfc3339(created.get<std::string>())
                                                     : std::nullopt)},
                      {text("state"), toneOf(text("state"))},
                      {text("exposed")},
                      {mountedText(json.at("mount_points"))}};
        if (!text("remains").empty()) {
            listed.lost = "snapshot " + json.at("id").dump() + ": left on " + text("server") +
                          ": " + text("remains");
        }
        return listed;
    } catch (const nlohmann::json::exception&) {
        throw Error(Errc::Protocol,
                    "cannot read a snapshot from fsrvpd: '" + std::string(line) + "'")
            .withHint("fsrvpd and fsrvpctl must be of the same version");
    }
}

int printJson(const Export& list) {
    SnapshotDocument document;
    const auto failure = receive(list, [&](std::string_view line) { document.add(line); });
    document.end(failure);
    return failure ? errorRow(failure->code()).exitCode : 0;
}

int printTable(const OutputOptions& output, const Export& list) {
    std::vector<Row> rows;
    std::vector<std::string> lost;
    const auto failure = receive(list, [&](std::string_view line) {
        Listed listed = readLine(line);
        rows.push_back(std::move(listed.row));
        if (!listed.lost.empty()) {
            lost.push_back(std::move(listed.lost));
        }
    });
    const bool isEmpty = rows.empty();
    if (!isEmpty) {
        print(renderTable({"ID", "SERVER", "SHARE", "CREATED", "STATE", "SNAPSHOT", "MOUNTED"},
                          std::move(rows),
                          colourFor(STDOUT_FILENO)));
        flush();
    }
    for (const std::string& sentence : lost) {
        note(output, sentence);
    }
    if (failure) {
        return reportError(output, *failure);
    }
    if (isEmpty) {
        note(output, "there are no snapshots");
    }
    return 0;
}

} // namespace

int listSnapshots(const OutputOptions& output, ListFilter filter) {
    if (filter.source) {
        filter.source = sourceFor(*filter.source);
    }
    Client client;
    const Export received = client.exportSnapshots(filter);
    return output.json ? printJson(received) : printTable(output, received);
}

void addList(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto arguments = std::make_shared<ListFilter>(); // shared by the verb's callback
    CLI::App* const verb = app.add_subcommand("list", "list snapshots");
    verb->add_option("SOURCE",
                     arguments->source,
                     "only of this share: a path on a mount of it, "
                     "//server/share or smb://server[:port]/share");
    verb->add_flag("--all", arguments->all, "also deleted and failed ones");
    verb->callback([&options, &action, arguments] {
        action = [&options, arguments] { return listSnapshots(options, *arguments); };
    });
}

} // namespace fsrvp::ctl
