// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/mount_options.hpp"

#include "daemon/base/error.hpp"
#include "daemon/mount/path_text.hpp"
#include "daemon/mount/source_parser.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>

namespace fsrvp::mount {
namespace {

// ---- The forms of values, as the kernel's cifs_show_options() prints them

bool isNumber(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc() && end == text.data() + text.size();
}

/// (uid_t)-1 stands for none.
bool isId(std::string_view text) {
    return isNumber(text) && text != "4294967295";
}

/// "0755".
bool isMode(std::string_view text) {
    return text.size() >= 2 && text.size() <= 5 && text[0] == '0' &&
           text.find_first_not_of("01234567") == std::string_view::npos;
}

bool isLiteral(int family, std::string_view text) {
    in6_addr address{};
    return text.find('\0') == std::string_view::npos &&
           inet_pton(family, std::string(text).c_str(), &address) == 1;
}

/// A literal, an IPv6 one with "%2" for a scope.
bool isAddress(std::string_view text) {
    const std::size_t percent = text.find('%');
    if (percent == std::string_view::npos) {
        return isLiteral(AF_INET, text) || isLiteral(AF_INET6, text);
    }
    return isLiteral(AF_INET6, text.substr(0, percent)) && isNumber(text.substr(percent + 1));
}

bool isName(std::string_view text) {
    const auto isPlain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), isPlain);
}

template <std::size_t N> bool isOneOf(std::string_view text, const std::string_view (&list)[N]) {
    return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

bool isVersion(std::string_view text) {
    constexpr std::string_view kVersions[] = {
        "1.0", "2.0", "2.1", "3", "3.0", "3.02", "3.1.1", "default"};
    return isOneOf(text, kVersions);
}

bool isSecurity(std::string_view text) {
    constexpr std::string_view kSecurities[] = {
        "none", "krb5", "krb5i", "ntlmv2", "ntlmv2i", "ntlmssp", "ntlmsspi"};
    return isOneOf(text, kSecurities);
}

bool isPrincipal(std::string_view text) {
    constexpr std::string_view kOthers = ".-_$@/";
    return !text.empty() && text.size() <= 255 &&
           std::all_of(text.begin(), text.end(), [kOthers](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      kOthers.find(c) != std::string_view::npos;
           });
}

bool isCache(std::string_view text) {
    constexpr std::string_view kCaches[] = {"strict", "none", "loose", "singleclient", "ro"};
    return isOneOf(text, kCaches);
}

/// For what does not come from the base mount: the kernel does not print its port.
bool isNone(std::string_view) {
    return false;
}

// ---- The list

struct Option {
    std::string_view name;
    bool (*isValue)(std::string_view); ///< null for a flag
    bool isAccess;                     ///< says who may read
};

/// All that a mount gets besides kAlways, in this order.
constexpr Option kOptions[] = {
    {"vers", isVersion, false},
    {"sec", isSecurity, false},
    {"seal", nullptr, false},
    {"port", isNone, false},
    {"ip", isAddress, false},
    {"domain", isName, false},
    {"iocharset", isName, false},
    {"uid", isId, true},
    {"gid", isId, true},
    {"forceuid", nullptr, true},
    {"forcegid", nullptr, true},
    {"file_mode", isMode, true},
    {"dir_mode", isMode, true},
    {"nounix", nullptr, false},
    {"mapposix", nullptr, false},
    {"serverino", nullptr, false},
    {"noperm", nullptr, true},
    {"cifsacl", nullptr, true},
    {"modefromsid", nullptr, true},
    {"idsfromsid", nullptr, true},
    {"cache", isCache, false},
    {"soft", nullptr, false},
    {"hard", nullptr, false},
    {"echo_interval", isNumber, false},
    {"rsize", isNumber, false},
    {"cruid", isId, false},
    {"username", isPrincipal, false},
};

constexpr std::string_view kAlways = "ro,nosuid,nodev,noexec";

/// By name; an empty value is a flag's.
using Values = std::map<std::string_view, std::string>;

bool fits(const Option& option, std::optional<std::string_view> value) {
    return value ? option.isValue && option.isValue(*value) : !option.isValue;
}

/// What can be taken over from the base mount. A value with an escape in it, as in a domain with
/// a comma, has no form here.
Values baseValues(std::string_view baseOptions) {
    Values values;
    for (const std::string_view text : split(baseOptions, ",")) {
        const std::size_t equals = text.find('=');
        const std::string_view key = text.substr(0, equals);
        std::optional<std::string_view> value;
        if (equals != std::string_view::npos) {
            value = text.substr(equals + 1);
        }
        const std::string_view name = key == "addr" ? "ip" : key;
        for (const Option& option : kOptions) {
            if (option.name == name && fits(option, value)) {
                values[option.name] = value.value_or("");
            }
        }
    }
    return values;
}

/// Whether it is the client that decides who may read, by owner and mode. Where users speak for
/// themselves (multiuser), or the server's own modes count (posix, unix), the snapshot's mount,
/// which speaks for the daemon, would show everybody what the base mount keeps from them.
bool decidesByMode(std::string_view baseOptions, const Values& values) {
    const auto options = split(baseOptions, ",");
    const std::set<std::string_view> base(options.begin(), options.end());
    return !base.contains("multiuser") && !base.contains("posix") && !base.contains("unix") &&
           values.contains("uid") && values.contains("file_mode") && values.contains("dir_mode");
}

/// Only the caller may read.
void makePrivate(Values& values, std::uint32_t uid) {
    for (const Option& option : kOptions) {
        if (option.isAccess) {
            values.erase(option.name);
        }
    }
    values["uid"] = std::to_string(uid);
    values["forceuid"] = "";
    values["file_mode"] = "0400";
    values["dir_mode"] = "0500";
}

bool isKerberos(const Values& values) {
    const auto sec = values.find("sec");
    return sec != values.end() && sec->second.starts_with("krb5");
}

/// What says as whom the mount speaks.
void setLogin(Values& values, const MountSecurity& security) {
    const bool wantsKerberos = !security.principal.empty();
    if (wantsKerberos && isKerberos(values)) {
        return; // as the base mount, whose session the kernel may share
    }
    values.erase("username");
    values.erase("cruid");
    if (!wantsKerberos) {
        if (isKerberos(values)) {
            values.erase("sec");
        }
        return;
    }
    if (!isPrincipal(security.principal)) {
        throw Error(Errc::Configuration,
                    "mount.cifs can't be told of the principal '" + printable(security.principal) +
                        "'");
    }
    values["sec"] = "krb5";
    values["cruid"] = "0";
    values["username"] = security.principal;
}

} // namespace

bool usesKerberos(std::string_view options) {
    const auto all = split(options, ",");
    return std::any_of(
        all.begin(), all.end(), [](std::string_view one) { return one.starts_with("sec=krb5"); });
}

std::string snapshotMountOptions(const std::optional<std::string>& baseOptions,
                                 const ServerId& server,
                                 std::uint32_t uid,
                                 const MountSecurity& security) {
    Values values;
    if (baseOptions) {
        values = baseValues(*baseOptions);
    } else if (security.encrypted) {
        values["seal"] = "";
    }
    setLogin(values, security);
    if (!baseOptions || !decidesByMode(*baseOptions, values)) {
        makePrivate(values, uid);
    }
    if (server.port != kSmbPort) {
        values["port"] = std::to_string(server.port);
    }
    std::string out(kAlways);
    for (const Option& option : kOptions) {
        const auto value = values.find(option.name);
        if (value != values.end()) {
            out += "," + std::string(option.name) +
                   (option.isValue == nullptr ? "" : "=" + value->second);
        }
    }
    return out;
}

std::string
snapshotMountSource(std::string_view server, std::string_view exposed, std::string_view directory) {
    const auto isOneName = [](std::string_view name) {
        return !name.empty() && isMountable(name) && name.find('/') == std::string_view::npos;
    };
    if (!isOneName(server) || !isMountable(directory)) {
        throw Error(Errc::InvalidSource,
                    "mount.cifs can't be told of '" + printable(directory) + "' on '" +
                        printable(server) + "'");
    }
    if (!isOneName(exposed)) {
        throw Error(Errc::Protocol,
                    "the server named the exposed share '" + printable(exposed) +
                        "', which mount.cifs can't be told of");
    }
    std::string source = "//" + std::string(server) + "/" + std::string(exposed);
    for (const std::string_view name : components(directory)) {
        source += "/" + std::string(name);
    }
    return source;
}

} // namespace fsrvp::mount
