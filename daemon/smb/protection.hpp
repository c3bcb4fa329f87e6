// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/access.hpp"
#include "daemon/model/greeting.hpp"

#include <cstdint>

namespace fsrvp::smb {

/// What the two ends of a bind have agreed on, in the numbers of MS-RPCE 2.2.1.1.7 and 2.2.1.1.8.
struct Agreed {
    std::uint32_t type = 0;     ///< 0: none, 9: SPNEGO, 10: NTLM, 16: Kerberos
    std::uint32_t level = 1;    ///< 1: none, 2: connect, 4: packet, 5: integrity, 6: privacy
    bool headerSigning = false; ///< the calls' headers are signed with them
};

/// @throws Error(NotSupported)  it is not what was asked for: says both
void requireProtection(Auth auth, RpcProtection asked, const Agreed& got);

/// @throws Error(NotSupported)  SMB encryption is required, and the server has none
void requireEncryption(SmbEncryption asked, const Greeting& greeting);

} // namespace fsrvp::smb
