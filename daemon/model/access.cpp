// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/access.hpp"

#include "daemon/model/enum_names.hpp"

namespace fsrvp {
namespace {

constexpr std::array<std::string_view, 3> kAuths{"ntlm", "kerberos", "negotiate"};
constexpr std::array<std::string_view, 3> kRpcProtections{"none", "integrity", "privacy"};
constexpr std::array<std::string_view, 2> kSmbEncryptions{"preferred", "required"};

} // namespace

std::string_view authName(Auth auth) noexcept {
    return kAuths[static_cast<std::size_t>(auth)];
}

std::optional<Auth> parseAuth(std::string_view name) noexcept {
    return enumFromName<Auth>(kAuths, name);
}

std::string_view rpcProtectionName(RpcProtection protection) noexcept {
    return kRpcProtections[static_cast<std::size_t>(protection)];
}

std::optional<RpcProtection> parseRpcProtection(std::string_view name) noexcept {
    return enumFromName<RpcProtection>(kRpcProtections, name);
}

std::string_view smbEncryptionName(SmbEncryption encryption) noexcept {
    return kSmbEncryptions[static_cast<std::size_t>(encryption)];
}

std::optional<SmbEncryption> parseSmbEncryption(std::string_view name) noexcept {
    return enumFromName<SmbEncryption>(kSmbEncryptions, name);
}

} // namespace fsrvp
