// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/utf16.hpp"

#include "daemon/base/error.hpp"

#include <array>

namespace fsrvp {
namespace {

constexpr char32_t kSmallestOfLength[] = {0, 0, 0x80, 0x800, 0x10000};

bool isSurrogate(char32_t c) {
    return c >= 0xd800 && c <= 0xdfff;
}

unsigned sequenceLength(unsigned char lead) {
    if (lead < 0x80) {
        return 1;
    }
    if ((lead & 0xe0U) == 0xc0) {
        return 2;
    }
    if ((lead & 0xf0U) == 0xe0) {
        return 3;
    }
    if ((lead & 0xf8U) == 0xf0) {
        return 4;
    }
    return 0;
}

/// Decodes one character at `at` and moves it on.
char32_t nextCodePoint(std::string_view utf8, std::size_t& at) {
    constexpr std::array<unsigned char, 5> leadMask{0, 0x7f, 0x1f, 0x0f, 0x07};
    const auto lead = static_cast<unsigned char>(utf8[at]);
    const unsigned length = sequenceLength(lead);
    const auto bad = [at] {
        return Error(Errc::InvalidArgument,
                     "text is not valid UTF-8 at byte " + std::to_string(at));
    };
    if (length == 0 || length > utf8.size() - at) {
        throw bad();
    }
    char32_t c = lead & leadMask[length];
    for (unsigned i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(utf8[at + i]);
        if ((next & 0xc0U) != 0x80) {
            throw bad();
        }
        c = (c << 6U) | (next & 0x3fU);
    }
    if (c < kSmallestOfLength[length] || c > 0x10ffff || isSurrogate(c)) {
        throw bad();
    }
    at += length;
    return c;
}

void appendUtf8(std::string& out, char32_t c) {
    const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | (c >> 6U));
        put(0x80 | (c & 0x3fU));
    } else if (c < 0x10000) {
        put(0xe0 | (c >> 12U));
        put(0x80 | ((c >> 6U) & 0x3fU));
        put(0x80 | (c & 0x3fU));
    } else {
        put(0xf0 | (c >> 18U));
        put(0x80 | ((c >> 12U) & 0x3fU));
        put(0x80 | ((c >> 6U) & 0x3fU));
        put(0x80 | (c & 0x3fU));
    }
}

} // namespace

std::u16string toUtf16(std::string_view utf8) {
    std::u16string out;
    out.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) {
        const char32_t c = nextCodePoint(utf8, at);
        if (c < 0x10000) {
            out += static_cast<char16_t>(c);
        } else {
            out += static_cast<char16_t>(0xd800 + ((c - 0x10000) >> 10U));
            out += static_cast<char16_t>(0xdc00 + ((c - 0x10000) & 0x3ffU));
        }
    }
    return out;
}

std::string toUtf8(std::u16string_view utf16) {
    std::string out;
    out.reserve(utf16.size());
    for (std::size_t i = 0; i < utf16.size(); ++i) {
        char32_t c = utf16[i];
        if (isSurrogate(c)) {
            const bool paired = c < 0xdc00 && i + 1 < utf16.size() && utf16[i + 1] >= 0xdc00 &&
                                utf16[i + 1] <= 0xdfff;
            if (!paired) {
                throw Error(Errc::Protocol,
                            "text has a lone UTF-16 surrogate at unit " + std::to_string(i));
            }
            ++i;
            c = 0x10000 + ((c - 0xd800) << 10U) + (utf16[i] - 0xdc00U);
        }
        appendUtf8(out, c);
    }
    return out;
}

} // namespace fsrvp
