// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/server_id.hpp"

#include <arpa/inet.h>

namespace fsrvp {

bool isAddress(const std::string& host) noexcept {
    in6_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

std::string ServerId::text() const {
    return port == kSmbPort ? host : host + ":" + std::to_string(port);
}

} // namespace fsrvp
