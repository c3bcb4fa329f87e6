// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/server_id.hpp"
#include "db/store.hpp"

#include <map>
#include <string>
#include <vector>

namespace fsrvp::jobs {

/// The names of a server's shares, by their lower case.
using ListedShares = std::map<std::string, std::string>;

/// The one that is named as the exposed share of that copy; empty where none is.
std::string shareOf(const Guid& copy, const ListedShares& listed);

/// Those that are named as exposed snapshots are, and are in no record that is in use.
std::vector<Finding>
foreignShares(db::Store& store, const ServerId& server, const ListedShares& listed);

} // namespace fsrvp::jobs
