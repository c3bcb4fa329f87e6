// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/source_parser.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/text.hpp"
#include "daemon/mount/path_text.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace fsrvp::mount {
namespace {

constexpr std::size_t kLongestSource = 16384; // a path of 4096 with each byte escaped, and a server
constexpr std::string_view kNameIt = "name the share as //server/share";

/// A source as a message may show it. What is between a scheme and an '@' may be a password, even
/// where the URL is too broken to say what is what.
std::string shown(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::size_t at = text.rfind('@');
    const bool isUrl = !text.starts_with('/') && !text.starts_with('\\');
    if (isUrl && at != std::string_view::npos && colon < at) {
        return "'" + printable(text.substr(0, colon + 1)) + "…" + printable(text.substr(at)) + "'";
    }
    return "'" + printable(text) + "'";
}

[[noreturn]] void
refuse(std::string_view text, const std::string& why, std::string_view hint = kNameIt) {
    throw Error(Errc::InvalidSource, shown(text) + " " + why).withHint(hint);
}

std::string join(const std::vector<std::string_view>& names) {
    std::string out;
    for (const std::string_view name : names) {
        out += (out.empty() ? "" : "/") + std::string(name);
    }
    return out;
}

std::optional<std::uint16_t> portNumber(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool good = problem == std::errc() && end == text.data() + text.size() && port != 0;
    return good ? std::optional(port) : std::nullopt;
}

void requireMountable(const Source& source, std::string_view text) {
    if (!isMountable(source.unc.server) || !isMountable(source.unc.share)) {
        refuse(text, "names a server or a share that mount.cifs can't be told of");
    }
    if (!isMountable(source.directory)) {
        refuse(text,
               "can't be mounted: mount.cifs takes no directory with a comma, a backslash, a "
               "control character, \".\" or \"..\" in its path, or with a name that is not UTF-8",
               "name a directory above it, or the whole share");
    }
}

// ---- //server/share/dir

/// Also a mount's source field, which the kernel shows with slashes.
Source parseUnc(std::string_view text) {
    if (hasControl(text) || !isUtf8(text)) {
        refuse(text, "has a control character or is not UTF-8");
    }
    constexpr std::string_view kSeparators = "/\\";
    const std::size_t server = text.find_first_not_of(kSeparators);
    const std::size_t afterServer = text.find_first_of(kSeparators, server);
    if (text.substr(0, afterServer).find('@') != std::string_view::npos) {
        throw Error(Errc::InvalidSource, "a share's name has no user in it").withHint(kNameIt);
    }
    const std::size_t share = afterServer == std::string_view::npos ? afterServer : afterServer + 1;
    const std::size_t afterShare = text.find_first_of(kSeparators, share);
    Source source;
    source.unc = Unc::parse(text.substr(0, afterShare));
    if (afterShare != std::string_view::npos) {
        source.directory = join(components(text.substr(afterShare), kSeparators));
    }
    return source;
}

// ---- smb://server/share/dir

int hexDigit(char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t at = kDigits.find(asciiLower(std::string_view(&c, 1)));
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// Decodes the percent escapes of one name. What it decodes to begins no other name, and has
/// nothing that no name has.
std::string decoded(std::string_view name, std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '%') {
            out += name[i];
            continue;
        }
        const bool two = name.size() - i > 2;
        const int high = two ? hexDigit(name[i + 1]) : -1;
        const int low = two ? hexDigit(name[i + 2]) : -1;
        if (high < 0 || low < 0) {
            refuse(text, "has a '%' without two hexadecimal digits", "write %25 for a '%'");
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (hasControl(out) || out.find_first_of("/\\") != std::string::npos || !isUtf8(out)) {
        refuse(text, "has a control character or a separator in a name, or is not UTF-8");
    }
    return out;
}

struct Authority {
    std::string host;
    std::optional<std::uint16_t> port;
};

/// "[::1]" of "[::1]:445"; of other texts, what is before the first colon.
std::string_view hostPart(std::string_view hostPort, std::string_view text) {
    if (!hostPort.starts_with('[')) {
        return hostPort.substr(0, hostPort.find(':'));
    }
    const std::size_t end = hostPort.find(']');
    in6_addr address{};
    if (end == std::string_view::npos ||
        inet_pton(AF_INET6, std::string(hostPort.substr(1, end - 1)).c_str(), &address) != 1) {
        refuse(text, "has no IPv6 address in its brackets");
    }
    return hostPort.substr(0, end + 1);
}

Authority parseAuthority(std::string_view authority, std::string_view text) {
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        if (authority.substr(0, at).find(':') != std::string_view::npos) {
            refuse(text,
                   "has a password in it, which others could read",
                   "leave user and password out: the configuration of the server has them");
        }
        authority.remove_prefix(at + 1);
    }
    const std::string_view host = hostPart(authority, text);
    const std::string_view rest = authority.substr(host.size());
    Authority parsed;
    parsed.host =
        host.starts_with('[') ? std::string(host.substr(1, host.size() - 2)) : decoded(host, text);
    if (!host.starts_with('[') && parsed.host.find(':') != std::string::npos) {
        refuse(text, "has a colon in its server's name");
    }
    // RFC 3986 allows the colon without a port.
    if (rest.size() > 1) {
        parsed.port = rest[0] == ':' ? portNumber(rest.substr(1)) : std::nullopt;
        if (!parsed.port) {
            refuse(text,
                   "has no port between 1 and 65535 after its colon",
                   "an IPv6 address is written in brackets: smb://[2001:db8::7]/share");
        }
    } else if (!rest.empty() && rest != ":") {
        refuse(text, "has something after the brackets that is no port");
    }
    return parsed;
}

Source parseUrl(std::string_view text, std::string_view afterScheme) {
    if (hasControl(text) || !isUtf8(text)) {
        refuse(text, "has a control character or is not UTF-8");
    }
    if (text.find_first_of("?#") != std::string_view::npos) {
        refuse(text, "has a query or a fragment", "write %3F for a '?', %23 for a '#'");
    }
    if (!afterScheme.starts_with("//")) {
        refuse(text, "has no // after its scheme", "smb://server/share");
    }
    afterScheme.remove_prefix(2);
    std::vector<std::string_view> pieces = split(afterScheme, "/");
    const Authority authority = parseAuthority(pieces[0], text);
    const std::string share = pieces.size() > 1 ? decoded(pieces[1], text) : "";
    if (authority.host.empty() || share.empty()) {
        refuse(text, "names no server or no share", "smb://server/share");
    }
    Source source;
    source.unc = Unc::parse("//" + authority.host + "/" + share);
    source.port = authority.port;
    for (std::size_t i = 2; i < pieces.size(); ++i) {
        if (!pieces[i].empty()) {
            source.directory += (source.directory.empty() ? "" : "/") + decoded(pieces[i], text);
        }
    }
    return source;
}

/// "smb" of "smb:…", RFC 3986, 3.1; empty where there is none.
std::string scheme(std::string_view text) {
    const std::string lower = asciiLower(text.substr(0, text.find(':')));
    const auto isLetter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto isAllowed = [&isLetter](char c) {
        return isLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    };
    const bool good = lower.size() < text.size() && !lower.empty() && isLetter(lower[0]) &&
                      std::all_of(lower.begin(), lower.end(), isAllowed);
    return good ? lower : "";
}

// ---- /path/on/a/mount

[[noreturn]] void refuseOther(std::string_view path, const MountEntry* entry) {
    if (!entry) {
        refuse(path, "is on no mount of the host");
    }
    std::string_view hint = kNameIt;
    if (entry->fsType == "fuse.gvfsd-fuse") {
        hint = "name the share as //server/share or smb://server/share: this is a desktop's view "
               "of it";
    } else if (entry->fsType == "autofs") {
        hint = "look into the directory first so that it is mounted, or name the share as "
               "//server/share";
    }
    refuse(path, "is on " + printable(entry->fsType) + ", not on a cifs mount", hint);
}

std::optional<std::uint16_t> portOption(std::string_view options) {
    constexpr std::string_view kKey = "port=";
    for (const std::string_view option : split(options, ",")) {
        if (option.starts_with(kKey)) {
            return portNumber(option.substr(kKey.size()));
        }
    }
    return std::nullopt;
}

Source parseMountSource(const MountEntry& entry) {
    try {
        return parseUnc(entry.source);
    } catch (const Error& error) {
        throw error.withContext("the mount on '" + printable(entry.mountPoint) + "'");
    }
}

Source parsePath(std::string_view path, const MountTable& host) {
    const auto names = components(path);
    for (const std::string_view name : names) {
        if (name == "." || name == "..") {
            refuse(path, "is not canonical", "give the path without \".\" and \"..\"");
        }
    }
    const MountEntry* entry = host.covering(path);
    if (!entry || !entry->isCifs()) {
        refuseOther(path, entry);
    }
    // The kernel appends this to a directory that was removed while it is mounted.
    if (entry->root.ends_with("//deleted")) {
        refuse(path, "is a directory that was removed from the share");
    }
    Source source = parseMountSource(*entry);
    // The root of a mount of //fs1/data/sub is "/": since Linux 5.11 the kernel begins each file
    // system at its source's directory (CIFS_MOUNT_USE_PREFIX_PATH). So that of a bind mount
    // counts from there, even where it looks like the directory from the share's root.
    std::vector<std::string_view> directory = components(source.directory);
    for (const std::string_view name : components(entry->root)) {
        directory.push_back(name);
    }
    const auto below = static_cast<std::ptrdiff_t>(components(entry->mountPoint).size());
    directory.insert(directory.end(), names.begin() + below, names.end());
    source.directory = join(directory);
    source.baseOptions = entry->superOptions;
    source.port = portOption(entry->superOptions);
    return source;
}

Source parseForm(std::string_view text, const MountTable& host) {
    if (isPath(text)) {
        return parsePath(text, host);
    }
    if (text.starts_with("//") || text.starts_with("\\\\")) {
        return parseUnc(text);
    }
    const std::string found = scheme(text);
    if (found == "smb" || found == "cifs") {
        return parseUrl(text, text.substr(found.size() + 1));
    }
    if (found == "file") {
        refuse(text, "is a file: URL", "give the path alone");
    }
    if (!found.empty()) {
        refuse(text, "has a scheme other than smb:", "smb://server/share");
    }
    refuse(text, "is neither an absolute path nor //server/share nor smb://server/share");
}

} // namespace

bool isPath(std::string_view source) {
    return source.starts_with('/') && !source.starts_with("//");
}

bool isMountable(std::string_view directory) {
    const auto names = split(directory, "/");
    const bool dots = std::any_of(names.begin(), names.end(), [](std::string_view name) {
        return name == "." || name == "..";
    });
    return !dots && directory.find_first_of(",\\") == std::string_view::npos &&
           !hasControl(directory) && isUtf8(directory);
}

Source parseSource(std::string_view text, const MountTable& host) {
    if (text.size() > kLongestSource) {
        throw Error(Errc::InvalidSource,
                    "a source of " + std::to_string(text.size()) + " bytes is longer than the " +
                        std::to_string(kLongestSource) + " that there may be");
    }
    Source source = parseForm(text, host);
    requireMountable(source, text);
    return source;
}

} // namespace fsrvp::mount
