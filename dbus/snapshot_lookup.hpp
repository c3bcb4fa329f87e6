// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/snapshot.hpp"
#include "db/store.hpp"
#include "dbus/callers.hpp"

#include <string>

namespace fsrvp {

/// The snapshot of that number, GUID, beginning of a GUID (four characters at least), or recorded
/// mount point. A number comes before a GUID that begins with the same digits.
/// @throws Error(InvalidArgument)  none of these, or the beginning of several GUIDs
/// @throws Error(NotFound)         no such snapshot, or one that the caller may not see
Snapshot lookUpSnapshot(db::Store& store, const Caller& caller, const std::string& text);

} // namespace fsrvp
