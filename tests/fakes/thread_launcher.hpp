// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/launcher.hpp"
#include "tests/fakes/fake_network.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace fsrvp::fakes {

/// Agents that are threads: each runs agent::serve() on its end of a real socket pair, over a fake
/// network. As a process would, an agent ends when the daemon hangs up, also in the middle of a
/// call, and its server connection with it. A new agent is only started when those whose socket is
/// closed have ended.
class ThreadLauncher final : public Launcher {
  public:
    explicit ThreadLauncher(FakeNetwork& network);
    ThreadLauncher(const ThreadLauncher&) = delete;
    ThreadLauncher& operator=(const ThreadLauncher&) = delete;
    /// Ends all agents.
    ~ThreadLauncher() override;

    UniqueFd launch() override;

    /// Ends all agents at once, as SIGKILL would. From any thread.
    void kill();
    /// Waits for the end of the agents whose socket the daemon has closed.
    void reap();
    /// Agents that the daemon has not hung up on, after reap().
    std::size_t running();
    std::size_t launched() const;

  private:
    class Agent;

    FakeNetwork& network_;
    mutable std::mutex mutex_;
    std::list<std::unique_ptr<Agent>> agents_; // guarded by mutex_
    std::size_t launched_ = 0;                 // guarded by mutex_
};

} // namespace fsrvp::fakes
