// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/secret.hpp"

#include <string>

namespace fsrvp {

/// As whom a server is spoken to. The user is never empty: Samba's libraries take that for an
/// anonymous session.
struct Login {
    std::string user;
    std::string domain;
    Secret password;

    bool operator==(const Login&) const = default;
};

} // namespace fsrvp
