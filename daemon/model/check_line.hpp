// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace fsrvp {

/// One thing that `check` looked at on the way to a share.
struct CheckLine {
    std::string name;    ///< "name", "port", "dialect", "authentication", …
    std::string verdict; ///< "ok", "failed", "warning"; "not-tried" after something failed
    std::string text;    ///< what was found, or what went wrong
    std::string cure;    ///< what to do about it; empty where nothing is to be done
    std::string machine; ///< where the cure is for; empty without one

    bool operator==(const CheckLine&) const = default;
};

} // namespace fsrvp
