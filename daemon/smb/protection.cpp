// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/protection.hpp"

#include "daemon/base/error.hpp"

#include <string>

namespace fsrvp::smb {
namespace {

constexpr std::uint32_t kNone = 0;
constexpr std::uint32_t kLevelNone = 1;
constexpr std::uint32_t kLevelIntegrity = 5;
constexpr std::uint32_t kLevelPrivacy = 6;

std::uint32_t typeOf(Auth auth) {
    switch (auth) {
    case Auth::Ntlm:
        return 10;
    case Auth::Kerberos:
        return 16;
    case Auth::Negotiate:
        return 9;
    }
    return kNone;
}

std::string typeName(std::uint32_t type) {
    switch (type) {
    case kNone:
        return "no authentication";
    case 9:
        return "SPNEGO";
    case 10:
        return "NTLM";
    case 16:
        return "Kerberos";
    default:
        return "authentication of type " + std::to_string(type);
    }
}

std::string levelName(std::uint32_t level) {
    switch (level) {
    case kLevelNone:
        return "no protection";
    case 2:
        return "authentication of the connection alone";
    case kLevelIntegrity:
        return "packet integrity";
    case kLevelPrivacy:
        return "packet privacy";
    default:
        return "protection of level " + std::to_string(level);
    }
}

[[noreturn]] void refuse(const std::string& message, const char* hint) {
    throw Error(Errc::NotSupported, message).withHint(hint);
}

} // namespace

void requireProtection(Auth auth, RpcProtection asked, const Agreed& got) {
    if (asked == RpcProtection::None) {
        if (got.type != kNone) {
            refuse("no protection of the RPC calls was asked for, the server agreed on " +
                       typeName(got.type),
                   "set \"rpc_protection\" to \"privacy\" for this server in servers.d");
        }
        return;
    }
    const bool isPrivacy = asked == RpcProtection::Privacy;
    const std::uint32_t level = isPrivacy ? kLevelPrivacy : kLevelIntegrity;
    const std::string wanted = typeName(typeOf(auth)) + " with " + levelName(level);
    if (got.type == kNone) {
        refuse("the server agreed on no authentication of the RPC calls, " + wanted +
                   " was asked for",
               "update the server: MS-FSRVP demands packet integrity or privacy");
    }
    if (got.type != typeOf(auth)) {
        refuse("the server agreed on " + typeName(got.type) + " for the RPC calls, " + wanted +
                   " was asked for",
               "set \"auth\" in servers.d to what the server offers, or update the server");
    }
    if (got.level != level) {
        refuse("the server agreed on " + levelName(got.level) + " for the RPC calls, " + wanted +
                   " was asked for",
               isPrivacy ? "update the server, or set \"rpc_protection\" to \"integrity\" for it "
                           "in servers.d"
                         : "update the server, or set \"rpc_protection\" to \"privacy\" for it in "
                           "servers.d");
    }
    if (!got.headerSigning) {
        refuse("the server does not sign the headers of RPC calls, " + wanted +
                   " and header signing was asked for",
               "update the server: without it a call could be turned into another on its way");
    }
}

void requireEncryption(SmbEncryption asked, const Greeting& greeting) {
    if (asked == SmbEncryption::Required && !greeting.canEncrypt) {
        refuse("the server has no SMB encryption (SMB " + greeting.dialect + "), which is required",
               "turn on SMB encryption on the server, or set \"encryption\" to \"preferred\" for "
               "it in servers.d");
    }
}

} // namespace fsrvp::smb
