// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/snapshot_json.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace fsrvp {

std::string rfc3339(TimeUs time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const std::time_t whole = std::chrono::system_clock::to_time_t(seconds);
    std::tm utc{};
    gmtime_r(&whole, &utc);
    std::array<char, 40> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    const auto micros = static_cast<int>((time - seconds).count());
    std::snprintf(text.data() + length, text.size() - length, ".%06dZ", micros);
    return text.data();
}

nlohmann::ordered_json snapshotToJson(const Snapshot& s) {
    const auto time = [](const std::optional<TimeUs>& t) -> nlohmann::ordered_json {
        return t ? nlohmann::ordered_json(rfc3339(*t)) : nlohmann::ordered_json(nullptr);
    };
    nlohmann::ordered_json json;
    json["id"] = s.id;
    json["snapshot_id"] = s.snapshotId.text();
    json["set_id"] = s.setId.text();
    json["server"] = s.server.text();
    json["share"] = s.source.share;
    json["exposed"] = s.exposed;
    json["created"] = time(s.created);
    json["completed"] = time(s.completed);
    json["context"] = contextName(s.context);
    json["writable"] = s.writable;
    json["state"] = copyStateName(s.state);
    json["remains"] = s.remains;
    json["owner_uid"] = s.ownerUid;
    json["description"] = s.description;
    json["labels"] = s.labels;
    json["policy"] = s.policy ? nlohmann::ordered_json(*s.policy) : nlohmann::ordered_json(nullptr);
    // Protection and holds come with their own features; the schema has them from the start so
    // that a reader of schema 1 finds every key.
    json["protected"] = false;
    json["holds"] = 0;
    json["mount_points"] = s.mountPoints;
    json["absent_mount_points"] = s.absentMountPoints;
    return json;
}

} // namespace fsrvp
