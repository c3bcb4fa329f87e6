// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/credentials/sealer.hpp"

#include <chrono>
#include <filesystem>

namespace fsrvp {

/// Has PID 1 run systemd-creds, outside of fsrvpd's sandbox: the sockets seal.socket and
/// open.socket start a service a connection, with the connection as its stdin and stdout. What is
/// written there until our side is shut comes back encrypted, or decrypted.
///
/// This host can't encrypt where there is no systemd-creds (systemd before 250), or where it failed
/// and there is no host key still, which it makes when it needs one.
class SystemdSealer final : public Sealer {
  public:
    /// What must be there.
    struct Host {
        std::filesystem::path program = "/usr/bin/systemd-creds";
        std::filesystem::path key = "/var/lib/systemd/credential.secret";
    };

    /// @param runtime  the directory of both sockets
    /// @param limit  for one run of systemd-creds, with its start
    SystemdSealer(EventLoop& loop,
                  std::filesystem::path runtime,
                  Host host,
                  std::chrono::milliseconds limit = std::chrono::seconds(20));

    Task<std::optional<std::string>> seal(Secret plain, Cancellation& cancellation) override;
    Task<Secret> open(std::string sealed, Cancellation& cancellation) override;

  private:
    EventLoop& loop_;
    std::filesystem::path runtime_;
    Host host_;
    std::chrono::milliseconds limit_;
};

} // namespace fsrvp
