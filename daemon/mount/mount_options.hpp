// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/server_id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fsrvp::mount {

/// How a mount speaks to its server.
struct MountSecurity {
    std::string principal; ///< of Kerberos; empty: NTLM, with a credentials file
    bool encrypted = true; ///< where no base mount says it
};

/// The options for mount.cifs, without credentials: always ro,nosuid,nodev,noexec and the port
/// where it is not 445. With a base mount, those of its options that docs/architecture.md lists
/// ("Options of a mount"), each only if its value is one that the kernel prints for it (`addr`
/// becomes `ip`), and nothing else of it. Without one: seal, file_mode=0400, dir_mode=0500, uid
/// and forceuid for the caller; these four also with a base mount that does not decide by owner and
/// mode who may read (multiuser, posix, unix), in place of all options that say who may. A value
/// that is not of the expected form is left out: the result never holds a character of a user's
/// besides what these forms allow.
///
/// `sec` and `cruid` are the base's only if it speaks as we do. With Kerberos otherwise sec=krb5,
/// cruid=0 and the principal as username: cifs.upcall then takes root's own tickets, or gets some
/// with the principal's keys from /etc/krb5.keytab, at each reconnection too (measured with
/// cifs-utils 7.0: for uid 0 it looks at no environment, and for others at that of whoever happens
/// to read).
/// @throws Error(Configuration) for a principal that can't be an option
std::string snapshotMountOptions(const std::optional<std::string>& baseOptions,
                                 const ServerId& server,
                                 std::uint32_t uid,
                                 const MountSecurity& security);

/// Whether a mount with these options takes its login from Kerberos, not from a credentials file.
bool usesKerberos(std::string_view options);

/// What= of a mount: "//server/exposed" or "//server/exposed/dir".
/// @throws Error(InvalidSource) for a directory, Error(Protocol) for an exposed name, that
///         mount.cifs would read options in (isMountable)
std::string
snapshotMountSource(std::string_view server, std::string_view exposed, std::string_view directory);

} // namespace fsrvp::mount
