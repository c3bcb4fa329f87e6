// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/unit_name.hpp"

#include "daemon/base/error.hpp"
#include "daemon/mount/path_text.hpp"

namespace fsrvp::mount {
namespace {

constexpr std::size_t kMaxUnitName = 255;

bool isPlain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ':' ||
           c == '_' || c == '.';
}

void appendEscaped(std::string& name, char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    name += "\\x";
    name += kHex[byte >> 4U];
    name += kHex[byte & 0xfU];
}

[[noreturn]] void refuse(std::string_view path, const std::string& why) {
    throw Error(Errc::InvalidArgument, "'" + printable(path) + "' " + why);
}

} // namespace

std::string mountUnitName(std::string_view path) {
    if (!path.starts_with('/') || path.find('\0') != std::string_view::npos) {
        refuse(path, "is no absolute path");
    }
    std::string name;
    for (const std::string_view component : components(path)) {
        if (component == "..") {
            refuse(path, "is not canonical");
        }
        if (component == ".") {
            continue;
        }
        if (!name.empty()) {
            name += '-';
        }
        for (const char c : component) {
            // A file with a dot in front would be hidden.
            if (isPlain(c) && !(c == '.' && name.empty())) {
                name += c;
            } else {
                appendEscaped(name, c);
            }
        }
    }
    name = (name.empty() ? "-" : name) + ".mount";
    if (name.size() > kMaxUnitName) {
        refuse(path, "is too long for the name of a mount unit, which has at most 255 bytes");
    }
    return name;
}

} // namespace fsrvp::mount
