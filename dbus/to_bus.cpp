// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/to_bus.hpp"

#include "dbus/error_table.hpp"

namespace fsrvp {

std::uint64_t toBus(TimeUs time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Variants toBus(const Snapshot& s) {
    Variants v;
    v["id"] = static_cast<std::uint64_t>(s.id);
    v["snapshot_id"] = s.snapshotId.text();
    v["set_id"] = s.setId.text();
    v["server"] = s.server.text();
    v["share"] = s.source.share;
    v["source"] = s.source.text();
    v["exposed"] = s.exposed;
    if (s.created) {
        v["created"] = toBus(*s.created);
    }
    if (s.completed) {
        v["completed"] = toBus(*s.completed);
    }
    v["context"] = std::string(contextName(s.context));
    v["writable"] = s.writable;
    v["state"] = std::string(copyStateName(s.state));
    if (!s.remains.empty()) {
        v["remains"] = s.remains;
    }
    v["owner_uid"] = s.ownerUid;
    v["description"] = s.description;
    v["labels"] = s.labels;
    if (s.policy) {
        v["policy"] = *s.policy;
    }
    v["mount_points"] = s.mountPoints;
    v["absent_mount_points"] = s.absentMountPoints;
    return v;
}

Variants toBus(const CheckLine& line) {
    Variants v;
    v["name"] = line.name;
    v["verdict"] = line.verdict;
    v["text"] = line.text;
    if (!line.cure.empty()) {
        v["cure"] = line.cure;
        v["machine"] = line.machine;
    }
    return v;
}

BusFinding toBus(const Finding& finding) {
    return {finding.server,
            static_cast<std::uint64_t>(finding.id),
            finding.share,
            std::string(findingStatusName(finding.status)),
            finding.hint};
}

Variants toBus(const JobRecord& job) {
    Variants v;
    v["id"] = static_cast<std::uint64_t>(job.id);
    v["operation"] = job.operation;
    v["state"] = std::string(jobStateName(job.state));
    v["subjects"] = job.subjects;
    v["started_by_uid"] = job.ownerUid;
    v["start"] = toBus(job.accepted);
    if (job.ended) {
        v["end"] = toBus(*job.ended);
    }
    if (const auto code = errcFromName(job.errorName)) {
        v["error"] = errorBusName(*code);
        v["message"] = job.errorMessage;
    }
    return v;
}

} // namespace fsrvp
