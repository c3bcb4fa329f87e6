// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/access.hpp"
#include "daemon/smb/backend.hpp"
#include "daemon/smb/identity.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct _SMBCCTX; // NOLINT(bugprone-reserved-identifier): libsmbclient's own name

namespace fsrvp::smb {

/// A server's shares, through libsmbclient; one context for one server and identity. SMB 2.1 is
/// the floor, signing required, and nobody becomes anonymous. What can be encrypted is; but
/// libsmbclient 4.17 does not insist on it, whatever it is told: where encryption is required, the
/// caller makes sure first that the server has it.
class ShareClient {
  public:
    /// With tickets, KRB5CCNAME of the process has to name their cache: libsmbclient looks there.
    /// @param configuration  an smb.conf; replaces the process's settings
    /// @param identity       outlives this
    ShareClient(const std::filesystem::path& configuration,
                const Access& access,
                const Identity& identity,
                std::chrono::milliseconds timeout);

    std::vector<std::string> list();
    SharePresence probe(const std::string& share);
    std::vector<std::string> listGmtDirectories(const std::string& share);

  private:
    struct FreeContext {
        void operator()(_SMBCCTX* context) const noexcept;
    };

    static void giveLogin(_SMBCCTX* context,
                          const char* server,
                          const char* share,
                          char* workgroup,
                          int workgroupSize,
                          char* user,
                          int userSize,
                          char* password,
                          int passwordSize);

    ServerId server_;
    const Identity& identity_;
    std::chrono::milliseconds timeout_;
    std::unique_ptr<_SMBCCTX, FreeContext> context_;
};

} // namespace fsrvp::smb
