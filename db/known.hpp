// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "db/database.hpp"

#include <optional>
#include <string>

namespace fsrvp::db {

/// The value that a state's text was read as. The schema's checks let only known ones in, but a
/// file may come from elsewhere.
/// @throws Error(Database)
template <class T>
T known(const Database& database, const std::optional<T>& value, const std::string& text) {
    if (!value) {
        throw Error(Errc::Database,
                    "cannot read " + database.path().string() + ": '" + text + "' is no state")
            .withHint(kDamagedFileHint);
    }
    return *value;
}

} // namespace fsrvp::db
