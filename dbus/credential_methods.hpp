// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"
#include "daemon/credentials/credential_store.hpp"
#include "dbus/callers.hpp"
#include "dbus/options.hpp"

#include <string>
#include <tuple>
#include <vector>

namespace fsrvp {

/// What the manager's methods for credentials do. They are for administrators; who is none has
/// nothing read of what he passed.
class CredentialMethods {
  public:
    /// Both borrowed.
    CredentialMethods(EventLoop& loop, Callers& callers, CredentialStore& store)
        : loop_(loop), callers_(callers), store_(store) {}

    CredentialMethods(const CredentialMethods&) = delete;
    CredentialMethods& operator=(const CredentialMethods&) = delete;

    Task<std::tuple<>> set(std::string sender, std::string name, UniqueFd secret, Variants options);
    Task<std::tuple<>> remove(std::string sender, std::string name, Variants options);
    Task<std::tuple<std::vector<Variants>>> list(std::string sender, Variants options);

  private:
    EventLoop& loop_;
    Callers& callers_;
    CredentialStore& store_;
    Cancellation never_; ///< what a method began goes on when its caller has gone
};

} // namespace fsrvp
