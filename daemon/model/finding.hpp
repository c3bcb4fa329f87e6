// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fsrvp {

/// What reconcile found of a snapshot, or of a share that looks like one.
enum class FindingStatus {
    Ok,           ///< as recorded
    Repaired,     ///< the record was not what the server has; now it is
    Adopted,      ///< there was no record; now there is
    Deleted,      ///< a delete that had begun is finished
    Forgotten,    ///< gone from the server, and now from the list
    Missing,      ///< gone from the server: neither its share nor its set is there
    Unshared,     ///< the server has the snapshot, but its share was removed
    LostOnServer, ///< something of it is there that FSRVP can't reach any more
    Foreign,      ///< on the server, and no record of ours
};
std::string_view findingStatusName(FindingStatus status) noexcept;
std::optional<FindingStatus> parseFindingStatus(std::string_view name) noexcept;
/// Whether a person has to do something about it.
bool isTrouble(FindingStatus status) noexcept;

/// One row of what reconcile found.
struct Finding {
    std::string server;  ///< ServerId::text()
    std::int64_t id = 0; ///< the snapshot's number; 0: none of ours
    std::string share;   ///< its exposed share
    FindingStatus status = FindingStatus::Ok;
    std::string hint; ///< what to do, or what was done; may be empty

    bool operator==(const Finding&) const = default;
};

} // namespace fsrvp
