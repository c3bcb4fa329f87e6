// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/helper_words.hpp"

#include "daemon/mount/path_text.hpp"

#include <charconv>
#include <optional>

namespace fsrvp::mount {
namespace {

constexpr std::size_t kMaxWords = 500;
constexpr std::string_view kErrorMark = "mount error(";
/// mount.cifs writes these two right after its "could not connect to ADDRESS".
constexpr std::string_view kGlued[] = {kErrorMark, "Unable to find suitable address."};

/// Boilerplate: where to read more, and advice to speak SMB1, which has no snapshots.
constexpr std::string_view kIdle[] = {"Refer to the ",
                                      "This can happen if the server does not support the SMB ",
                                      "The default SMB version recently changed "};

bool isIdle(std::string_view line) {
    return std::any_of(std::begin(kIdle), std::end(kIdle), [line](std::string_view start) {
        return line.starts_with(start);
    });
}

/// The lines that say something, without what surrounds them.
std::vector<std::string_view> usefulLines(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::string_view line : split(text, "\r\n")) {
        const std::size_t first = line.find_first_not_of(" \t");
        if (first == std::string_view::npos || isIdle(line.substr(first))) {
            continue;
        }
        line = line.substr(first, line.find_last_not_of(" \t.") + 1 - first);
        if (!line.empty()) {
            lines.push_back(line);
        }
    }
    return lines;
}

std::string unglued(std::string_view line) {
    std::string out(line);
    for (const std::string_view mark : kGlued) {
        const std::string_view start = mark.substr(0, mark.find_last_not_of('.') + 1);
        for (std::size_t at = out.find(start, 1); at != std::string::npos;
             at = out.find(start, at + start.size() + 2)) {
            if (out[at - 1] != ' ') {
                out.insert(at, "; ");
            }
        }
    }
    return out;
}

/// At most kMaxWords bytes, cut between characters.
std::string cut(std::string text) {
    if (text.size() <= kMaxWords) {
        return text;
    }
    std::size_t end = kMaxWords;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) {
        --end;
    }
    return text.substr(0, end) + "…";
}

std::string words(std::string_view text, const std::string& program) {
    std::string out;
    for (const std::string_view line : usefulLines(text)) {
        out += (out.empty() ? "" : "; ") +
               (line.starts_with(kErrorMark) ? unglued(line) : std::string(line));
    }
    return out.empty() ? program + " said nothing" : cut(printable(out));
}

std::optional<int> numberAfter(std::string_view text) {
    int value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool closed = end != text.data() + text.size() && *end == ')';
    return problem == std::errc() && closed ? std::optional(value) : std::nullopt;
}

/// The errno of the last attempt; each address of a server is one. Only lines that begin with the
/// mark count, since a path has whatever its owner likes.
int errorNumber(std::string_view text) {
    int last = 0;
    for (const std::string_view line : usefulLines(text)) {
        if (line.starts_with(kErrorMark)) {
            const std::size_t at = line.rfind(kErrorMark) + kErrorMark.size();
            last = numberAfter(line.substr(at)).value_or(last);
        }
    }
    return last;
}

Errc codeFor(int number) {
    switch (number) {
    case 2: // ENOENT
        return Errc::NotFound;
    case 13: // EACCES
        return Errc::AuthenticationFailed;
    case 126: // ENOKEY: no Kerberos ticket
        return Errc::NoCredential;
    case 16: // EBUSY
        return Errc::Busy;
    case 101: // ENETUNREACH
    case 111: // ECONNREFUSED
    case 112: // EHOSTDOWN
    case 113: // EHOSTUNREACH
        return Errc::Unreachable;
    default:
        return Errc::Failed;
    }
}

} // namespace

Error mountFailure(std::string_view stderrText) {
    const int number = errorNumber(stderrText);
    Error error(codeFor(number), words(stderrText, "mount.cifs"));
    if (number == 126) {
        return error.withHint("the kernel asks cifs.upcall for a Kerberos ticket, which looks at "
                              "root's own tickets (klist) and for the keys of the mount's username "
                              "in /etc/krb5.keytab: put them there, and install keyutils");
    }
    return error;
}

Error unmountFailure(std::string_view stderrText) {
    const auto lines = usefulLines(stderrText);
    const bool busy = std::any_of(lines.begin(), lines.end(), [](std::string_view line) {
        return line.ends_with(": target is busy");
    });
    return {busy ? Errc::Busy : Errc::Failed, words(stderrText, "umount")};
}

} // namespace fsrvp::mount
