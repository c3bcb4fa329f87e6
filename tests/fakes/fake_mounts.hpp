// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/snapshot.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace fsrvp::test {

/// The mounts of a FakeManager's host, in memory: of shares, and of snapshots, which know
/// themselves where they are mounted. Paths must be canonical, as the API wants them.
class FakeMounts {
  public:
    using Snapshots = std::map<std::int64_t, Snapshot>;

    /// A share is mounted there, so that paths below it are sources.
    void addShare(const std::string& path, const Unc& share) { shares_[path] = share; }

    /// Nothing can be mounted there.
    void refuse(const std::string& path, const Error& error) { refusals_.emplace(path, error); }

    /// mount(8) fails with this from now on.
    void fail(const Error& error) { failure_ = error; }

    /// Somebody uses what is mounted there.
    void hold(const std::string& path, const std::string& who) { holders_[path] = who; }

    /// The share that a source is of. @throws Error(InvalidSource) none
    Unc shareOf(const std::string& source) const;
    /// @throws Error no snapshot can be mounted there
    void checkDestination(const Snapshots& all, const std::string& path) const;
    /// @param path  empty for the default one
    void mount(Snapshot& snapshot, const std::string& path) const;
    /// All of it, or only this mount point. @throws Error(Busy) somebody uses it, and not lazy
    void unmount(Snapshot& snapshot, const std::optional<std::string>& path, bool lazy) const;

  private:
    void unmountOne(Snapshot& snapshot, const std::string& path, bool lazy) const;

    std::map<std::string, Unc> shares_;
    std::map<std::string, Error> refusals_;
    std::map<std::string, std::string> holders_;
    std::optional<Error> failure_;
};

/// Whether it is to be mounted there.
bool hasMountPoint(const Snapshot& snapshot, const std::string& path);

} // namespace fsrvp::test
