// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <string>

namespace fsrvp {

/// What a server says of itself before anybody has logged in (MS-SMB2 2.2.4).
struct Greeting {
    std::string address; ///< the one that answered, as text
    std::string dialect; ///< "2.1", "3.0", "3.0.2", "3.1.1"
    bool canEncrypt = false;
    bool requiresSigning = false;
    std::chrono::seconds clockAhead{}; ///< how far the server's clock is before ours

    bool operator==(const Greeting&) const = default;
};

} // namespace fsrvp
