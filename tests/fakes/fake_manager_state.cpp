// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fake_manager_state.hpp"

#include "dbus/error_table.hpp"

namespace fsrvp::test::fake {
namespace {

std::uint64_t micros(TimeUs time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

} // namespace

Dict toBus(const Snapshot& s) {
    Dict dict{{"id", static_cast<std::uint64_t>(s.id)},
              {"snapshot_id", s.snapshotId.text()},
              {"set_id", s.setId.text()},
              {"server", s.server.text()},
              {"share", s.source.share},
              {"source", s.source.text()},
              {"exposed", s.exposed},
              {"context", std::string(contextName(s.context))},
              {"writable", s.writable},
              {"state", std::string(copyStateName(s.state))},
              {"owner_uid", s.ownerUid},
              {"description", s.description},
              {"labels", s.labels}};
    if (s.created) {
        dict["created"] = micros(*s.created);
    }
    if (s.completed) {
        dict["completed"] = micros(*s.completed);
    }
    if (s.policy) {
        dict["policy"] = *s.policy;
    }
    if (!s.remains.empty()) {
        dict["remains"] = s.remains;
    }
    dict["mount_points"] = s.mountPoints;
    dict["absent_mount_points"] = s.absentMountPoints;
    return dict;
}

Dict toBus(const CheckLine& line) {
    Dict dict{{"name", line.name}, {"verdict", line.verdict}, {"text", line.text}};
    if (!line.cure.empty()) {
        dict["cure"] = line.cure;
        dict["machine"] = line.machine;
    }
    return dict;
}

sdbus::Error busError(const fsrvp::Error& error) {
    return sdbus::Error(errorBusName(error.code()), errorToBusMessage(error));
}

void checkKeys(const Dict& options, const std::set<std::string>& known) {
    for (const auto& [key, value] : options) {
        if (!known.contains(key)) {
            throw fsrvp::Error(Errc::InvalidArgument, "unknown option '" + key + "'");
        }
    }
}

} // namespace fsrvp::test::fake
