// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/credentials/credential_file.hpp"
#include "daemon/credentials/sealer.hpp"
#include "daemon/model/login.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace fsrvp {

/// The credentials that administrators gave fsrvpd to keep, by name: a file each, 0600, in a
/// directory that is 0700. Encrypted where this host can; list() says which. Nothing is kept in
/// memory.
class CredentialStore {
  public:
    /// Makes the directory, and removes what a write that was cut off has left. A full or read-only
    /// disk is no failure of this, but of what needs the directory later.
    /// @throws Error(Configuration, Failed) naming the directory
    CredentialStore(EventLoop& loop, std::filesystem::path directory, Sealer& sealer);

    /// Keeps the secret; what had that name is replaced. It is on the disk when this ends.
    /// `about` is without isEncrypted and problem.
    /// @throws Error(InvalidArgument) for a name, user or secret that can't be one; Error(Failed,
    ///         TimedOut) of the disk or of the sealer, and what was there stays
    Task<void> set(StoredCredential about, Secret secret, Cancellation& cancellation);
    /// @throws Error(NotFound, InvalidArgument, Failed)
    Task<void> remove(std::string name, Cancellation& cancellation);
    /// By name. What can't be read is listed with its problem. @throws Error(Failed)
    std::vector<StoredCredential> list() const;
    /// What a server is to be told: a password with auth Ntlm, a keytab with auth Kerberos. Read
    /// and decrypted anew each time.
    /// @throws Error(NotFound, InvalidArgument); Error(Configuration) for a file that is damaged,
    ///         exchanged or open to others; Error(Failed, TimedOut) of the sealer
    Task<Login> login(std::string name, Cancellation& cancellation);

  private:
    CredentialFile read(const std::string& name) const;

    EventLoop& loop_;
    std::filesystem::path directory_;
    Sealer& sealer_;
};

} // namespace fsrvp
