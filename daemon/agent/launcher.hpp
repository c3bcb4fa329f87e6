// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/base/unique_fd.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace fsrvp::agent {

/// Starts an agent: gives the daemon's end of a new SOCK_SEQPACKET, non-blocking. Closing it ends
/// that agent.
class Launcher {
  public:
    virtual ~Launcher() = default;
    /// @throws Error(Failed, Unreachable)
    virtual UniqueFd launch() = 0;
};

/// The installed form: systemd's socket unit starts a service a connection (Accept=yes).
class SocketLauncher final : public Launcher {
  public:
    explicit SocketLauncher(std::filesystem::path socket) : socket_(std::move(socket)) {}

    UniqueFd launch() override;

  private:
    std::filesystem::path socket_;
};

/// Where no systemd runs: a child process each, with a directory of its own below `runtime` that
/// goes when the child has ended.
class ForkLauncher final : public Launcher {
  public:
    ForkLauncher(EventLoop& loop, std::filesystem::path program, std::filesystem::path runtime);
    ForkLauncher(const ForkLauncher&) = delete;
    ForkLauncher& operator=(const ForkLauncher&) = delete;
    ~ForkLauncher() override;
    UniqueFd launch() override;

  private:
    EventLoop& loop_;
    std::filesystem::path program_;
    std::filesystem::path runtime_;

    struct Child {
        EventSource exit;
        std::filesystem::path directory;
    };

    std::map<int, Child> children_; // by pid
};

/// fsrvp-agent as it lies beside this process's own program, built or installed.
std::filesystem::path agentProgram();

} // namespace fsrvp::agent
