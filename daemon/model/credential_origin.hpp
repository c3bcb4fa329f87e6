// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/server_id.hpp"

#include <string>
#include <string_view>

namespace fsrvp {

/// Where a login comes from. Kept with each shadow copy set, so that its snapshots are mounted and
/// deleted as whom they were taken; never a secret itself.
struct CredentialOrigin {
    enum class Kind {
        Server, ///< what servers.d says for the host
        Stored, ///< one that was given to fsrvpd by name
        File,   ///< a credentials= file of the share's entry in fstab or of its mount unit
        Keytab, ///< the host's own, /etc/krb5.keytab
    };
    Kind kind = Kind::Server;
    std::string name; ///< of the stored one, or the file's path

    /// "" for Server, "stored:NAME", "file:/path", "keytab": in the database.
    std::string text() const;
    /// @throws Error(Database) for anything that text() does not write
    static CredentialOrigin parse(std::string_view text);

    auto operator<=>(const CredentialOrigin&) const = default;
};

/// A server and as whom we speak to it.
struct ServerAccount {
    ServerId server;
    CredentialOrigin credential;

    auto operator<=>(const ServerAccount&) const = default;
};

} // namespace fsrvp
