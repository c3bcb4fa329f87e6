// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/exposed_name.hpp"

#include "daemon/base/error.hpp"

namespace fsrvp {

std::string exposedName(std::string_view share, const Guid& copy) {
    return std::string(share) + "@{" + copy.text() + "}" + (share.ends_with('$') ? "$" : "");
}

std::optional<ExposedName> parseExposedName(std::string_view share) {
    constexpr std::size_t kSuffix = 39; // "@{", 36 of the GUID, "}"
    const std::size_t at = share.rfind("@{");
    if (at == std::string_view::npos || at == 0) {
        return std::nullopt;
    }
    ExposedName name;
    name.base = share.substr(0, at);
    const bool isHidden = name.base.ends_with('$');
    if (share.size() != at + kSuffix + (isHidden ? 1 : 0) || (isHidden && share.back() != '$')) {
        return std::nullopt;
    }
    try {
        name.copy = Guid::parse(share.substr(at + 1, kSuffix - 1));
    } catch (const Error&) {
        return std::nullopt;
    }
    return name;
}

std::string shellWord(std::string_view text) {
    std::string word = "'";
    for (const char c : text) {
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return word + "'";
}

std::string removalByHand(std::string_view share) {
    return "remove it on the server; with Samba: net conf delshare " + shellWord(share) +
           ", then delete the snapshot that it showed (btrfs subvolume delete)";
}

} // namespace fsrvp
