// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/base/unique_fd.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace fsrvp {

/// Starts a helper process, fsrvp-agent or fsrvp-fs: gives the daemon's end of a new
/// SOCK_SEQPACKET, non-blocking. Closing it ends that process.
class Launcher {
  public:
    virtual ~Launcher() = default;
    /// @throws Error(Failed, Unreachable)
    virtual UniqueFd launch() = 0;
};

/// The installed form: systemd's socket unit starts a service a connection (Accept=yes).
class SocketLauncher final : public Launcher {
  public:
    /// @param unit  the socket unit, for messages
    SocketLauncher(std::filesystem::path socket, std::string unit)
        : socket_(std::move(socket)), unit_(std::move(unit)) {}

    UniqueFd launch() override;

  private:
    std::filesystem::path socket_;
    std::string unit_;
};

/// Where no systemd runs: a child process each, with a directory of its own below `runtime` that
/// goes when the child has ended. Of our environment it gets KRB5_CONFIG alone.
class ForkLauncher final : public Launcher {
  public:
    /// Removes the directories that one which was killed has left.
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

/// A program of ours as it lies beside this process's own one, built or installed.
std::filesystem::path helperProgram(const std::string& name);

} // namespace fsrvp
