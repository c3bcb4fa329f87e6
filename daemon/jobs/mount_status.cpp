// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/mount_status.hpp"

#include "daemon/base/text.hpp"

#include <algorithm>
#include <map>

namespace fsrvp::jobs {
namespace {

std::string normalized(std::string_view source) {
    std::string text = asciiLower(source);
    std::replace(text.begin(), text.end(), '\\', '/');
    while (text.ends_with('/')) {
        text.pop_back();
    }
    return text;
}

} // namespace

bool isOfSource(const mount::MountEntry& entry, std::string_view source) {
    const std::string whole = normalized(source);
    const std::string mounted = normalized(entry.source);
    return mounted == whole || mounted.starts_with(whole + "/");
}

bool isMounted(const MountRecord& mount, const mount::MountTable& table) {
    const mount::MountEntry* const entry = table.at(mount.path);
    return entry != nullptr && normalized(entry->source) == normalized(mount.what);
}

void tellMounts(std::vector<Snapshot>& snapshots,
                const std::vector<MountRecord>& mounts,
                const mount::MountTable& table) {
    std::multimap<std::int64_t, const MountRecord*> bySnapshot;
    for (const MountRecord& mount : mounts) {
        bySnapshot.emplace(mount.copy, &mount);
    }
    for (Snapshot& snapshot : snapshots) {
        const auto [first, last] = bySnapshot.equal_range(snapshot.id);
        for (auto place = first; place != last; ++place) {
            const MountRecord& mount = *place->second;
            (isMounted(mount, table) ? snapshot.mountPoints : snapshot.absentMountPoints)
                .push_back(mount.path);
        }
    }
}

} // namespace fsrvp::jobs
