// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/access.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp {

/// How long to wait for a server, by kind of call.
struct Timeouts {
    std::chrono::seconds connect{10};
    std::chrono::seconds call{180}; ///< each call that has no time of its own here
    std::chrono::seconds prepare{1800};
    std::chrono::seconds commit{180};
    std::chrono::seconds expose{1800};
    /// After that without a connection, Samba's workers that were idle have ended (60 s unless its
    /// `rpcd_fsrvp:idle_seconds` says otherwise), and a new one reads their state anew.
    std::chrono::seconds workersEnd{65};

    bool operator==(const Timeouts&) const = default;
};

/// Whether IsPathSupported's OwnerMachineName is followed to another machine (MS-FSRVP 3.2.4.2.1).
enum class FollowOwner { SameDomain, Never };

/// What one file of servers.d says of its servers; the values of a default one hold for servers
/// that none names.
struct ServerSettings {
    std::vector<std::string> hosts; ///< lower case; names, IP literals, patterns with * and ?
    std::uint16_t port = kSmbPort;  ///< where the source names none
    std::optional<Auth> auth;       ///< nothing: Kerberos with a keytab or ticket cache, else NTLM
    std::string user;               ///< empty: the credentials file's, the keytab's first
    std::string domain;
    // At most one of these is not empty; the files by absolute paths.
    std::string credential; ///< the name of one that fsrvpd keeps
    std::string credentialsFile;
    std::string keytab;
    std::string ticketCache;
    SmbEncryption encryption = SmbEncryption::Required;
    RpcProtection rpcProtection = RpcProtection::Privacy;
    FollowOwner followOwner = FollowOwner::SameDomain;
    Timeouts timeouts;
};

/// The configuration directory, read once; a value that is replaced as a whole.
class Config {
  public:
    /// The defaults.
    Config() = default;

    /// Reads DIRECTORY/config.json and DIRECTORY/servers.d/*.json in the order of their names,
    /// without those that begin with a dot. What is absent, also the directory, means defaults.
    /// Looks at no credentials file.
    /// @throws Error(Configuration) when anything is wrong: its message has the first ten
    ///         problems of all files, each with file, line and key
    static Config load(const std::string& directory);

    /// How long a job may take unless its caller says otherwise.
    std::chrono::seconds defaultTimeout() const noexcept { return defaultTimeout_; }

    /// How many jobs may be unfinished at once.
    std::size_t maxJobs() const noexcept { return maxJobs_; }

    /// The settings for a host, in any case: of the file that names it, else of the first that
    /// has a matching pattern, else the defaults. Valid as long as this Config.
    const ServerSettings& settings(std::string_view host) const;

    /// Whom to log in as, where the settings name a file. Reads it now, so that a changed password
    /// counts at once.
    /// @throws Error(NoCredential) without a file or a user;
    ///         Error(Configuration) for a file that is refused
    Login login(const ServerId& server) const;

    /// A login from elsewhere as the server's settings want it: their auth, user and domain go
    /// before its own; a domain that belongs to another user's name is dropped.
    /// @throws Error(NoCredential) when nothing says who it is
    Login completed(const ServerId& server, Login login) const;

  private:
    friend class ConfigReader;

    std::chrono::seconds defaultTimeout_{600};
    std::size_t maxJobs_ = 100;
    std::vector<ServerSettings> servers_;
    std::map<std::string, std::size_t, std::less<>> byName_; ///< exact names, index in servers_
};

} // namespace fsrvp
