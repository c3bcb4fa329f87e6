// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/login.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace fsrvp::smb {

/// Kerberos tickets of one login, in one cache of type FILE that both of Samba's libraries read
/// (MIT's libkrb5 makes it; they carry a Kerberos of their own). The host's krb5.conf counts, or
/// the one that KRB5_CONFIG names.
class KerberosTickets {
  public:
    /// From the login's ticket cache if it has one, else with its keytab, else with its password;
    /// those two ask a KDC. Whose: `user`, in the realm `domain` (krb5.conf's default realm where
    /// there is none), "user@REALM" too. Without a user: whoever the cache or keytab is of; of a
    /// keytab the machine account ("HOST$"), or its first principal where it has none.
    /// @param directory  the process's own; the cache lies there, 0600, until this goes
    /// @throws Error(NoCredential)  nothing to get tickets with, an expired, empty, unreadable or
    ///                              foreign cache, a keytab without that principal
    /// @throws Error(AuthenticationFailed)  the KDC refuses: password, principal, clock
    /// @throws Error(Unreachable)           no KDC of the realm answers
    /// @throws Error(NameNotResolved)       no KDC is known for the realm
    /// @throws Error(Configuration)         krb5.conf can't be read
    KerberosTickets(const Login& login, const std::filesystem::path& directory);
    KerberosTickets(const KerberosTickets&) = delete;
    KerberosTickets& operator=(const KerberosTickets&) = delete;
    ~KerberosTickets();

    /// Gets the ticket for the SMB service of a host into the cache, under the name that Samba's
    /// libraries look for (they put the host in upper case).
    /// @throws Error as the constructor; AuthenticationFailed also where the KDC does not know it
    void getServiceTicket(const std::string& host);

    const std::string& principal() const noexcept; ///< "backup@LAB.EXAMPLE"
    std::string user() const;                      ///< the part before the realm
    std::string realm() const;
    std::string cacheName() const; ///< "FILE:/…", as KRB5CCNAME has it
    /// Zero or less when they have expired.
    std::chrono::seconds validFor() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Kerberos has no tickets for addresses.
/// @throws Error(NoCredential)  the host is given by its IP address
void requireName(const std::string& host);

} // namespace fsrvp::smb
