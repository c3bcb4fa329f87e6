// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/task.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace fsrvp {

/// Who sent a method call.
struct Caller {
    std::uint32_t uid = 0;
    std::uint32_t pid = 0;
    bool isAdministrator = false; ///< root, or the user who runs this fsrvpd

    /// @throws Error(NotAuthorized)
    void requireAdministrator(const char* toDoWhat) const;

    bool maySee(std::uint32_t ownerUid) const noexcept {
        return isAdministrator || ownerUid == uid;
    }
};

/// Asks the bus once a connection for its user and process; unique names are never used again.
class Callers {
  public:
    Callers(EventLoop& loop, sdbus::IConnection& connection);

    /// @param sender  a unique name. @throws Error(NotAuthorized) when it has gone
    Task<Caller> identify(std::string sender);

  private:
    EventLoop& loop_;
    std::unique_ptr<sdbus::IProxy> bus_;
    std::map<std::string, Caller> known_;
};

} // namespace fsrvp
