// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fsrvp {

/// How a server is told who we are. Kerberos never becomes NTLM by itself.
enum class Auth {
    Ntlm,
    Kerberos,
    Negotiate, ///< SPNEGO: Kerberos where there is a ticket, else NTLM
};
/// "ntlm", "kerberos", "negotiate": in the configuration and on the agent's socket.
std::string_view authName(Auth auth) noexcept;
std::optional<Auth> parseAuth(std::string_view name) noexcept;

/// As whom a server is spoken to. Samba's libraries take an empty user for an anonymous session,
/// so it is empty only where a keytab or a ticket cache says who it is.
struct Login {
    std::string user;
    std::string domain; ///< of NTLM, or the Kerberos realm
    Secret password;
    Auth auth = Auth::Ntlm;
    Secret keytab;      ///< the bytes of a keytab; tickets are got with it, by its first principal
                        ///< where there is no user
    Secret ticketCache; ///< the bytes of a Kerberos cache of type FILE

    /// Whether it says who it is.
    bool hasIdentity() const noexcept {
        return !user.empty() || !keytab.reveal().empty() || !ticketCache.reveal().empty();
    }

    bool operator==(const Login&) const = default;
};

} // namespace fsrvp
