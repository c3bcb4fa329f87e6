// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLimit = 10s;

struct SocketPair {
    SocketPair() {
        std::array<int, 2> fds{};
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
            throw std::runtime_error("socketpair");
        }
        ours.reset(fds[0]);
        theirs.reset(fds[1]);
    }

    UniqueFd ours;
    UniqueFd theirs;
};

TEST(EventLoop, RunsWhatIsPostedInOrderAndAfterTheCaller) {
    EventLoop loop;
    std::string order;

    loop.post([&] {
        loop.post([&] { order += 'c'; });
        order += 'a';
    });
    loop.post([&] { order += 'b'; });
    EXPECT_EQ(order, "");
    ASSERT_TRUE(loop.runUntil([&] { return order.size() == 3; }, kLimit));

    EXPECT_EQ(order, "abc");
}

TEST(EventLoop, RunsWhatAnotherThreadPosts) {
    EventLoop loop;
    std::thread::id ranOn;
    bool ran = false;
    std::thread other([&] {
        loop.post([&] {
            ranOn = std::this_thread::get_id();
            ran = true;
        });
    });

    const bool inTime = loop.runUntil([&] { return ran; }, kLimit);
    other.join();

    ASSERT_TRUE(inTime);
    EXPECT_EQ(ranOn, std::this_thread::get_id());
}

TEST(EventLoop, LosesNothingOfWhatManyThreadsPost) {
    constexpr int kThreads = 4;
    constexpr int kPosts = 500;
    EventLoop loop;
    int count = 0;
    std::vector<std::thread> others;
    for (int i = 0; i < kThreads; ++i) {
        others.emplace_back([&] {
            for (int n = 0; n < kPosts; ++n) {
                loop.post([&count] { ++count; });
            }
        });
    }

    const bool inTime = loop.runUntil([&] { return count == kThreads * kPosts; }, kLimit);
    for (std::thread& other : others) {
        other.join();
    }

    EXPECT_TRUE(inTime) << count;
}

TEST(EventLoop, RunReturnsOnStop) {
    EventLoop loop;
    bool ran = false;
    loop.post([&] {
        ran = true;
        loop.stop();
    });

    loop.run();

    EXPECT_TRUE(ran);
}

TEST(EventLoop, RunThrowsOnWhatACallbackLetsOut) {
    EventLoop loop;
    loop.post([] { throw std::runtime_error("from a callback"); });

    try {
        loop.run();
        FAIL() << "did not throw";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "from a callback");
    }
}

TEST(EventLoop, RunThrowsOnWhatFailIsGiven) {
    EventLoop loop;
    loop.post([&] { loop.fail(std::make_exception_ptr(std::runtime_error("from C code"))); });

    EXPECT_THROW(loop.run(), std::runtime_error);
}

TEST(EventLoop, RunUntilThrowsOnWhatATimerLetsOut) {
    EventLoop loop;
    const EventSource timer = loop.after(0us, [] { throw std::runtime_error("from a timer"); });

    EXPECT_THROW(loop.runUntil([] { return false; }, kLimit), std::runtime_error);
}

TEST(EventLoop, RunUntilGivesUpAtItsLimit) {
    EventLoop loop;

    EXPECT_FALSE(loop.runUntil([] { return false; }, 1ms));
}

TEST(EventLoop, FiresTimersOnceAndInOrderOfTheirTime) {
    EventLoop loop;
    std::string order;
    const EventSource late = loop.after(30ms, [&] { order += 'l'; });
    const EventSource early = loop.after(1ms, [&] { order += 'e'; });
    bool over = false;
    const EventSource end = loop.after(60ms, [&] { over = true; });

    ASSERT_TRUE(loop.runUntil([&] { return over; }, kLimit));

    EXPECT_EQ(order, "el");
}

TEST(EventLoop, TakesANegativeDelayAsNow) {
    EventLoop loop;
    bool fired = false;
    const EventSource timer = loop.after(-5s, [&] { fired = true; });

    EXPECT_TRUE(loop.runUntil([&] { return fired; }, kLimit));
}

TEST(EventLoop, ADestroyedTimerDoesNotFire) {
    EventLoop loop;
    bool fired = false;
    bool over = false;
    EventSource timer = loop.after(0us, [&] { fired = true; });
    const EventSource end = loop.after(5ms, [&] { over = true; });

    timer.reset();
    ASSERT_TRUE(loop.runUntil([&] { return over; }, kLimit));

    EXPECT_FALSE(timer);
    EXPECT_FALSE(fired);
}

TEST(EventLoop, WatchTellsWhichEventHolds) {
    EventLoop loop;
    SocketPair pair;
    std::uint32_t seen = 0;
    const EventSource source =
        loop.watch(pair.ours.get(), EPOLLIN, [&](std::uint32_t events) { seen |= events; });

    ASSERT_EQ(write(pair.theirs.get(), "x", 1), 1);
    ASSERT_TRUE(loop.runUntil([&] { return seen != 0; }, kLimit));
    EXPECT_EQ(seen, std::uint32_t{EPOLLIN});

    pair.theirs.reset();
    EXPECT_TRUE(loop.runUntil([&] { return (seen & EPOLLHUP) != 0; }, kLimit));
}

TEST(EventLoop, ASourceMayBeDestroyedInItsOwnCallback) {
    EventLoop loop;
    SocketPair pair;
    // On the heap, so that a callback which is freed too early is seen by the sanitizer.
    const auto text = std::make_shared<std::string>("still here after the source is gone");
    std::string seen;
    int calls = 0;
    EventSource source;
    source = loop.watch(pair.ours.get(), EPOLLIN, [&, text](std::uint32_t) {
        ++calls;
        source.reset();
        seen = *text;
    });
    bool over = false;
    const EventSource end = loop.after(10ms, [&] { over = true; });

    // Nobody reads it, so the event would come again and again.
    ASSERT_EQ(write(pair.theirs.get(), "x", 1), 1);
    ASSERT_TRUE(loop.runUntil([&] { return over; }, kLimit));

    EXPECT_EQ(calls, 1);
    EXPECT_EQ(seen, *text);
    EXPECT_EQ(text.use_count(), 1) << "the callback is kept for ever";
}

TEST(EventLoop, ACallbackMayReplaceItsOwnSource) {
    EventLoop loop;
    int ticks = 0;
    EventSource timer;
    std::function<void()> tick = [&] {
        if (++ticks < 3) {
            timer = loop.after(0us, tick);
        }
    };
    timer = loop.after(0us, tick);

    EXPECT_TRUE(loop.runUntil([&] { return ticks == 3; }, kLimit));
}

TEST(EventLoop, ASourceMayOutliveItsLoop) {
    EventSource timer;
    {
        EventLoop loop;
        timer = loop.after(1h, [] {});
    }
    EXPECT_TRUE(timer);
    timer.reset();
}

TEST(EventLoop, DropsWhatWasPostedWhenItGoes) {
    const auto held = std::make_shared<int>(1);
    {
        EventLoop loop;
        loop.post([held] {});
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoop, ReportsSignals) {
    EventLoop loop;
    int seen = 0;
    const EventSource source = loop.onSignal(SIGUSR1, [&] { ++seen; });

    raise(SIGUSR1);
    ASSERT_TRUE(loop.runUntil([&] { return seen == 1; }, kLimit));
    raise(SIGUSR1);
    EXPECT_TRUE(loop.runUntil([&] { return seen == 2; }, kLimit));
}

TEST(EventLoop, ReportsAChildsEndAndReapsIt) {
    EventLoop loop;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        pause();
        _exit(0);
    }
    int status = -1;
    const EventSource source = loop.onChildExit(child, [&](int ended) { status = ended; });

    kill(child, SIGKILL);
    ASSERT_TRUE(loop.runUntil([&] { return status != -1; }, kLimit));
    EXPECT_EQ(status, 128 + SIGKILL);
    loop.runUntil([] { return false; }, 1ms);

    EXPECT_EQ(waitpid(child, nullptr, WNOHANG), -1) << "the child is still there";
    EXPECT_EQ(errno, ECHILD);
}

} // namespace
} // namespace fsrvp
