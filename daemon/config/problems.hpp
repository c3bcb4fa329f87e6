// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace fsrvp::config {

/// Collects what is wrong with a configuration, so that an administrator sees all of it at once.
class Problems {
  public:
    void add(const Error& problem);

    bool isEmpty() const noexcept { return count_ == 0; }

    /// @throws Error with the code of the first problem, the messages of the first ten and the
    ///         hints of those
    void throwIfAny() const;

  private:
    std::vector<Error> kept_;
    std::size_t count_ = 0;
};

} // namespace fsrvp::config
