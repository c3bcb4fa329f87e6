// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/base/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLimit = 10s;

Task<void> waitFor(OneShot<int> value) {
    (void)co_await value;
}

Task<void> succeed() {
    co_return;
}

Task<void> failWith(const char* text) {
    throw Error(Errc::Failed, text);
    co_return;
}

std::string textOf(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        return error.what();
    }
}

TEST(TaskGroup, CountsWhatRunsAndForgetsWhatHasEnded) {
    EventLoop loop;
    TaskGroup group(loop);
    const OneShot<int> first(loop);
    const OneShot<int> second(loop);
    const auto ignore = [](std::exception_ptr) {};
    group.spawn(waitFor(first), ignore);
    group.spawn(waitFor(second), ignore);
    EXPECT_EQ(group.size(), 2U);

    second.set(0);
    EXPECT_TRUE(loop.runUntil([&] { return group.size() == 1; }, kLimit));
    first.set(0);
    EXPECT_TRUE(loop.runUntil([&] { return group.size() == 0; }, kLimit));
}

TEST(TaskGroup, TellsHowEachTaskEnded) {
    EventLoop loop;
    TaskGroup group(loop);
    std::optional<std::exception_ptr> good;
    std::optional<std::exception_ptr> bad;

    group.spawn(succeed(), [&](std::exception_ptr e) { good = e; });
    group.spawn(failWith("no"), [&](std::exception_ptr e) { bad = e; });

    ASSERT_TRUE(good && bad);
    EXPECT_EQ(*good, nullptr);
    ASSERT_NE(*bad, nullptr);
    EXPECT_EQ(textOf(*bad), "no");
}

TEST(TaskGroup, FreesAnEndedTaskWhileTheGroupLives) {
    EventLoop loop;
    TaskGroup group(loop);
    const auto held = std::make_shared<int>(0);
    const auto body = [](std::shared_ptr<int>) -> Task<void> { co_return; };

    group.spawn(body(held), [held](std::exception_ptr) {});
    ASSERT_TRUE(loop.runUntil([&] { return group.size() == 0; }, kLimit));

    EXPECT_EQ(held.use_count(), 1);
}

TEST(TaskGroup, EndsWhatStillRunsWhenItGoes) {
    EventLoop loop;
    const OneShot<int> never(loop);
    const auto held = std::make_shared<int>(0);
    const auto body = [](OneShot<int> value, std::shared_ptr<int>) -> Task<void> {
        (void)co_await value;
    };
    {
        TaskGroup group(loop);
        group.spawn(body(never, held), [](std::exception_ptr) { FAIL() << "it ended"; });
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(TaskGroup, MayGoBeforeTheLoopHasFreedItsEndedTasks) {
    EventLoop loop;
    {
        TaskGroup group(loop);
        group.spawn(succeed(), [](std::exception_ptr) {});
    }
    bool over = false;
    loop.post([&] { over = true; });

    EXPECT_TRUE(loop.runUntil([&] { return over; }, kLimit));
}

TEST(TaskGroup, ATaskMaySpawnAnotherInItsGroup) {
    EventLoop loop;
    TaskGroup group(loop);
    int ended = 0;
    const auto count = [&ended](std::exception_ptr) { ++ended; };
    const auto body = [&]() -> Task<void> {
        group.spawn(succeed(), count);
        co_return;
    };

    group.spawn(body(), count);
    ASSERT_TRUE(loop.runUntil([&] { return group.size() == 0; }, kLimit));

    EXPECT_EQ(ended, 2);
}

TEST(TaskGroup, OnEndMaySpawnTheNextTask) {
    EventLoop loop;
    TaskGroup group(loop);
    bool nextEnded = false;

    group.spawn(succeed(), [&](std::exception_ptr) {
        group.spawn(succeed(), [&](std::exception_ptr) { nextEnded = true; });
    });
    ASSERT_TRUE(loop.runUntil([&] { return group.size() == 0; }, kLimit));

    EXPECT_TRUE(nextEnded);
}

} // namespace
} // namespace fsrvp
