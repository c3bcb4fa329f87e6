// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/guid.hpp"

#include "daemon/base/error.hpp"

#include <sys/random.h>

#include <optional>

namespace fsrvp {
namespace {

// Position in the text's hexadecimal digits of each byte on the wire.
constexpr std::array<std::size_t, 16> kTextOrder{
    3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr std::string_view kPattern = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

std::optional<unsigned> digitValue(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10;
    }
    return std::nullopt;
}

} // namespace

Guid Guid::random() {
    Guid guid;
    if (getrandom(guid.bytes.data(), guid.bytes.size(), 0) != 16) {
        throw Error(Errc::Failed, "cannot get random bytes from the kernel");
    }
    guid.bytes[7] = static_cast<std::uint8_t>((guid.bytes[7] & 0x0fU) | 0x40U);
    guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3fU) | 0x80U);
    return guid;
}

Guid Guid::parse(std::string_view text) {
    std::string message = "'";
    message += text;
    message += "' is not a GUID; one looks like 01234567-89ab-cdef-0123-456789abcdef";
    const Error malformed(Errc::InvalidArgument, message);
    std::string_view inner = text;
    if (inner.size() == kPattern.size() + 2 && inner.front() == '{' && inner.back() == '}') {
        inner = inner.substr(1, kPattern.size());
    }
    if (inner.size() != kPattern.size()) {
        throw malformed;
    }
    std::array<std::uint8_t, 16> inTextOrder{};
    std::size_t digits = 0;
    for (std::size_t i = 0; i < kPattern.size(); ++i) {
        if (kPattern[i] == '-') {
            if (inner[i] != '-') {
                throw malformed;
            }
            continue;
        }
        const std::optional<unsigned> value = digitValue(inner[i]);
        if (!value) {
            throw malformed;
        }
        auto& byte = inTextOrder[digits / 2];
        byte = static_cast<std::uint8_t>((static_cast<unsigned>(byte) << 4U) | *value);
        ++digits;
    }
    Guid guid;
    for (std::size_t i = 0; i < guid.bytes.size(); ++i) {
        guid.bytes[i] = inTextOrder[kTextOrder[i]];
    }
    return guid;
}

std::string Guid::text() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(kPattern.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out += '-';
        }
        const std::uint8_t byte = bytes[kTextOrder[i]];
        out += digits[byte >> 4U];
        out += digits[byte & 0x0fU];
    }
    return out;
}

} // namespace fsrvp
