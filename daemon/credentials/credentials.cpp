// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/credentials.hpp"

#include "daemon/base/log.hpp"
#include "daemon/config/checked_file.hpp"
#include "daemon/config/credentials_file.hpp"

#include <algorithm>

namespace fsrvp {
namespace {

using Kind = CredentialOrigin::Kind;

bool saysWho(const ServerSettings& settings) {
    return !(settings.credential + settings.credentialsFile + settings.keytab +
             settings.ticketCache)
                .empty();
}

/// Whether the mount that the source is on uses Kerberos.
bool isOnKerberosMount(const Source& source) {
    const std::string options = "," + source.baseOptions.value_or("") + ",";
    return options.find(",sec=krb5") != std::string::npos;
}

Login loginFrom(config::Credentials file) {
    Login login;
    login.user = std::move(file.user);
    login.domain = std::move(file.domain);
    login.password = std::move(file.password);
    return login;
}

} // namespace

Task<CredentialOrigin> Credentials::choose(Source source,
                                           ServerId server,
                                           std::optional<std::string> named,
                                           std::uint32_t uid,
                                           Cancellation& cancellation) {
    if (named) {
        const std::vector<StoredCredential> known = store_.list();
        if (std::none_of(known.begin(), known.end(), [&named](const StoredCredential& one) {
                return one.name == *named;
            })) {
            throw Error(Errc::NotFound, "there is no credential '" + *named + "'")
                .withHint("see those that there are: fsrvpctl credential list");
        }
        co_return CredentialOrigin{Kind::Stored, *named};
    }
    if (saysWho(config_()->settings(server.host))) {
        co_return CredentialOrigin();
    }
    const std::optional<CredentialOrigin> entry =
        co_await fromMountEntry(source, uid, cancellation);
    if (entry) {
        co_return *entry;
    }
    if (isOnKerberosMount(source)) {
        co_return CredentialOrigin{Kind::Keytab, {}};
    }
    throw Error(Errc::NoCredential,
                "no credentials for server " + server.text() +
                    ": none was named, no file of servers.d has some for it, and neither fstab nor "
                    "a mount unit names a credentials file of yours for " +
                    source.unc.text())
        .withHint("keep some: fsrvpctl credential set NAME --user USER, then give --credential "
                  "NAME, or name it in a file of servers.d");
}

Task<std::optional<CredentialOrigin>>
Credentials::fromMountEntry(Source source, std::uint32_t uid, Cancellation& cancellation) {
    const std::optional<std::string> path = credentialsFileOfEntry(source.unc, places_.entries);
    if (!path) {
        co_return std::nullopt;
    }
    std::optional<std::uint32_t> owner;
    try {
        const mount::SecretFile file = co_await paths_.readSecretFile(*path, cancellation);
        owner = file.uid;
    } catch (const Error& error) {
        cancellation.throwIfRequested();
        log::warning("passing over the credentials file that the entry of " + source.unc.text() +
                     " names: " + error.what());
    }
    if (!owner || (uid != 0 && uid != *owner)) {
        co_return std::nullopt;
    }
    co_return CredentialOrigin{Kind::File, *path};
}

Task<Login> Credentials::login(ServerAccount account,
                               std::shared_ptr<const Config> config,
                               Cancellation& cancellation) {
    const ServerSettings& settings = config->settings(account.server.host);
    Login login;
    switch (account.credential.kind) {
    case Kind::Server:
        if (settings.credential.empty()) {
            co_return config->login(account.server);
        }
        login = co_await store_.login(settings.credential, cancellation);
        co_return config->completed(account.server, std::move(login));
    case Kind::Stored:
        login = co_await store_.login(account.credential.name, cancellation);
        break;
    case Kind::File: {
        const std::string& path = account.credential.name;
        const mount::SecretFile file = co_await paths_.readSecretFile(path, cancellation);
        login = loginFrom(config::parseCredentials(file.bytes.reveal(), path));
        break;
    }
    case Kind::Keytab:
        login.keytab = Secret(config::readCheckedFile(
            places_.hostKeytab, config::FileKind::Secret, config::kLargestKerberosFile));
        break;
    }
    // Whose it is says the credential; how the server is spoken to, servers.d.
    const Auth least = login.keytab.reveal().empty() ? Auth::Ntlm : Auth::Kerberos;
    login.auth = std::max(settings.auth.value_or(least), least);
    co_return login;
}

Task<Access> Credentials::access(ServerAccount account, Cancellation& cancellation) {
    const std::shared_ptr<const Config> config = config_();
    const ServerSettings& settings = config->settings(account.server.host);
    Access access;
    access.server = account.server;
    access.rpc = settings.rpcProtection;
    access.encryption = settings.encryption;
    access.login = co_await login(std::move(account), config, cancellation);
    co_return access;
}

} // namespace fsrvp
