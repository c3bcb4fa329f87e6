// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/mount_entries.hpp"

#include "daemon/base/text.hpp"

#include <mntent.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>

namespace fsrvp {
namespace {

/// What an entry says of one mount.
struct MountEntryText {
    std::string what;
    std::string type;
    std::string options;
};

bool isOf(std::string what, const Unc& share) {
    std::replace(what.begin(), what.end(), '\\', '/');
    const std::string wanted = asciiLower(share.text());
    const std::string found = asciiLower(what);
    return found.starts_with(wanted) &&
           (found.size() == wanted.size() || found[wanted.size()] == '/');
}

/// The value of the last credentials= or cred= in the options, as mount.cifs takes it.
std::optional<std::string> credentialsOption(std::string_view options) {
    std::optional<std::string> value;
    while (!options.empty()) {
        const std::size_t end = std::min(options.find(','), options.size());
        const std::string_view option = options.substr(0, end);
        for (const std::string_view key : {"credentials=", "cred="}) {
            if (option.starts_with(key)) {
                value = option.substr(key.size());
            }
        }
        options.remove_prefix(std::min(end + 1, options.size()));
    }
    return value;
}

std::optional<std::string> credentialsOf(const MountEntryText& entry, const Unc& share) {
    const bool isCifs = entry.type == "cifs" || entry.type == "smb3";
    return isCifs && isOf(entry.what, share) ? credentialsOption(entry.options) : std::nullopt;
}

std::optional<std::string> inFstab(const std::string& path, const Unc& share) {
    struct Close {
        void operator()(FILE* file) const noexcept { ::endmntent(file); }
    };

    const std::unique_ptr<FILE, Close> file(::setmntent(path.c_str(), "re"));
    if (!file) {
        return std::nullopt;
    }
    std::array<char, 8192> buffer{};
    mntent entry{};
    while (::getmntent_r(file.get(), &entry, buffer.data(), buffer.size()) != nullptr) {
        if (auto found = credentialsOf({entry.mnt_fsname, entry.mnt_type, entry.mnt_opts}, share)) {
            return found;
        }
    }
    return std::nullopt;
}

/// What=, Type= and Options= of a unit file's section [Mount] (systemd.syntax(7); no drop-ins).
MountEntryText readUnit(const std::filesystem::path& path) {
    MountEntryText entry;
    std::ifstream file(path);
    bool isMountSection = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('[')) {
            isMountSection = line.starts_with("[Mount]");
            continue;
        }
        const std::size_t equals = line.find('=');
        if (!isMountSection || equals == std::string::npos || line.front() == '#' ||
            line.front() == ';') {
            continue;
        }
        const auto trimmed = [](std::string_view text) {
            const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
            return std::string(text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin));
        };
        const std::string key = trimmed(std::string_view(line).substr(0, equals));
        const std::string value = trimmed(std::string_view(line).substr(equals + 1));
        if (key == "What") {
            entry.what = value;
        } else if (key == "Type") {
            entry.type = value;
        } else if (key == "Options") {
            entry.options = value;
        }
    }
    return entry;
}

std::vector<std::filesystem::path> mountUnitsIn(const std::string& directory) {
    std::vector<std::filesystem::path> units;
    std::error_code failure;
    std::filesystem::directory_iterator entry(directory, failure);
    for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
        if (entry->path().extension() == ".mount") {
            units.push_back(entry->path());
        }
    }
    std::sort(units.begin(), units.end());
    return units;
}

} // namespace

std::optional<std::string> credentialsFileOfEntry(const Unc& share,
                                                  const MountEntryPlaces& places) {
    if (auto found = inFstab(places.fstab, share)) {
        return found;
    }
    std::set<std::string> seen;
    for (const std::string& directory : places.units) {
        for (const std::filesystem::path& unit : mountUnitsIn(directory)) {
            if (!seen.insert(unit.filename().string()).second) {
                continue;
            }
            if (auto found = credentialsOf(readUnit(unit), share)) {
                return found;
            }
        }
    }
    return std::nullopt;
}

} // namespace fsrvp
