// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/task.hpp"
#include "daemon/config/config.hpp"
#include "daemon/credentials/credential_store.hpp"
#include "daemon/credentials/mount_entries.hpp"
#include "daemon/model/access.hpp"
#include "daemon/model/credential_origin.hpp"
#include "daemon/model/source.hpp"
#include "daemon/mount/path_helper.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fsrvp {

/// Files of the host's that logins may come from.
struct CredentialPlaces {
    MountEntryPlaces entries;
    std::string hostKeytab = "/etc/krb5.keytab";
};

/// As whom servers are spoken to: chooses where a login comes from, and gets it.
class Credentials {
  public:
    /// All borrowed. `config` gives the configuration as it is now.
    Credentials(std::function<std::shared_ptr<const Config>()> config,
                CredentialStore& store,
                mount::PathHelper& paths,
                CredentialPlaces places = {})
        : config_(std::move(config)), store_(store), paths_(paths), places_(std::move(places)) {}

    Credentials(const Credentials&) = delete;
    Credentials& operator=(const Credentials&) = delete;

    /// For a new snapshot, the first that there is of: the one that the caller named; what
    /// servers.d says for the host; the credentials= file of the share's own entry in fstab or in a
    /// mount unit, if it is the caller's or he is root; the host's keytab where the source is on a
    /// mount with sec=krb5.
    /// @throws Error(NotFound)      the caller named one that there is not
    /// @throws Error(NoCredential)  there is none; says where it was looked for
    Task<CredentialOrigin> choose(Source source,
                                  ServerId server,
                                  std::optional<std::string> named,
                                  std::uint32_t uid,
                                  Cancellation& cancellation);

    /// With the login, as it is now.
    /// @throws Error(NoCredential, NotFound, Configuration) saying what to do
    Task<Access> access(ServerAccount account, Cancellation& cancellation);

  private:
    Task<Login>
    login(ServerAccount account, std::shared_ptr<const Config> config, Cancellation& cancellation);
    Task<std::optional<CredentialOrigin>>
    fromMountEntry(Source source, std::uint32_t uid, Cancellation& cancellation);

    std::function<std::shared_ptr<const Config>()> config_;
    CredentialStore& store_;
    mount::PathHelper& paths_;
    CredentialPlaces places_;
};

} // namespace fsrvp
