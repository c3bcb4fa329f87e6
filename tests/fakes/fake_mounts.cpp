// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fake_mounts.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

namespace fsrvp::test {
namespace {

bool contains(const std::vector<std::string>& paths, const std::string& path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
}

bool isCanonical(const std::string& path) {
    return path.starts_with('/') && std::filesystem::path(path).lexically_normal() == path &&
           (path == "/" || !path.ends_with('/'));
}

/// "//server/share/dir" without "/dir".
Unc wholeShare(std::string_view unc) {
    std::size_t end = 2;
    for (int parts = 0; parts < 2 && end != std::string_view::npos; ++parts) {
        end = unc.find_first_of("/\\", end + (parts == 0 ? 0 : 1));
    }
    return Unc::parse(unc.substr(0, end));
}

} // namespace

Unc FakeMounts::shareOf(const std::string& source) const {
    if (source.starts_with("smb:")) {
        return wholeShare(std::string_view(source).substr(4));
    }
    if (source.starts_with("//") || source.starts_with("\\\\")) {
        return wholeShare(source);
    }
    if (!isCanonical(source)) {
        throw Error(Errc::InvalidSource, "'" + source + "' is no canonical path");
    }
    for (const auto& [path, share] : shares_) {
        if (source == path || source.starts_with(path + "/")) {
            return share;
        }
    }
    throw Error(Errc::InvalidSource, "'" + source + "' is not on a cifs mount");
}

void FakeMounts::checkDestination(const Snapshots& all, const std::string& path) const {
    if (!isCanonical(path)) {
        throw Error(Errc::InvalidArgument, "'" + path + "' is no canonical path");
    }
    if (const auto refusal = refusals_.find(path); refusal != refusals_.end()) {
        throw Error(refusal->second);
    }
    for (const auto& [id, snapshot] : all) {
        if (hasMountPoint(snapshot, path)) {
            throw Error(Errc::AlreadyExists, "'" + path + "' is a mount point already");
        }
    }
}

void FakeMounts::mount(Snapshot& snapshot, const std::string& path) const {
    if (failure_) {
        throw Error(*failure_);
    }
    const std::string where =
        path.empty() ? "/run/fsrvpd/mnt/" + std::to_string(snapshot.id) : path;
    std::erase(snapshot.absentMountPoints, where);
    if (!contains(snapshot.mountPoints, where)) {
        snapshot.mountPoints.push_back(where);
    }
}

void FakeMounts::unmount(Snapshot& snapshot,
                         const std::optional<std::string>& path,
                         bool lazy) const {
    if (path) {
        unmountOne(snapshot, *path, lazy);
        return;
    }
    const std::vector<std::string> all = snapshot.mountPoints;
    for (const std::string& one : all) {
        unmountOne(snapshot, one, lazy);
    }
    snapshot.absentMountPoints.clear();
}

void FakeMounts::unmountOne(Snapshot& snapshot, const std::string& path, bool lazy) const {
    const auto holder = holders_.find(path);
    if (holder != holders_.end() && !lazy) {
        throw Error(Errc::Busy, "'" + path + "' is in use by " + holder->second);
    }
    std::erase(snapshot.mountPoints, path);
    std::erase(snapshot.absentMountPoints, path);
}

bool hasMountPoint(const Snapshot& snapshot, const std::string& path) {
    return contains(snapshot.mountPoints, path) || contains(snapshot.absentMountPoints, path);
}

} // namespace fsrvp::test
