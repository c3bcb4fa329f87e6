// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/base/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLimit = 10s;

/// Starts one task and runs the loop until it has ended.
class TaskTest : public testing::Test {
  protected:
    void start(Task<void> task) {
        group.spawn(std::move(task), [this](std::exception_ptr failure) {
            ended = true;
            ending = std::move(failure);
        });
    }

    void runToEnd() {
        ASSERT_TRUE(loop.runUntil([this] { return ended; }, kLimit));
    }

    std::string endingText() const {
        try {
            if (ending) {
                std::rethrow_exception(ending);
            }
        } catch (const std::exception& error) {
            return error.what();
        }
        return "no failure";
    }

    EventLoop loop;
    TaskGroup group{loop};
    bool ended = false;
    std::exception_ptr ending;
};

/// Counts its own ends in *ends.
struct Witness {
    explicit Witness(int& e) : ends(&e) {}

    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    ~Witness() { ++*ends; }

    int* ends;
};

Task<int> giveValue(int value) {
    co_return value;
}

Task<int> waitFor(OneShot<int> value) {
    co_return co_await value;
}

Task<int> throwBusy() {
    throw Error(Errc::Busy, "busy");
    co_return 0;
}

Task<void> store(Task<int> task, std::optional<int>& out) {
    out = co_await std::move(task);
}

TEST_F(TaskTest, StartsOnlyWhenItIsAwaited) {
    bool started = false;
    const auto body = [](bool& flag) -> Task<void> {
        flag = true;
        co_return;
    };

    Task<void> task = body(started);
    EXPECT_FALSE(started);
    start(std::move(task));

    EXPECT_TRUE(started);
    EXPECT_TRUE(ended);
}

TEST_F(TaskTest, GivesItsValueToTheAwaiter) {
    std::optional<int> out;

    start(store(giveValue(7), out));

    EXPECT_EQ(out, 7);
    EXPECT_FALSE(ending);
}

TEST_F(TaskTest, TakesAValueThatCanOnlyBeMoved) {
    std::unique_ptr<int> out;
    const auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    const auto take = [&make](std::unique_ptr<int>& to) -> Task<void> { to = co_await make(); };

    start(take(out));

    ASSERT_NE(out, nullptr);
    EXPECT_EQ(*out, 3);
}

TEST_F(TaskTest, ThrowsItsExceptionToTheAwaiter) {
    std::string caught;
    const auto body = [](std::string& text) -> Task<void> {
        try {
            (void)co_await throwBusy();
        } catch (const Error& error) {
            text = error.what();
        }
    };

    start(body(caught));

    EXPECT_EQ(caught, "busy");
    EXPECT_FALSE(ending);
}

TEST_F(TaskTest, PassesExceptionsThroughSeveralTasksAfterASuspension) {
    const OneShot<int> never(loop);
    std::optional<int> out;
    start(store(waitFor(never), out));

    never.fail(std::make_exception_ptr(Error(Errc::TimedOut, "too late")));
    EXPECT_FALSE(ended);
    runToEnd();

    EXPECT_EQ(endingText(), "too late");
    EXPECT_EQ(out, std::nullopt);
}

TEST_F(TaskTest, DeepRecursionDoesNotGrowTheStack) {
    // One frame each would overflow; control passes by symmetric transfer. Sanitizers and -O0
    // keep some stack for each level all the same, hence not a million.
    struct Body {
        static Task<int> depth(int n) {
            if (n == 0) {
                co_return 0;
            }
            co_return 1 + co_await depth(n - 1);
        }
    };

    std::optional<int> out;

    start(store(Body::depth(1000), out));

    EXPECT_EQ(out, 1000);
}

TEST_F(TaskTest, DestroyingASuspendedTaskRunsItsDestructorsAndThoseItAwaits) {
    int ends = 0;
    const OneShot<int> never(loop);

    struct Body {
        static Task<int> inner(OneShot<int> value, int& count) {
            const Witness witness(count);
            co_return co_await value;
        }

        static Task<void> outer(OneShot<int> value, int& count) {
            const Witness witness(count);
            (void)co_await inner(value, count);
        }
    };

    {
        TaskGroup own(loop);
        own.spawn(Body::outer(never, ends), [](std::exception_ptr) { FAIL() << "it ended"; });
        EXPECT_EQ(ends, 0);
    }
    EXPECT_EQ(ends, 2);
}

TEST_F(TaskTest, ATaskThatIsNeverAwaitedEndsQuietly) {
    int ends = 0;
    const auto body = [](std::unique_ptr<Witness>) -> Task<void> { co_return; };
    { Task<void> task = body(std::make_unique<Witness>(ends)); }
    EXPECT_EQ(ends, 1);
}

TEST_F(TaskTest, AssignmentEndsTheOldTask) {
    int ends = 0;
    const auto body = [](std::unique_ptr<Witness>) -> Task<void> { co_return; };
    Task<void> task = body(std::make_unique<Witness>(ends));

    task = body(std::make_unique<Witness>(ends));

    EXPECT_EQ(ends, 1);
}

TEST_F(TaskTest, AnOneShotResumesItsWaiterFromTheLoop) {
    const OneShot<int> value(loop);
    std::optional<int> out;
    start(store(waitFor(value), out));

    value.set(5);
    EXPECT_TRUE(value.isDone());
    EXPECT_EQ(out, std::nullopt) << "resumed inside set()";
    runToEnd();

    EXPECT_EQ(out, 5);
}

TEST_F(TaskTest, AnOneShotThatIsSetBeforeNeedsNoLoop) {
    const OneShot<int> value(loop);
    value.set(5);
    std::optional<int> out;

    start(store(waitFor(value), out));

    EXPECT_EQ(out, 5);
}

TEST_F(TaskTest, TheFirstOfSetAndFailCounts) {
    const OneShot<int> value(loop);
    std::optional<int> out;
    start(store(waitFor(value), out));

    value.set(1);
    value.set(2);
    value.fail(std::make_exception_ptr(Error(Errc::Cancelled, "late")));
    runToEnd();

    EXPECT_EQ(out, 1);
    EXPECT_FALSE(ending);
}

TEST_F(TaskTest, AWaiterThatIsDestroyedAfterSetIsNotResumed) {
    const OneShot<int> value(loop);
    std::optional<int> out;
    {
        TaskGroup own(loop);
        own.spawn(store(waitFor(value), out), [](std::exception_ptr) { FAIL() << "it ended"; });
        value.set(5); // its resumption is posted, then the waiter goes
    }
    bool over = false;
    loop.post([&] { over = true; });

    ASSERT_TRUE(loop.runUntil([&] { return over; }, kLimit));

    EXPECT_EQ(out, std::nullopt);
}

TEST_F(TaskTest, AnotherThreadDeliversByWayOfPost) {
    const OneShot<int> value(loop);
    std::optional<int> out;
    start(store(waitFor(value), out));
    std::thread other([this, value] { loop.post([value] { value.set(9); }); });

    runToEnd();
    other.join();

    EXPECT_EQ(out, 9);
}

} // namespace
} // namespace fsrvp
