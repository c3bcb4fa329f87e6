// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/server_id.hpp"

namespace fsrvp {

std::string ServerId::text() const {
    return port == kSmbPort ? host : host + ":" + std::to_string(port);
}

} // namespace fsrvp
