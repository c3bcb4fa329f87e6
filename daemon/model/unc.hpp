// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace fsrvp {

/// A share on a server by its UNC name. FSRVP takes snapshots of whole shares only.
struct Unc {
    std::string server; ///< as typed
    std::string share;  ///< as typed, UTF-8

    /// Reads //server/share or \\server\share, with or without a final separator.
    /// @throws Error(InvalidSource): no UNC, a path below the share, a character that no share
    ///         name has (MS-SRVS: " / \ [ ] : | < > + = ; , * ? and control characters), a share
    ///         name over 80 characters, bytes that are not UTF-8
    static Unc parse(std::string_view text);

    /// "//server/share", for people and as our key.
    std::string text() const;
    /// "\\server\share\" as FSRVP wants ShareName; on Windows 2012 a hidden share is exposed with
    /// its final $ only when the last backslash is there.
    std::string wire() const;

    auto operator<=>(const Unc&) const = default;
};

/// The bare share name in a server's ShadowCopyShareName: Samba sends "data@{…}", the
/// specification (2.2.1.1) asks for "\\server\data@{…}"; either may come.
/// @throws Error(Protocol) when there is none
std::string exposedShareName(std::string_view shadowCopyShareName);

} // namespace fsrvp
