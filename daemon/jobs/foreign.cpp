// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/foreign.hpp"

#include "daemon/model/exposed_name.hpp"

#include <optional>
#include <set>

namespace fsrvp::jobs {

std::string shareOf(const Guid& copy, const ListedShares& listed) {
    for (const auto& [lower, share] : listed) {
        const std::optional<ExposedName> name = parseExposedName(share);
        if (name && name->copy == copy) {
            return share;
        }
    }
    return {};
}

std::vector<Finding>
foreignShares(db::Store& store, const ServerId& server, const ListedShares& listed) {
    std::set<Guid> ours; // without it, a query for each of thousands
    for (const Snapshot& copy : store.listOnServer(server)) {
        ours.insert(copy.snapshotId);
    }
    std::vector<Finding> found;
    for (const auto& [lower, share] : listed) {
        const std::optional<ExposedName> name = parseExposedName(share);
        if (!name || ours.contains(name->copy)) {
            continue;
        }
        // A server may be on record by another name too; and history may know the set.
        const std::vector<Snapshot> known = store.findByGuidPrefix(name->copy.text());
        const bool isHistory = !known.empty() && (known.front().state == CopyState::Deleted ||
                                                  known.front().state == CopyState::Failed);
        if (!known.empty() && !isHistory) {
            continue;
        }
        Finding& finding = found.emplace_back();
        finding.server = server.text();
        finding.share = share;
        finding.status = FindingStatus::Foreign;
        finding.hint = "to record it: fsrvpctl reconcile --adopt " +
                       shellWord("//" + server.host + "/" + share) +
                       (isHistory ? "" : " --set GUID, the set's id, from the client that made it");
    }
    return found;
}

} // namespace fsrvp::jobs
