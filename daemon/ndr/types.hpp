// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace fsrvp::ndr {

/// One field of a message: its name in the specification and where its value is.
template <class T> struct Field {
    const char* name;
    T& value;
};
template <class T> Field(const char*, T&) -> Field<T>;

/// BOOL: any value but 0 is true; the raw value is kept so that a stub encodes again as it was.
struct Bool32 {
    std::uint32_t raw = 0;

    explicit operator bool() const noexcept { return raw != 0; }

    bool operator==(const Bool32&) const = default;
};

/// A unique pointer. Its body stands behind the structure that it is in. Referent ids are never
/// compared with each other; 0 is NULL.
template <class T> struct Unique {
    std::uint32_t referent = 0;
    std::optional<T> value;

    Unique() = default;

    explicit Unique(T pointee) : referent(kFirstReferent), value(std::move(pointee)) {}

    bool operator==(const Unique&) const = default;

  private:
    static constexpr std::uint32_t kFirstReferent = 0x00020000;
};

using UniqueString = Unique<std::u16string>;

/// A message or structure, which declares its fields once, in wire order:
///     static void fields(auto& codec, auto& m) { codec(Field{"Context", m.context}); }
/// The encoder, the decoder and JSON each are a codec.
struct Declared {};

} // namespace fsrvp::ndr
