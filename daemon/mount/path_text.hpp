// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/utf16.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::mount {

inline bool isControl(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

inline bool hasControl(std::string_view text) {
    return std::any_of(text.begin(), text.end(), isControl);
}

inline bool isUtf8(std::string_view text) {
    try {
        toUtf16(text);
        return true;
    } catch (const Error&) {
        return false;
    }
}

/// A text of others for a message, which goes over D-Bus and to terminals: control characters,
/// and what is beyond ASCII where the text is not UTF-8, are written as \xNN.
inline std::string printable(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    const bool utf8 = isUtf8(text);
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (isControl(c) || (!utf8 && byte >= 0x80)) {
            out += {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
        } else {
            out += c;
        }
    }
    return out;
}

/// The pieces between separators, empty ones too; one more than there are separators.
inline std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    for (std::size_t end = 0; end != std::string_view::npos; begin = end + 1) {
        end = text.find_first_of(separators, begin);
        pieces.push_back(text.substr(begin, end - begin));
    }
    return pieces;
}

/// The names in a path: "//a/b/" has "a" and "b".
inline std::vector<std::string_view> components(std::string_view path,
                                                std::string_view separators = "/") {
    std::vector<std::string_view> names = split(path, separators);
    std::erase(names, std::string_view());
    return names;
}

/// Whether a path is this directory or below it, both by their names.
inline bool isWithin(const std::vector<std::string_view>& path,
                     const std::vector<std::string_view>& directory) {
    return directory.size() <= path.size() &&
           std::equal(directory.begin(), directory.end(), path.begin());
}

} // namespace fsrvp::mount
