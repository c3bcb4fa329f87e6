// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/channel.hpp"

#include <chrono>
#include <string>

namespace fsrvp::smb {

/// Whether the share is the root of a DFS namespace, whose folders lie in shares of other servers:
/// NetrShareGetInfo at level 1005 (MS-SRVS 3.1.4.10 and 2.2.4.29).
/// @param srvsvc  the server's pipe of that name
/// @throws Error when the server does not tell
bool isDfsRoot(Channel& srvsvc, const std::string& share, std::chrono::milliseconds timeout);

} // namespace fsrvp::smb
