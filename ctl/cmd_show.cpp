// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/client.hpp"
#include "ctl/commands.hpp"
#include "ctl/paths.hpp"
#include "ctl/text.hpp"
#include "daemon/model/snapshot_json.hpp"

#include <memory>
#include <string>
#include <vector>

namespace fsrvp::ctl {
namespace {

using Json = nlohmann::ordered_json;

std::string join(const Json& container) {
    std::string text;
    for (const auto& [key, value] : container.items()) {
        text += text.empty() ? "" : ", ";
        text += container.is_object() ? key + "=" : "";
        text += value.is_string() ? value.get<std::string>() : dump(value);
    }
    return text;
}

/// A value of the JSON form, for people.
std::string valueText(const Json& value) {
    if (value.is_null()) {
        return "";
    }
    if (value.is_boolean()) {
        return value.get<bool>() ? "yes" : "no";
    }
    if (value.is_structured()) {
        return join(value);
    }
    return value.is_string() ? value.get<std::string>() : dump(value);
}

/// All of them in one line, so that one who looks for a path finds what it is.
std::string mountPointsText(const Snapshot& snapshot) {
    std::string text;
    const auto add = [&text](const std::string& path, const char* remark) {
        text += (text.empty() ? "" : ", ") + printable(path) + remark;
    };
    for (const std::string& path : snapshot.mountPoints) {
        add(path, "");
    }
    for (const std::string& path : snapshot.absentMountPoints) {
        add(path, " (not mounted)");
    }
    return text;
}

std::string describe(const Snapshot& snapshot) {
    const Json json = snapshotToJson(snapshot); // items() only borrows it
    std::string text;
    for (const auto& [key, value] : json.items()) {
        if (key == "absent_mount_points") {
            continue; // with the others
        }
        std::string line = key + ": ";
        if (key == "mount_points") {
            line += mountPointsText(snapshot);
        } else if (key == "created") {
            line += localTime(snapshot.created);
        } else if (key == "completed") {
            line += localTime(snapshot.completed);
        } else {
            line += printable(valueText(value));
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

int show(const OutputOptions& output, const std::vector<std::string>& ids) {
    Client client;
    std::vector<Snapshot> snapshots;
    snapshots.reserve(ids.size());
    for (const std::string& id : ids) {
        snapshots.push_back(client.getSnapshot(snapshotFor(id)));
    }
    if (output.json) {
        return reportSnapshots(output, snapshots, std::nullopt);
    }
    const char* separator = "";
    for (const Snapshot& snapshot : snapshots) {
        print(separator + describe(snapshot));
        separator = "\n";
    }
    return 0;
}

} // namespace

void addShow(CLI::App& app, const OutputOptions& options, Action& action) {
    const auto ids = std::make_shared<std::vector<std::string>>(); // by the verb's callback
    CLI::App* const verb = app.add_subcommand("show", "show all that is known of snapshots");
    addNames(*verb, "ID|PATH", *ids, kSnapshotHelp);
    verb->callback(
        [&options, &action, ids] { action = [&options, ids] { return show(options, *ids); }; });
}

} // namespace fsrvp::ctl
