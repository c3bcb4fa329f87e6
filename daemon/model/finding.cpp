// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/finding.hpp"

#include "daemon/model/enum_names.hpp"

namespace fsrvp {
namespace {

constexpr std::array<std::string_view, 9> kNames{"ok",
                                                 "repaired",
                                                 "adopted",
                                                 "deleted",
                                                 "forgotten",
                                                 "missing",
                                                 "unshared",
                                                 "lost-on-server",
                                                 "foreign"};

} // namespace

std::string_view findingStatusName(FindingStatus status) noexcept {
    return kNames[static_cast<std::size_t>(status)];
}

std::optional<FindingStatus> parseFindingStatus(std::string_view name) noexcept {
    return enumFromName<FindingStatus>(kNames, name);
}

bool isTrouble(FindingStatus status) noexcept {
    return status == FindingStatus::Missing || status == FindingStatus::Unshared ||
           status == FindingStatus::LostOnServer;
}

} // namespace fsrvp
