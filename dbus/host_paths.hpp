// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/source.hpp"
#include "daemon/mount/mounter.hpp"
#include "dbus/callers.hpp"

#include <string>

namespace fsrvp {

/// Reads the paths in a method call. They mean the mount namespace that is mounted in, so a caller
/// in another one, say in a container, may not give any.
class HostPaths {
  public:
    HostPaths(const mount::Mounter& mounter, const Caller& caller)
        : mounter_(mounter), pid_(caller.pid) {}

    /// @throws Error(InvalidSource) as mount::parseSource(), or for a path from another namespace
    Source source(const std::string& text) const;
    /// @throws Error(InvalidArgument) no absolute path, or one from another namespace
    std::string destination(const std::string& text) const;

  private:
    bool isCallersToo(const mount::MountTable& host) const;

    const mount::Mounter& mounter_;
    std::uint32_t pid_;
};

} // namespace fsrvp
