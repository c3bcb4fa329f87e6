// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/snapshot.hpp"

#include <nlohmann/json.hpp>

namespace fsrvp {

/// "2026-11-22T07:30:00.000000Z".
std::string rfc3339(TimeUs time);

/// One element of `fsrvpctl list --json`, schema 1; a line of Manager.ExportSnapshots.
nlohmann::ordered_json snapshotToJson(const Snapshot& snapshot);

} // namespace fsrvp
