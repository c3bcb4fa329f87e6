// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/cifs_connections.hpp"

#include "daemon/base/text.hpp"

#include <algorithm>

namespace fsrvp::mount::fs {
namespace {

/// The "share" of a line "\t1) \\server\share Mounts: 1 DevInfo: 0x20 …"; empty for every
/// other line. A share's name may have spaces in it but no colon.
std::string_view shareName(std::string_view line) {
    const std::size_t number = line.find_first_not_of(" \t");
    if (number == std::string_view::npos) {
        return {};
    }
    line.remove_prefix(number);
    const std::size_t end = line.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos || line.substr(end, 2) != ") ") {
        return {};
    }
    line.remove_prefix(end + 2);
    const std::size_t mounts = line.find(" Mounts: ");
    if (mounts == std::string_view::npos || line.substr(0, 2) != "\\\\") {
        return {};
    }
    line = line.substr(2, mounts - 2);
    const std::size_t separator = line.find('\\');
    return separator == std::string_view::npos ? std::string_view() : line.substr(separator + 1);
}

} // namespace

bool hasTreeConnect(std::string_view debugData, std::string_view share) {
    const std::string wanted = asciiLower(share);
    while (!debugData.empty()) {
        const std::size_t end = std::min(debugData.find('\n'), debugData.size());
        if (asciiLower(shareName(debugData.substr(0, end))) == wanted) {
            return true;
        }
        debugData.remove_prefix(std::min(end + 1, debugData.size()));
    }
    return false;
}

} // namespace fsrvp::mount::fs
