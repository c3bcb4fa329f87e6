// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace fsrvp {

/// A GUID in wire order: the 16 bytes as NDR sends them, so the first three fields of the text
/// form are little endian ("00112233-4455-…" is 33 22 11 00 55 44 …; MS-DTYP 2.3.4).
struct Guid {
    std::array<std::uint8_t, 16> bytes{};

    /// A random (version 4) GUID; never nil.
    static Guid random();
    /// Reads "00112233-4455-6677-8899-aabbccddeeff", braces and upper case allowed.
    /// @throws Error(InvalidArgument)
    static Guid parse(std::string_view text);

    bool isNil() const noexcept { return *this == Guid{}; }

    /// 36 characters, lower case, no braces.
    std::string text() const;

    auto operator<=>(const Guid&) const = default;
};

} // namespace fsrvp
