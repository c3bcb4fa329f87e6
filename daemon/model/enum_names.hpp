// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace fsrvp {

/// The enumerator whose name stands at its place in `names`.
template <class Enum, std::size_t N>
std::optional<Enum> enumFromName(const std::array<std::string_view, N>& names,
                                 std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) {
            return static_cast<Enum>(i);
        }
    }
    return std::nullopt;
}

} // namespace fsrvp
