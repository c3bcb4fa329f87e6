// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/watchdog.hpp"
#include "daemon/base/unique_fd.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>

namespace fsrvp::agent {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kGrace = 2s; // watchdog.cpp
constexpr std::chrono::milliseconds kLimit = 20s;
constexpr int kRanToItsEnd = 42;

/// A process that a watchdog looks after while it does something.
class Guarded {
  public:
    explicit Guarded(const std::function<void(Watchdog&)>& work) {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw std::runtime_error("no socket pair");
        }
        ours_.reset(ends[0]);
        UniqueFd theirs(ends[1]);
        pid_ = ::fork();
        if (pid_ == 0) {
            ours_.reset();
            {
                Watchdog watchdog(theirs.get());
                work(watchdog);
            }
            ::_exit(kRanToItsEnd);
        }
        pidFd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    }

    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    ~Guarded() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    void hangUp() { ours_.reset(); }

    void send() const { ::send(ours_.get(), "x", 1, 0); }

    /// Its exit status; nothing when it still runs after that time.
    std::optional<int> exitStatus(std::chrono::milliseconds limit) {
        pollfd ended{pidFd_.get(), POLLIN, 0};
        if (::poll(&ended, 1, static_cast<int>(limit.count())) != 1) {
            return std::nullopt;
        }
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    UniqueFd ours_;
    UniqueFd pidFd_;
    pid_t pid_ = -1;
};

[[noreturn]] void hang() {
    for (;;) {
        ::pause();
    }
}

TEST(WatchdogTest, EndsTheProcessWhenThePeerHangsUp) {
    Guarded process([](Watchdog&) { hang(); });

    process.hangUp();

    EXPECT_EQ(process.exitStatus(kLimit), 0);
}

TEST(WatchdogTest, EndsTheProcessWhenThePeerHangsUpInACall) {
    Guarded process([](Watchdog& watchdog) {
        watchdog.onRequest(1h);
        hang();
    });

    process.hangUp();

    EXPECT_EQ(process.exitStatus(kLimit), 0);
}

TEST(WatchdogTest, EndsTheProcessAfterItsDeadline) {
    const auto begin = Clock::now();
    Guarded process([](Watchdog& watchdog) {
        watchdog.onRequest(50ms);
        hang();
    });

    EXPECT_EQ(process.exitStatus(kLimit), 3);
    EXPECT_GE(Clock::now() - begin, kGrace + 50ms);
}

TEST(WatchdogTest, ARequestThatHasEndedHasNoDeadline) {
    Guarded process([](Watchdog& watchdog) {
        watchdog.onRequest(1ms);
        watchdog.onRequest(0ms);
        hang();
    });

    EXPECT_EQ(process.exitStatus(kGrace + 300ms), std::nullopt);
}

TEST(WatchdogTest, PacketsDoNotDisturbIt) {
    Guarded process([](Watchdog&) { hang(); });

    process.send();

    EXPECT_EQ(process.exitStatus(100ms), std::nullopt);
    process.hangUp();
    EXPECT_EQ(process.exitStatus(kLimit), 0);
}

TEST(WatchdogTest, GoesWithoutEndingTheProcess) {
    Guarded process([](Watchdog& watchdog) { watchdog.onRequest(1h); });

    EXPECT_EQ(process.exitStatus(kLimit), kRanToItsEnd);
}

} // namespace
} // namespace fsrvp::agent
