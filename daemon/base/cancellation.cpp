// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/cancellation.hpp"

namespace fsrvp {

void Cancellation::request(const Error& reason) {
    if (reason_) {
        return;
    }
    reason_ = reason;
    // A callback may drop other registrations, never add one: the reason is set by now.
    while (!callbacks_.empty()) {
        const std::function<void(const Error&)> fn = std::move(callbacks_.front());
        callbacks_.front() = nullptr;
        callbacks_.splice(callbacks_.end(), callbacks_, callbacks_.begin());
        if (!fn) {
            break;
        }
        fn(reason);
    }
}

void Cancellation::throwIfRequested() const {
    if (reason_) {
        throw Error(*reason_);
    }
}

Cancellation::Registration::Registration(Cancellation& owner, std::function<void(const Error&)> fn)
    : owner_(owner), place_(owner.callbacks_.insert(owner.callbacks_.end(), std::move(fn))) {
}

Cancellation::Registration::~Registration() {
    owner_.callbacks_.erase(place_);
}

Task<void> sleepFor(EventLoop& loop, std::chrono::microseconds time, Cancellation& cancellation) {
    const OneShot<bool> woken(loop);
    const EventSource timer = loop.after(time, [woken] { woken.set(true); });
    co_await awaitOr(woken, cancellation);
}

} // namespace fsrvp
