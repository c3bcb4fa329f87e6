// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/snapshot.hpp"

#include "daemon/model/enum_names.hpp"

namespace fsrvp {
namespace {

constexpr std::array<std::string_view, 5> kSetStates{
    "started", "committing", "exposed", "complete", "settled"};
constexpr std::array<std::string_view, 6> kCopyStates{
    "creating", "exposed", "deleting", "deleted", "failed", "lost-on-server"};

} // namespace

std::string_view setStateName(SetState state) noexcept {
    return kSetStates[static_cast<std::size_t>(state)];
}

std::optional<SetState> parseSetState(std::string_view name) noexcept {
    return enumFromName<SetState>(kSetStates, name);
}

std::string_view copyStateName(CopyState state) noexcept {
    return kCopyStates[static_cast<std::size_t>(state)];
}

std::optional<CopyState> parseCopyState(std::string_view name) noexcept {
    return enumFromName<CopyState>(kCopyStates, name);
}

} // namespace fsrvp
