// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/bus_source.hpp"

#include "daemon/base/error.hpp"

#include <poll.h>
#include <systemd/sd-event.h>

#include <cstring>
#include <ctime>

namespace fsrvp {
namespace {

void check(int result, const char* what) {
    if (result < 0) {
        throw Error(Errc::Failed, std::string("cannot ") + what + ": " + std::strerror(-result));
    }
}

} // namespace

BusSource::BusSource(EventLoop& loop, sdbus::IConnection& connection)
    : loop_(loop), connection_(connection) {
    const auto onIo = [](sd_event_source*, int, std::uint32_t, void* self) {
        static_cast<BusSource*>(self)->dispatch();
        return 0;
    };
    const auto onTime = [](sd_event_source*, std::uint64_t, void* self) {
        static_cast<BusSource*>(self)->dispatch();
        return 0;
    };
    const auto onPrepare = [](sd_event_source*, void* self) {
        static_cast<BusSource*>(self)->prepare();
        return 0;
    };
    const sdbus::IConnection::PollData poll = connection.getEventLoopPollData();
    check(sd_event_add_io(loop.native(), &io_, poll.fd, EPOLLIN, onIo, this), "watch the bus");
    check(sd_event_add_time(loop.native(), &timer_, CLOCK_MONOTONIC, 0, 1, onTime, this),
          "time the bus");
    check(sd_event_source_set_enabled(timer_, SD_EVENT_OFF), "time the bus");
    // sd-bus says anew before each wait what it waits for, and until when.
    check(sd_event_source_set_prepare(io_, onPrepare), "watch the bus");
}

BusSource::~BusSource() {
    sd_event_source_disable_unref(timer_);
    sd_event_source_disable_unref(io_);
}

void BusSource::prepare() {
    const sdbus::IConnection::PollData poll = connection_.getEventLoopPollData();
    sd_event_source_set_io_events(io_, static_cast<std::uint32_t>(poll.events));
    if (poll.timeout_usec == UINT64_MAX) {
        sd_event_source_set_enabled(timer_, SD_EVENT_OFF);
    } else {
        sd_event_source_set_time(timer_, poll.timeout_usec);
        sd_event_source_set_enabled(timer_, SD_EVENT_ONESHOT);
    }
}

void BusSource::dispatch() {
    // A bound, so that a client that never stops sending does not keep the loop's other sources
    // waiting; what is left is due at once.
    constexpr int most = 16;
    try {
        for (int i = 0; i < most && connection_.processPendingRequest(); ++i) {
        }
    } catch (...) {
        loop_.fail(std::current_exception());
    }
}

} // namespace fsrvp
