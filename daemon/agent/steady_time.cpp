// SPDX-License-Identifier: GPL-3.0-or-later

// Samba's libraries go by gettimeofday() also for how long they wait: when the clock is set forward
// while a server is slow, each request of theirs that waits has timed out at once (seen with
// libtevent 0.14). So in an agent, which lives as long as one connection, that time is real when it
// is first asked for, and goes on steadily from there; it stands still while the machine sleeps.
// What goes by clock_gettime() or time() has real time.

#include <sys/time.h>

#include <chrono>

namespace {

using std::chrono::microseconds;

microseconds sinceBoot() {
    return std::chrono::duration_cast<microseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
}

microseconds realTimeOfBoot() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<microseconds>(now) - sinceBoot();
}

} // namespace

/// Instead of the C library's.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved
extern "C" int gettimeofday(timeval* time, void* /*zone*/) noexcept {
    static const microseconds boot = realTimeOfBoot();
    const microseconds now = boot + sinceBoot();
    time->tv_sec = static_cast<time_t>(now.count() / 1'000'000);
    time->tv_usec = static_cast<suseconds_t>(now.count() % 1'000'000);
    return 0;
}
