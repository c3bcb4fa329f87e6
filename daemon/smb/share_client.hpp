// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/login.hpp"
#include "daemon/model/server_id.hpp"
#include "daemon/smb/backend.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct _SMBCCTX; // NOLINT(bugprone-reserved-identifier): libsmbclient's own name

namespace fsrvp::smb {

/// A server's shares, through libsmbclient; one context for one server and login. Encryption is
/// required, SMB 2.1 the floor, and nobody becomes anonymous.
class ShareClient {
  public:
    /// @param configuration  an smb.conf; replaces the process's settings
    /// @throws Error(NoCredential) for an empty user
    ShareClient(const std::filesystem::path& configuration,
                ServerId server,
                const Login& login,
                std::chrono::milliseconds timeout);

    std::vector<std::string> list();
    SharePresence probe(const std::string& share);

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
    Login login_;
    std::chrono::milliseconds timeout_;
    std::unique_ptr<_SMBCCTX, FreeContext> context_;
};

} // namespace fsrvp::smb
