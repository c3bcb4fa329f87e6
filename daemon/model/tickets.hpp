// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <string>

namespace fsrvp {

/// That a login gets Kerberos tickets.
struct Tickets {
    std::string principal; ///< "backup@LAB.EXAMPLE"
    std::chrono::seconds validFor{};

    bool operator==(const Tickets&) const = default;
};

} // namespace fsrvp
