// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/unc.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/utf16.hpp"

#include <algorithm>

namespace fsrvp {
namespace {

constexpr std::size_t kMaxShareName = 80; // NNLEN, MS-SRVS 2.2.4.22 and LanMan's limit

bool isSeparator(char c) {
    return c == '/' || c == '\\';
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw Error(Errc::InvalidSource, "'" + std::string(text) + "' is no share: " + why)
        .withHint("name the share as //server/share");
}

bool hasForbidden(std::string_view name, std::string_view forbidden) {
    return std::any_of(name.begin(), name.end(), [forbidden](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
               forbidden.find(c) != std::string_view::npos;
    });
}

} // namespace

Unc Unc::parse(std::string_view text) {
    if (text.size() < 2 || !isSeparator(text[0]) || text[1] != text[0]) {
        refuse(text, "it does not begin with // or \\\\");
    }
    const auto separator = [](std::string_view s) {
        const auto at = std::find_if(s.begin(), s.end(), isSeparator);
        return static_cast<std::size_t>(at - s.begin());
    };
    std::string_view rest = text.substr(2);
    const std::string_view server = rest.substr(0, separator(rest));
    rest.remove_prefix(std::min(rest.size(), server.size() + 1));
    const std::string_view share = rest.substr(0, separator(rest));
    rest.remove_prefix(share.size());
    if (server.empty()) {
        refuse(text, "the server's name is missing");
    }
    if (share.empty()) {
        refuse(text, "the share's name is missing");
    }
    if (rest.size() > 1) {
        refuse(text, "a snapshot is always of a whole share, not of a directory in it");
    }
    if (hasForbidden(server, " \"[]|<>+=;,*?@%{}'`$&()^~#!")) {
        refuse(text, "the server's name has a character that no host name has");
    }
    if (hasForbidden(share, "\"[]:|<>+=;,*?")) {
        refuse(text, "the share's name has a character that no share name has");
    }
    try {
        if (toUtf16(share).size() > kMaxShareName) {
            refuse(text, "a share's name has at most 80 characters");
        }
        toUtf16(server);
    } catch (const Error& error) {
        if (error.code() == Errc::InvalidArgument) {
            refuse("(not UTF-8)", error.what());
        }
        throw;
    }
    return Unc{std::string(server), std::string(share)};
}

std::string Unc::text() const {
    return "//" + server + "/" + share;
}

std::string Unc::wire() const {
    return "\\\\" + server + "\\" + share + "\\";
}

std::string exposedShareName(std::string_view shadowCopyShareName) {
    std::string_view name = shadowCopyShareName;
    while (!name.empty() && isSeparator(name.back())) {
        name.remove_suffix(1);
    }
    if (name.starts_with("\\\\")) {
        const std::size_t afterHost = name.find('\\', 2);
        name = afterHost == std::string_view::npos ? "" : name.substr(afterHost + 1);
    }
    if (name.empty() || hasForbidden(name, "/\\")) {
        throw Error(Errc::Protocol,
                    "the server named the exposed share '" + std::string(shadowCopyShareName) +
                        "', which is no share name");
    }
    return std::string(name);
}

} // namespace fsrvp
