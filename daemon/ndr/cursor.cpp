// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/ndr/cursor.hpp"

#include "daemon/base/error.hpp"

#include <cstring>

namespace fsrvp::ndr {
namespace {

template <class Integer> Integer littleEndian(std::span<const std::byte> in) {
    Integer value = 0;
    for (std::size_t i = in.size(); i > 0; --i) {
        value = static_cast<Integer>(value << 8U) | std::to_integer<Integer>(in[i - 1]);
    }
    return value;
}

template <class Integer> void appendLittleEndian(std::vector<std::byte>& out, Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        out.push_back(static_cast<std::byte>((value >> (8U * i)) & 0xffU));
    }
}

} // namespace

void Reader::fail(std::string_view why) const {
    throw Error(Errc::Protocol,
                "malformed stub at byte " + std::to_string(at_) + " of " +
                    std::to_string(stub_.size()) + ": " + std::string(why));
}

std::span<const std::byte> Reader::take(std::size_t count) {
    if (count > stub_.size() - at_) {
        fail("cut short");
    }
    const auto taken = stub_.subspan(at_, count);
    at_ += count;
    return taken;
}

void Reader::align(std::size_t boundary) {
    take((boundary - at_ % boundary) % boundary);
}

std::uint32_t Reader::u32() {
    align(4);
    return littleEndian<std::uint32_t>(take(4));
}

std::uint64_t Reader::u64() {
    align(8);
    return littleEndian<std::uint64_t>(take(8));
}

void Reader::bytes(std::span<std::uint8_t> out) {
    std::memcpy(out.data(), take(out.size()).data(), out.size());
}

std::u16string Reader::string() {
    const std::uint32_t maxCount = u32();
    const std::uint32_t offset = u32();
    const std::uint32_t actualCount = u32();
    if (offset != 0) {
        fail("a string's offset is not 0");
    }
    if (actualCount > maxCount) {
        fail("a string's actual count exceeds its maximum count");
    }
    if (actualCount == 0 || actualCount > kMaxStringUnits) {
        fail("a string's length is 0 or beyond every share name's");
    }
    const auto units = take(std::size_t{actualCount} * 2);
    std::u16string text(actualCount, u'\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char16_t>(littleEndian<std::uint16_t>(units.subspan(2 * i, 2)));
    }
    if (text.back() != u'\0') {
        fail("a string does not end in NUL");
    }
    text.pop_back();
    return text;
}

void Reader::expectEnd() const {
    if (at_ != stub_.size()) {
        fail("bytes are left over");
    }
}

void Writer::align(std::size_t boundary) {
    stub_.resize((stub_.size() + boundary - 1) / boundary * boundary);
}

void Writer::u32(std::uint32_t value) {
    align(4);
    appendLittleEndian(stub_, value);
}

void Writer::u64(std::uint64_t value) {
    align(8);
    appendLittleEndian(stub_, value);
}

void Writer::bytes(std::span<const std::uint8_t> in) {
    for (const std::uint8_t byte : in) {
        stub_.push_back(static_cast<std::byte>(byte));
    }
}

void Writer::string(std::u16string_view text) {
    const auto units = static_cast<std::uint32_t>(text.size() + 1);
    u32(units);
    u32(0);
    u32(units);
    for (const char16_t unit : text) {
        appendLittleEndian(stub_, static_cast<std::uint16_t>(unit));
    }
    appendLittleEndian(stub_, std::uint16_t{0});
}

} // namespace fsrvp::ndr
