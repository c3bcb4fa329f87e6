// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/config.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/checked_file.hpp"
#include "daemon/config/credentials_file.hpp"
#include "daemon/config/json_file.hpp"
#include "daemon/config/object_reader.hpp"
#include "daemon/config/problems.hpp"

#include <arpa/inet.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace fsrvp {

using config::JsonFile;
using config::ObjectReader;
using config::Problems;

namespace {

constexpr std::int64_t kLongestTimeout = std::int64_t{24} * 60 * 60;
constexpr std::int64_t kMostJobs = 10000;
constexpr std::size_t kLongestHost = 255;

bool isPattern(std::string_view host) {
    return host.find_first_of("*?") != std::string_view::npos;
}

bool isHostCharacter(char c) {
    const bool isAlphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool isUtf8 = (static_cast<unsigned char>(c) & 0x80U) != 0;
    return isAlphanumeric || isUtf8 || std::string_view("-._*?").find(c) != std::string_view::npos;
}

/// What is wrong with an entry of `hosts`; empty when nothing is.
std::string hostProblem(const std::string& host) {
    if (host.empty()) {
        return "must not be empty";
    }
    if (host.size() > kLongestHost) {
        return "longer than " + std::to_string(kLongestHost) + " bytes";
    }
    in6_addr address{};
    if (::inet_pton(AF_INET6, host.c_str(), &address) == 1) {
        return {};
    }
    if (host.find(':') != std::string::npos) {
        return "must be a host alone; a port goes into the key 'port'";
    }
    if (!std::all_of(host.begin(), host.end(), isHostCharacter)) {
        return "must be a host name, an IP address without brackets, or a pattern with * and ?";
    }
    return {};
}

Secret readKerberosFile(const std::string& path) {
    return Secret(
        config::readCheckedFile(path, config::FileKind::Secret, config::kLargestKerberosFile));
}

} // namespace

/// Reads one configuration directory into a Config.
class ConfigReader {
  public:
    Config read(const std::string& directory) {
        collect([&] {
            if (config::checkDirectory(directory)) {
                readMain(directory + "/config.json");
                readServers(directory + "/servers.d");
            }
        });
        problems_.throwIfAny();
        return std::move(config_);
    }

  private:
    template <class Read> void collect(Read read) {
        try {
            read();
        } catch (const Error& problem) {
            problems_.add(problem);
        }
    }

    void readMain(const std::string& path) {
        std::error_code none;
        if (std::filesystem::symlink_status(path, none).type() ==
            std::filesystem::file_type::not_found) {
            return;
        }
        collect([&] {
            const JsonFile file = JsonFile::read(path);
            ObjectReader top(file, problems_);
            if (const auto value = top.integer("default_timeout_sec", 1, kLongestTimeout)) {
                config_.defaultTimeout_ = std::chrono::seconds(*value);
            }
            if (const auto value = top.integer("max_jobs", 1, kMostJobs)) {
                config_.maxJobs_ = static_cast<std::size_t>(*value);
            }
            top.refuseOthers();
        });
    }

    void readServers(const std::string& directory) {
        collect([&] {
            if (!config::checkDirectory(directory)) {
                return;
            }
            for (const std::string& path : jsonFilesIn(directory)) {
                collect([&] { readServer(JsonFile::read(path)); });
            }
        });
    }

    static std::vector<std::string> jsonFilesIn(const std::string& directory) {
        std::vector<std::string> paths;
        std::error_code failure;
        std::filesystem::directory_iterator entry(directory, failure);
        for (; !failure && entry != std::filesystem::directory_iterator();
             entry.increment(failure)) {
            const std::filesystem::path name = entry->path().filename();
            if (name.extension() == ".json" && name.native().front() != '.') {
                paths.push_back(directory + "/" + name.native());
            }
        }
        if (failure) {
            throw Error(Errc::Configuration, "cannot list " + directory + ": " + failure.message());
        }
        std::sort(paths.begin(), paths.end());
        return paths;
    }

    void readServer(const JsonFile& file) {
        ServerSettings settings;
        ObjectReader top(file, problems_);
        readHosts(top, file, settings);
        if (const auto port = top.integer("port", 1, 65535)) {
            settings.port = static_cast<std::uint16_t>(*port);
        }
        readLogin(top, settings);
        readProtection(top, settings);
        readTimeouts(top.object("timeouts"), settings.timeouts);
        top.refuseOthers();
        config_.servers_.push_back(std::move(settings));
    }

    static void readLogin(ObjectReader& top, ServerSettings& settings) {
        readNamed(top, "auth", parseAuth, "ntlm, kerberos or negotiate", settings.auth);
        settings.user = top.text("user").value_or(ObjectReader::Text{}).value;
        settings.domain = top.text("domain").value_or(ObjectReader::Text{}).value;
        settings.credential = top.text("credential").value_or(ObjectReader::Text{}).value;
        std::vector<ObjectReader::Text> files;
        const auto readPath = [&](std::string_view key, std::string& into) {
            if (const auto path = top.text(key)) {
                if (path->value.empty() || path->value.front() != '/') {
                    top.problem(*path, "must be an absolute path");
                }
                into = path->value;
                files.push_back(*path);
            }
        };
        readPath("credentials_file", settings.credentialsFile);
        readPath("keytab", settings.keytab);
        readPath("ticket_cache", settings.ticketCache);
        const std::size_t allowed = settings.credential.empty() ? 1 : 0;
        if (files.size() > allowed) {
            top.problem(files[allowed],
                        "only one of credential, credentials_file, keytab and ticket_cache may be "
                        "given");
        }
        if (settings.auth == Auth::Ntlm && !(settings.keytab + settings.ticketCache).empty()) {
            top.problem("auth", "NTLM has no use for a keytab or a ticket cache");
        }
    }

    static void readProtection(ObjectReader& top, ServerSettings& settings) {
        std::optional<SmbEncryption> encryption;
        readNamed(top, "encryption", parseSmbEncryption, "required or preferred", encryption);
        settings.encryption = encryption.value_or(settings.encryption);
        std::optional<RpcProtection> rpc;
        readNamed(top, "rpc_protection", parseRpcProtection, "privacy, integrity or none", rpc);
        settings.rpcProtection = rpc.value_or(settings.rpcProtection);
        if (const auto follow = top.text("follow_owner")) {
            if (follow->value == "never") {
                settings.followOwner = FollowOwner::Never;
            } else if (follow->value != "same-domain") {
                top.problem(*follow, "must be same-domain or never");
            }
        }
    }

    template <class T, class Parse>
    static void readNamed(ObjectReader& top,
                          std::string_view key,
                          Parse parse,
                          const std::string& known,
                          std::optional<T>& into) {
        if (const auto text = top.text(key)) {
            into = parse(text->value);
            if (!into) {
                top.problem(*text, "must be " + known);
            }
        }
    }

    void readHosts(ObjectReader& top, const JsonFile& file, ServerSettings& settings) {
        if (top.isObject() && !top.has("hosts")) {
            top.problem("hosts", "missing");
        }
        const auto hosts = top.texts("hosts");
        if (hosts && hosts->empty()) {
            top.problem("hosts", "must not be empty");
        }
        for (const ObjectReader::Text& host : hosts.value_or(std::vector<ObjectReader::Text>{})) {
            if (const std::string what = hostProblem(host.value); !what.empty()) {
                top.problem(host, what);
                continue;
            }
            const std::string name = asciiLower(host.value);
            const std::string here = file.path() + ":" + std::to_string(host.line);
            const auto [first, isNew] = namedIn_.emplace(name, here);
            if (!isNew) {
                top.problem(host, "'" + name + "' is named in " + first->second + " already");
            }
            settings.hosts.push_back(name);
            if (!isPattern(name)) {
                config_.byName_.emplace(name, config_.servers_.size());
            }
        }
    }

    static void readTimeouts(ObjectReader object, Timeouts& timeouts) {
        const auto read =
            [&object](std::string_view key, std::chrono::seconds& into, int least = 1) {
                if (const auto value = object.integer(key, least, kLongestTimeout)) {
                    into = std::chrono::seconds(*value);
                }
            };
        read("connect_sec", timeouts.connect);
        read("call_sec", timeouts.call);
        read("prepare_sec", timeouts.prepare);
        read("commit_sec", timeouts.commit);
        read("expose_sec", timeouts.expose);
        read("workers_end_sec", timeouts.workersEnd, 0);
        object.refuseOthers();
    }

    Config config_;
    Problems problems_;
    std::map<std::string, std::string> namedIn_; ///< "FILE:LINE" of each entry of hosts
};

Config Config::load(const std::string& directory) {
    return ConfigReader().read(directory);
}

const ServerSettings& Config::settings(std::string_view host) const {
    static const ServerSettings defaults;
    const std::string name = asciiLower(host);
    if (const auto found = byName_.find(name); found != byName_.end()) {
        return servers_[found->second];
    }
    const auto matches = [&name](const std::string& pattern) {
        return isPattern(pattern) && ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    };
    for (const ServerSettings& server : servers_) {
        if (std::any_of(server.hosts.begin(), server.hosts.end(), matches)) {
            return server;
        }
    }
    return defaults;
}

Login Config::login(const ServerId& server) const {
    const ServerSettings& known = settings(server.host);
    Login login;
    if (!known.credentialsFile.empty()) {
        config::Credentials file = config::readCredentialsFile(known.credentialsFile);
        login.user = std::move(file.user);
        login.domain = std::move(file.domain);
        login.password = std::move(file.password);
    } else if (!known.keytab.empty()) {
        login.keytab = readKerberosFile(known.keytab);
    } else if (!known.ticketCache.empty()) {
        login.ticketCache = readKerberosFile(known.ticketCache);
    } else {
        throw Error(Errc::NoCredential, "no credentials for server " + server.text())
            .withHint(
                "keep some for it: fsrvpctl credential set NAME --user USER, and name them in "
                "a file of servers.d");
    }
    return completed(server, std::move(login));
}

Login Config::completed(const ServerId& server, Login login) const {
    const ServerSettings& known = settings(server.host);
    if (!known.user.empty()) {
        if (!login.user.empty() && login.user != known.user) {
            login.domain.clear();
        }
        login.user = known.user;
    }
    if (!known.domain.empty()) {
        login.domain = known.domain;
    }
    const bool hasTickets = !login.keytab.reveal().empty() || !login.ticketCache.reveal().empty();
    login.auth = known.auth.value_or(hasTickets ? Auth::Kerberos : Auth::Ntlm);
    if (!login.hasIdentity()) {
        throw Error(Errc::NoCredential, "no user name for server " + server.text())
            .withHint("put a line username= into its credentials file, or \"user\" into its file "
                      "of servers.d");
    }
    return login;
}

} // namespace fsrvp
