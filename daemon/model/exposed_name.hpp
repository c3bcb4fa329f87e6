// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fsrvp {

/// What the name of an exposed share tells: "data@{GUID}", and of a hidden share "data$@{GUID}$"
/// (MS-FSRVP 3.1.4.6; Samba and Windows both name them so).
struct ExposedName {
    std::string base; ///< the share that it is a copy of: "data", "data$"
    Guid copy;        ///< the ShadowCopyId
};

/// The name that a server gives to a copy of that share.
std::string exposedName(std::string_view share, const Guid& copy);

/// Nothing for a share that has no such name.
std::optional<ExposedName> parseExposedName(std::string_view share);

/// The text as one word of a POSIX shell, for commands in hints: names come from servers.
std::string shellWord(std::string_view text);

/// How an administrator removes an exposed share that FSRVP can't, as a hint.
std::string removalByHand(std::string_view share);

} // namespace fsrvp
