// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/snapshot.hpp"
#include "db/store.hpp"
#include "dbus/callers.hpp"

#include <string>

namespace fsrvp {

/// The snapshot of that number, GUID, beginning of a GUID (four characters at least), recorded
/// mount point, or exposed share (//server/data@{GUID}). A number comes before a GUID that begins
/// with the same digits.
/// @throws Error(InvalidArgument)  none of these, or the beginning of several GUIDs
/// @throws Error(NotFound)         no such snapshot, or one that the caller may not see
Snapshot lookUpSnapshot(db::Store& store, const Caller& caller, const std::string& text);

/// Whether lookUpSnapshot() takes it for a mount point.
inline bool isMountPoint(const std::string& text) {
    return text.starts_with('/') && !text.starts_with("//");
}

} // namespace fsrvp
