// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/snapshot.hpp"

#include <array>

namespace fsrvp {
namespace {

constexpr std::array<std::string_view, 5> kSetStates{
    "started", "committing", "exposed", "complete", "settled"};
constexpr std::array<std::string_view, 6> kCopyStates{
    "creating", "exposed", "deleting", "deleted", "failed", "lost-on-server"};

template <class State, std::size_t N>
std::optional<State> parse(const std::array<std::string_view, N>& names,
                           std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return static_cast<State>(i);
        }
    }
    return std::nullopt;
}

} // namespace

std::string_view setStateName(SetState state) noexcept {
    return kSetStates[static_cast<std::size_t>(state)];
}

std::optional<SetState> parseSetState(std::string_view name) noexcept {
    return parse<SetState>(kSetStates, name);
}

std::string_view copyStateName(CopyState state) noexcept {
    return kCopyStates[static_cast<std::size_t>(state)];
}

std::optional<CopyState> parseCopyState(std::string_view name) noexcept {
    return parse<CopyState>(kCopyStates, name);
}

} // namespace fsrvp
