// SPDX-License-Identifier: GPL-3.0-or-later
// What users and other mounts' owners can write: the first line is a source, the rest a mount
// table. The whole is also taken for a base mount's options, a helper's words and a path.
#include "daemon/base/error.hpp"
#include "daemon/mount/helper_words.hpp"
#include "daemon/mount/mount_options.hpp"
#include "daemon/mount/mount_table.hpp"
#include "daemon/mount/source_parser.hpp"
#include "daemon/mount/unit_name.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace fsrvp;
using namespace fsrvp::mount;

void demand(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_mount_text: %s\n", what);
        std::abort();
    }
}

/// What fn gives, or nothing when it refuses; any exception but an Error of this code is a finding.
template <class Fn> auto unlessRefused(Errc code, Fn&& fn) -> std::optional<decltype(fn())> {
    try {
        return fn();
    } catch (const Error& error) {
        demand(error.code() == code, "an error of another code");
        return std::nullopt;
    }
}

bool hasControl(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

/// Written down again, so that a slip in the daemon's list shows.
bool isAllowed(std::string_view option) {
    constexpr std::string_view kFlags[] = {
        "ro",
        "nosuid",
        "nodev",
        "noexec",
        "seal",
        "forceuid",
        "forcegid",
        "nounix",
        "mapposix",
        "serverino",
        "noperm",
        "cifsacl",
        "modefromsid",
        "idsfromsid",
        "soft",
        "hard",
    };
    constexpr std::string_view kKeys[] = {
        "vers",
        "sec",
        "port",
        "ip",
        "domain",
        "iocharset",
        "uid",
        "gid",
        "file_mode",
        "dir_mode",
        "cache",
        "echo_interval",
        "rsize",
        "cruid",
    };
    constexpr std::string_view kValue =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.:%_-";
    const std::size_t equals = option.find('=');
    if (equals == std::string_view::npos) {
        return std::find(std::begin(kFlags), std::end(kFlags), option) != std::end(kFlags);
    }
    const std::string_view value = option.substr(equals + 1);
    return std::find(std::begin(kKeys), std::end(kKeys), option.substr(0, equals)) !=
               std::end(kKeys) &&
           !value.empty() && value.find_first_not_of(kValue) == std::string_view::npos;
}

void checkOptions(const std::optional<std::string>& base) {
    const std::string options = snapshotMountOptions(base, ServerId{"fs1", 1445}, 1000, {});
    demand(options.starts_with("ro,nosuid,nodev,noexec,"), "a mount that is not read-only");
    demand(options.find("uid=") != std::string::npos, "nobody's mount");
    std::string_view rest = options;
    while (!rest.empty()) {
        const std::string_view option = rest.substr(0, rest.find(','));
        demand(isAllowed(option), "an option that is not on the list");
        rest.remove_prefix(std::min(rest.size(), option.size() + 1));
    }
}

void checkSource(const Source& source) {
    checkOptions(source.baseOptions);
    const std::string what = snapshotMountSource(source.unc.server, "data@{1}", source.directory);
    demand(!hasControl(what), "a control character in What");
    demand(what.find_first_of(",\\") == std::string::npos, "a comma or backslash in What");
    demand(what.find("//", 2) == std::string::npos, "a doubled separator in What");
    demand((what + "/").find("/../") == std::string::npos, "a way out of the share");
    demand(!source.unc.server.empty() && !source.unc.share.empty(), "no share");
    demand(source.unc == Unc::parse(source.unc.text()), "another share than it says");
    demand(source.port != 0, "port 0");
}

void checkTable(const MountTable& table, std::string_view path) {
    const MountEntry* entry = table.covering(path);
    demand(!entry || path.starts_with('/'), "a mount for a relative path");
    const MountEntry* exact = table.at(path);
    demand(!exact || exact == entry, "a mount point that is not what covers it");
}

void checkWords(const Error& error) {
    const std::string_view words = error.what();
    demand(!words.empty() && words.size() <= 520 && !hasControl(words), "no decent words");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string all(data, data + size);
    const std::string_view text = all;
    const std::string_view first = text.substr(0, text.find('\n'));
    const std::string_view rest = text.substr(std::min(text.size(), first.size() + 1));

    const auto table = unlessRefused(Errc::Failed, [&] { return MountTable::parse(rest); });
    const MountTable host = table.value_or(MountTable());
    checkTable(host, first);
    const auto source =
        unlessRefused(Errc::InvalidSource, [&] { return parseSource(first, host); });
    if (source) {
        checkSource(*source);
    }
    checkOptions(all);
    checkWords(mountFailure(all));
    checkWords(unmountFailure(all));
    const auto unit = unlessRefused(Errc::InvalidArgument, [&] { return mountUnitName(first); });
    demand(!unit || (unit->size() <= 255 && unit->find('/') == std::string::npos), "no unit name");
    return 0;
}
