// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/cancellation.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLimit = 10s;

const Error& stopped() {
    static const Error stop(Errc::Cancelled, "stopped by the user");
    return stop;
}

/// Awaits a value with a cancellation and keeps how that ended.
class AwaitOr : public testing::Test {
  protected:
    void start() {
        group.spawn(run(), [this](std::exception_ptr failure) {
            ended = true;
            ending = std::move(failure);
        });
    }

    Task<void> run() { out = co_await awaitOr(value, cancellation); }

    void runToEnd() {
        ASSERT_TRUE(loop.runUntil([this] { return ended; }, kLimit));
    }

    void expectEndedBy(Errc code) const {
        ASSERT_NE(ending, nullptr);
        try {
            std::rethrow_exception(ending);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code) << error.what();
        }
    }

    EventLoop loop;
    Cancellation cancellation;
    OneShot<int> value{loop};
    std::optional<int> out;
    bool ended = false;
    std::exception_ptr ending;
    TaskGroup group{loop}; // last: its tasks use the others when they go
};

TEST_F(AwaitOr, GivesTheValueWhenNobodyCancels) {
    start();
    value.set(4);
    runToEnd();

    EXPECT_EQ(out, 4);
    EXPECT_EQ(ending, nullptr);
}

TEST_F(AwaitOr, ThrowsAtOnceWhenItWasCancelledBefore) {
    cancellation.request(stopped());
    value.set(4);

    start();

    EXPECT_TRUE(ended);
    expectEndedBy(Errc::Cancelled);
    EXPECT_EQ(out, std::nullopt);
}

TEST_F(AwaitOr, ThrowsTheReasonWhenItIsCancelledMeanwhile) {
    start();
    cancellation.request(stopped());
    EXPECT_FALSE(ended) << "resumed inside request()";
    runToEnd();

    expectEndedBy(Errc::Cancelled);
}

TEST_F(AwaitOr, KeepsAValueThatCameBeforeTheCancellation) {
    start();
    value.set(4);
    cancellation.request(stopped());
    runToEnd();

    EXPECT_EQ(out, 4);
}

TEST_F(AwaitOr, IgnoresACancellationAfterItsEnd) {
    start();
    value.set(4);
    runToEnd();

    cancellation.request(stopped());

    EXPECT_EQ(out, 4);
    EXPECT_EQ(ending, nullptr);
}

TEST_F(AwaitOr, LeavesNoCallbackBehindWhenItsTaskIsDestroyed) {
    {
        TaskGroup own(loop);
        own.spawn(run(), [](std::exception_ptr) { FAIL() << "it ended"; });
    }
    cancellation.request(stopped());

    EXPECT_FALSE(value.isDone());
}

TEST(Cancellation, TheFirstReasonStays) {
    Cancellation cancellation;
    EXPECT_FALSE(cancellation.isRequested());
    EXPECT_NO_THROW(cancellation.throwIfRequested());

    cancellation.request(Error(Errc::TimedOut, "first"));
    cancellation.request(Error(Errc::Cancelled, "second"));

    ASSERT_TRUE(cancellation.isRequested());
    EXPECT_EQ(cancellation.reason()->code(), Errc::TimedOut);
    try {
        cancellation.throwIfRequested();
        FAIL() << "did not throw";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "first");
    }
}

TEST(Cancellation, CallsEachRegisteredCallbackOnceInOrder) {
    Cancellation cancellation;
    std::string order;
    const Cancellation::Registration a(cancellation, [&](const Error&) { order += 'a'; });
    const Cancellation::Registration b(cancellation, [&](const Error&) { order += 'b'; });
    {
        const Cancellation::Registration gone(cancellation, [&](const Error&) { order += 'x'; });
    }
    const Cancellation::Registration c(cancellation, [&](const Error&) { order += 'c'; });

    cancellation.request(stopped());
    cancellation.request(stopped());

    EXPECT_EQ(order, "abc");
}

TEST(Cancellation, ACallbackMayDropItsOwnAndOtherRegistrations) {
    Cancellation cancellation;
    std::string order;
    using Registration = Cancellation::Registration;
    std::unique_ptr<Registration> a;
    std::unique_ptr<Registration> b;
    std::unique_ptr<Registration> c;
    a = std::make_unique<Registration>(cancellation, [&](const Error&) {
        order += 'a';
        a.reset();
        b.reset();
    });
    b = std::make_unique<Registration>(cancellation, [&](const Error&) { order += 'b'; });
    c = std::make_unique<Registration>(cancellation, [&](const Error&) { order += 'c'; });

    cancellation.request(stopped());

    EXPECT_EQ(order, "ac");
}

TEST(SleepFor, EndsAfterItsTime) {
    EventLoop loop;
    Cancellation cancellation;
    std::optional<std::exception_ptr> ending;
    TaskGroup group(loop);
    const auto before = std::chrono::steady_clock::now();

    group.spawn(sleepFor(loop, 20ms, cancellation), [&](std::exception_ptr e) { ending = e; });
    ASSERT_TRUE(loop.runUntil([&] { return ending.has_value(); }, kLimit));

    EXPECT_EQ(*ending, nullptr);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
}

TEST(SleepFor, ThrowsWhenItIsCancelledLongBeforeItsTime) {
    EventLoop loop;
    Cancellation cancellation;
    std::optional<std::exception_ptr> ending;
    TaskGroup group(loop);
    group.spawn(sleepFor(loop, 24h, cancellation), [&](std::exception_ptr e) { ending = e; });

    cancellation.request(stopped());
    ASSERT_TRUE(loop.runUntil([&] { return ending.has_value(); }, kLimit));

    EXPECT_THROW(std::rethrow_exception(*ending), Error);
}

} // namespace
} // namespace fsrvp
