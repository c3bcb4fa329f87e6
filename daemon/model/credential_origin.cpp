// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/credential_origin.hpp"

#include "daemon/base/error.hpp"

namespace fsrvp {
namespace {

constexpr std::string_view kStored = "stored:";
constexpr std::string_view kFile = "file:";
constexpr std::string_view kKeytab = "keytab";

} // namespace

std::string CredentialOrigin::text() const {
    switch (kind) {
    case Kind::Server:
        break;
    case Kind::Stored:
        return std::string(kStored) + name;
    case Kind::File:
        return std::string(kFile) + name;
    case Kind::Keytab:
        return std::string(kKeytab);
    }
    return {};
}

CredentialOrigin CredentialOrigin::parse(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    if (text.starts_with(kStored)) {
        return {Kind::Stored, std::string(text.substr(kStored.size()))};
    }
    if (text.starts_with(kFile)) {
        return {Kind::File, std::string(text.substr(kFile.size()))};
    }
    if (text == kKeytab) {
        return {Kind::Keytab, {}};
    }
    throw Error(Errc::Database, "'" + std::string(text) + "' is no origin of a credential");
}

} // namespace fsrvp
