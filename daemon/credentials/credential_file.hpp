// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/secret.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// What a credential is as bytes, both as it lies on the disk and as it is encrypted: a line of
/// JSON that says what it is, which is not secret, and what follows. On the disk that is what
/// systemd-creds gave, or the secret in hexadecimal digits; encrypted are the same line, so that
/// nobody can exchange files, and the secret itself.
namespace fsrvp {

enum class CredentialKind { Password, Keytab };
/// "password", "keytab"
std::string_view credentialKindName(CredentialKind kind) noexcept;
std::optional<CredentialKind> parseCredentialKind(std::string_view name) noexcept;

/// Of a password as of a keytab: no more bytes.
inline constexpr std::size_t kMostPassword = 4096;
inline constexpr std::size_t kMostKeytab = 20UL * 1024;

/// What is known of a credential, without its secret.
struct StoredCredential {
    std::string name;
    CredentialKind kind = CredentialKind::Password;
    std::string user; ///< empty only with a keytab: its first principal
    std::string domain;
    bool isEncrypted = false;
    std::string problem; ///< why it cannot be used, as far as that shows without opening it

    bool operator==(const StoredCredential&) const = default;
};

/// A name is of A-Z a-z 0-9 . _ -, does not begin with a dot and has 1 to 64 bytes.
bool isCredentialName(std::string_view name) noexcept;

/// @throws Error(InvalidArgument) unless it is one; does not quote it
void checkCredentialName(std::string_view name);

/// @throws Error(InvalidArgument) for a user, domain or secret that can't be one; says why, and
///         never with the secret
void checkCredential(const StoredCredential& about, const Secret& secret);

/// What is to be encrypted.
Secret encodePlain(const StoredCredential& about, const Secret& secret);
/// @throws Error(Configuration) for what encodePlain() never gave, or gave for another credential:
///         name, kind, user or domain are others
Secret decodePlain(const Secret& plain, const StoredCredential& about);

/// What lies on the disk where it is encrypted, or is not. The second is secret.
std::string encodeSealed(const StoredCredential& about, const std::string& sealed);
Secret encodeUnsealed(const StoredCredential& about, const Secret& secret);

struct CredentialFile {
    StoredCredential about;
    std::string sealed; ///< where it is encrypted
    Secret secret;      ///< where it is not
};

/// @param name  by which it lies there. @throws Error(Configuration) says what is wrong with it
CredentialFile decodeFile(std::string_view text, const std::string& name);

} // namespace fsrvp
