// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/watchdog.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace fsrvp::agent {
namespace {

using Clock = std::chrono::steady_clock;

// The daemon closes the socket at the deadline itself; this is for when it can't.
constexpr std::chrono::seconds kGrace{2};
constexpr int kExitDeadline = 3;

} // namespace

Watchdog::Watchdog(int socket)
    : socket_(socket), wakeUp_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      deadline_(Clock::time_point::max()), thread_([this] { run(); }) {
}

Watchdog::~Watchdog() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    eventfd_write(wakeUp_, 1);
    thread_.join();
    ::close(wakeUp_);
}

void Watchdog::onRequest(std::chrono::milliseconds timeout) {
    {
        const std::lock_guard lock(mutex_);
        deadline_ =
            timeout.count() > 0 ? Clock::now() + timeout + kGrace : Clock::time_point::max();
    }
    eventfd_write(wakeUp_, 1);
}

int Watchdog::millisecondsLeft() {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
        return 0;
    }
    if (deadline_ == Clock::time_point::max()) {
        return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3600'000));
}

void Watchdog::run() {
    for (;;) {
        const int left = millisecondsLeft();
        // No POLLIN: requests are the main thread's. A peer that closed shows as POLLHUP.
        std::array<pollfd, 2> waiting{{{socket_, POLLRDHUP, 0}, {wakeUp_, POLLIN, 0}}};
        const int ready = ::poll(waiting.data(), waiting.size(), left);
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) {
                return;
            }
        }
        if (ready > 0 && waiting[0].revents != 0) {
            _exit(0);
        }
        if (ready == 0 && left >= 0 && millisecondsLeft() == 0) {
            _exit(kExitDeadline);
        }
        eventfd_t count = 0;
        eventfd_read(wakeUp_, &count);
    }
}

} // namespace fsrvp::agent
