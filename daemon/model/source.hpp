// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/unc.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace fsrvp {

/// What a snapshot is asked of: a share, and where in it the asker stands. The snapshot is of the
/// whole share; its mount shows the same sub-directory.
struct Source {
    Unc unc;
    std::optional<std::uint16_t> port; ///< nothing: as the configuration says for this server
    std::string directory;             ///< "sub/dir" in the share; empty: its root
    /// The super options of the cifs mount that the source is a path on, as mountinfo has them;
    /// nothing for a source that is no path.
    std::optional<std::string> baseOptions;

    bool operator==(const Source&) const = default;
};

} // namespace fsrvp
