// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::ndr {

/// The longest [string] that is read, in UTF-16 units with the NUL; far above any share name.
inline constexpr std::uint32_t kMaxStringUnits = 32 * 1024;

/// Reads one stub (NDR 2.0, little endian). Alignment counts from the stub's start. Every length
/// is compared with what remains before anything is allocated.
/// All members throw Error(Protocol), with the offset, when the stub is not what they read.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> stub) noexcept : stub_(stub) {}

    std::uint32_t u32();                     ///< align 4
    std::uint64_t u64();                     ///< align 8 (hyper, LONGLONG)
    void bytes(std::span<std::uint8_t> out); ///< no alignment
    void align(std::size_t boundary);
    /// [string] wchar_t*: max_count, offset (0), actual_count, units with the final NUL, which is
    /// demanded and not returned (C706 14.3.4.2).
    std::u16string string();
    /// Refuses bytes left over.
    void expectEnd() const;

  private:
    std::span<const std::byte> take(std::size_t count);
    [[noreturn]] void fail(std::string_view why) const;

    std::span<const std::byte> stub_;
    std::size_t at_ = 0;
};

/// Writes one stub. Pad bytes are zero.
class Writer {
  public:
    void u32(std::uint32_t value);
    void u64(std::uint64_t value);
    void bytes(std::span<const std::uint8_t> in);
    void align(std::size_t boundary);
    /// max_count equals actual_count: the units and their NUL.
    void string(std::u16string_view text);

    std::vector<std::byte> take() && { return std::move(stub_); }

  private:
    std::vector<std::byte> stub_;
};

} // namespace fsrvp::ndr
