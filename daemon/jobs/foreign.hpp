// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/finding.hpp"
#include "daemon/model/server_id.hpp"
#include "db/store.hpp"

#include <map>
#include <string>
#include <vector>

namespace fsrvp::jobs {

/// The names of a server's shares, by their lower case.
using ListedShares = std::map<std::string, std::string>;

/// Those that are named as exposed snapshots are, and are in no record that is in use.
std::vector<Finding>
foreignShares(db::Store& store, const ServerId& server, const ListedShares& listed);

} // namespace fsrvp::jobs
