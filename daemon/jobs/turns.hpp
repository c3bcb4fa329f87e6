// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/task.hpp"
#include "daemon/model/server_id.hpp"

#include <cstdint>
#include <deque>
#include <map>

namespace fsrvp::jobs {

/// One job at a time works on a thing, in the order in which they came; things do not wait for
/// each other.
template <class Key> class Turns {
  public:
    explicit Turns(EventLoop& loop) noexcept : loop_(loop) {}

    Turns(const Turns&) = delete;
    Turns& operator=(const Turns&) = delete;

    /// The thing is its holder's until it goes.
    class Turn {
      public:
        Turn(Turns& turns, Key key) noexcept : turns_(&turns), key_(std::move(key)) {}

        Turn(Turn&& other) noexcept
            : turns_(std::exchange(other.turns_, nullptr)), key_(std::move(other.key_)) {}

        Turn& operator=(Turn&&) = delete;
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

        ~Turn() {
            if (turns_ != nullptr) {
                turns_->leave(key_);
            }
        }

      private:
        Turns* turns_;
        Key key_;
    };

    /// @throws the reason of a cancellation
    Task<Turn> enter(Key key, Cancellation& cancellation) {
        const auto [place, isFree] = waiting_.try_emplace(key);
        if (!isFree) {
            // Whoever leaves would give his turn to one in the queue that never waits.
            cancellation.throwIfRequested();
            const OneShot<bool> myTurn(loop_);
            place->second.push_back(myTurn);
            co_await awaitOr(myTurn, cancellation);
        }
        co_return Turn(*this, std::move(key));
    }

    bool isBusy(const Key& key) const { return waiting_.contains(key); }

  private:
    void leave(const Key& key) {
        const auto place = waiting_.find(key);
        std::deque<OneShot<bool>>& queue = place->second;
        while (!queue.empty()) {
            const OneShot<bool> next = queue.front();
            queue.pop_front();
            if (!next.isDone()) { // done already: its job was cancelled while it waited
                next.set(true);
                return;
            }
        }
        waiting_.erase(place);
    }

    EventLoop& loop_;
    std::map<Key, std::deque<OneShot<bool>>> waiting_; // an entry while somebody has a turn
};

using ServerTurns = Turns<ServerId>;
/// By the snapshot's number: its mounts, and its end. A job that needs a server's turn too takes
/// that first.
using SnapshotTurns = Turns<std::int64_t>;

} // namespace fsrvp::jobs
