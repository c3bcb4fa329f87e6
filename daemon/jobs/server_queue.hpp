// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/task.hpp"
#include "daemon/model/server_id.hpp"

#include <deque>
#include <map>

namespace fsrvp::jobs {

/// One job at a time works on a server, in the order in which they came; servers do not wait for
/// each other.
class ServerQueues {
  public:
    explicit ServerQueues(EventLoop& loop) noexcept : loop_(loop) {}

    ServerQueues(const ServerQueues&) = delete;
    ServerQueues& operator=(const ServerQueues&) = delete;

    /// The server is its holder's until it goes.
    class Turn {
      public:
        Turn(ServerQueues& queues, ServerId server) noexcept
            : queues_(&queues), server_(std::move(server)) {}

        Turn(Turn&& other) noexcept
            : queues_(std::exchange(other.queues_, nullptr)), server_(std::move(other.server_)) {}

        Turn& operator=(Turn&&) = delete;
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn();

      private:
        ServerQueues* queues_;
        ServerId server_;
    };

    /// @throws the reason of a cancellation
    Task<Turn> enter(ServerId server, Cancellation& cancellation);

    bool isBusy(const ServerId& server) const { return waiting_.contains(server); }

  private:
    void leave(const ServerId& server);

    EventLoop& loop_;
    std::map<ServerId, std::deque<OneShot<bool>>> waiting_; // an entry while somebody has a turn
};

} // namespace fsrvp::jobs
