// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/config/config.hpp"

#include <memory>
#include <optional>
#include <string>

namespace fsrvp {

/// The configuration of a running fsrvpd. A broken file changes nothing: what was read before
/// stays. Broken from the start, every job is refused with what is wrong, until it is mended.
class LiveConfig {
  public:
    explicit LiveConfig(std::string directory) : directory_(std::move(directory)) {}

    /// Reads the directory anew and gives the problem, if there is one.
    std::optional<Error> reload();

    /// @throws Error(Configuration) when it never could be read
    std::shared_ptr<const Config> current() const;

  private:
    std::string directory_;
    std::shared_ptr<const Config> config_;
    std::optional<Error> problem_;
};

} // namespace fsrvp
