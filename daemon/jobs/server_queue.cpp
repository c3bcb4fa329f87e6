// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/server_queue.hpp"

namespace fsrvp::jobs {

ServerQueues::Turn::~Turn() {
    if (queues_ != nullptr) {
        queues_->leave(server_);
    }
}

Task<ServerQueues::Turn> ServerQueues::enter(ServerId server, Cancellation& cancellation) {
    const auto [place, isFree] = waiting_.try_emplace(server);
    if (!isFree) {
        const OneShot<bool> myTurn(loop_);
        place->second.push_back(myTurn);
        co_await awaitOr(myTurn, cancellation);
    }
    co_return Turn(*this, std::move(server));
}

void ServerQueues::leave(const ServerId& server) {
    const auto place = waiting_.find(server);
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

} // namespace fsrvp::jobs
