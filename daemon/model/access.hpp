// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/login.hpp"
#include "daemon/model/server_id.hpp"

#include <optional>
#include <string_view>

namespace fsrvp {

/// How each RPC call is protected (MS-FSRVP 3.1.4 wants integrity or privacy).
enum class RpcProtection {
    None,      ///< the SMB session's own protection alone
    Integrity, ///< signed
    Privacy,   ///< signed and encrypted
};
/// "none", "integrity", "privacy".
std::string_view rpcProtectionName(RpcProtection protection) noexcept;
std::optional<RpcProtection> parseRpcProtection(std::string_view name) noexcept;

enum class SmbEncryption {
    Preferred, ///< used where the server has it
    Required,
};
/// "preferred", "required".
std::string_view smbEncryptionName(SmbEncryption encryption) noexcept;
std::optional<SmbEncryption> parseSmbEncryption(std::string_view name) noexcept;

/// All that is needed to speak to a server: where it is, as whom, and how protected.
struct Access {
    ServerId server;
    Login login;
    RpcProtection rpc = RpcProtection::Privacy;
    SmbEncryption encryption = SmbEncryption::Required;

    bool operator==(const Access&) const = default;
};

} // namespace fsrvp
