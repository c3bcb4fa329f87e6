// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/secret.hpp"
#include "daemon/base/task.hpp"

#include <optional>
#include <string>

namespace fsrvp {

/// Encrypts what is to lie on the disk with a key of this host, and opens it again.
class Sealer {
  public:
    virtual ~Sealer() = default;

    /// Gives lines of text; nothing when this host can't encrypt.
    /// @throws Error(Failed, TimedOut) when it can and it did not work
    virtual Task<std::optional<std::string>> seal(Secret plain, Cancellation& cancellation) = 0;
    /// @param sealed  what seal() gave, perhaps long ago and on another host
    /// @throws Error(Failed, TimedOut)
    virtual Task<Secret> open(std::string sealed, Cancellation& cancellation) = 0;
};

/// Where no systemd runs: encrypts nothing.
class PlainSealer final : public Sealer {
  public:
    Task<std::optional<std::string>> seal(Secret plain, Cancellation& cancellation) override;
    Task<Secret> open(std::string sealed, Cancellation& cancellation) override;
};

} // namespace fsrvp
