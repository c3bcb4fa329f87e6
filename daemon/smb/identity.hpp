// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/smb/kerberos.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace fsrvp::smb {

/// As whom a server is spoken to, once that is decided: by tickets or by NTLM, never either.
class Identity {
  public:
    /// Kerberos gets the service's ticket first, so that what is wrong is known before the server
    /// is asked. Negotiate is by Kerberos where the login has a keytab, a ticket cache or a domain
    /// with a dot (a realm) and tickets can be had; else by NTLM where it has a password. A
    /// password that the KDC calls wrong is not tried again.
    /// @param directory  the process's own, for the tickets
    /// @throws Error as KerberosTickets; NoCredential for an empty user too
    Identity(const Login& login, const std::string& host, const std::filesystem::path& directory);

    /// Null: NTLM.
    const KerberosTickets* tickets() const noexcept { return tickets_.get(); }

    /// Never empty: Samba's libraries would take that for anonymous.
    const std::string& user() const noexcept { return user_; }

    /// NTLM's domain, or the realm.
    const std::string& domain() const noexcept { return domain_; }

    /// Empty with tickets.
    const Secret& password() const noexcept { return password_; }

    /// "LAB\\backup", "backup", "host$@LAB.EXAMPLE".
    std::string text() const;

  private:
    void
    useTickets(const Login& login, const std::string& host, const std::filesystem::path& directory);
    void usePassword(const Login& login);

    std::unique_ptr<KerberosTickets> tickets_;
    std::string user_;
    std::string domain_;
    Secret password_;
};

} // namespace fsrvp::smb
