// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/turns.hpp"
#include "tests/fakes/run_task.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace fsrvp::jobs {
namespace {

using fakes::runTask;
using fakes::Started;

class TurnsTest : public testing::Test {
  protected:
    using Turn = ServerTurns::Turn;

    Started<Turn> enter(const ServerId& server) {
        return Started<Turn>(loop, queues.enter(server, cancellation));
    }

    /// Lets everything run that can.
    void settle() {
        bool isDone = false;
        // Twice: what runs may post in turn.
        loop.post([this, &isDone] { loop.post([&isDone] { isDone = true; }); });
        ASSERT_TRUE(loop.runUntil([&isDone] { return isDone; }, std::chrono::seconds(20)));
    }

    EventLoop loop;
    ServerTurns queues{loop};
    Cancellation cancellation;
    const ServerId fs1{"fs1", 445};
    const ServerId fs2{"fs2", 445};
};

TEST_F(TurnsTest, AFreeServerIsGivenAtOnce) {
    {
        const Turn turn = runTask(loop, queues.enter(fs1, cancellation));
        EXPECT_TRUE(queues.isBusy(fs1));
    }
    EXPECT_FALSE(queues.isBusy(fs1));
}

TEST_F(TurnsTest, WaitersComeInTheirOrder) {
    std::optional<Turn> holder;
    holder.emplace(runTask(loop, queues.enter(fs1, cancellation)));
    Started<Turn> second = enter(fs1);
    Started<Turn> third = enter(fs1);
    settle();
    EXPECT_FALSE(second.isDone());

    holder.reset();
    settle();
    EXPECT_TRUE(second.isDone());
    EXPECT_FALSE(third.isDone());

    { const Turn over = second.get(); }
    settle();
    EXPECT_TRUE(third.isDone());
}

TEST_F(TurnsTest, OtherServersAreNotDelayed) {
    const Turn holder = runTask(loop, queues.enter(fs1, cancellation));

    const Turn other = runTask(loop, queues.enter(fs2, cancellation));
    const Turn otherPort = runTask(loop, queues.enter(ServerId{"fs1", 1445}, cancellation));

    EXPECT_TRUE(queues.isBusy(fs2));
}

TEST_F(TurnsTest, AWaiterThatIsCancelledIsSkipped) {
    std::optional<Turn> holder;
    holder.emplace(runTask(loop, queues.enter(fs1, cancellation)));
    Cancellation own;
    Started<Turn> second(loop, queues.enter(fs1, own));
    Started<Turn> third = enter(fs1);

    own.request(Error(Errc::Cancelled, "stopped"));
    EXPECT_EQ(second.error().code(), Errc::Cancelled);
    EXPECT_FALSE(third.isDone());

    holder.reset();
    const Turn next = third.get();
    EXPECT_TRUE(queues.isBusy(fs1));
}

TEST_F(TurnsTest, NobodyEntersOnceCancelled) {
    const Turn holder = runTask(loop, queues.enter(fs1, cancellation));
    Cancellation own;
    own.request(Error(Errc::TimedOut, "too late"));

    EXPECT_EQ(fakes::errorOf(loop, queues.enter(fs1, own)).code(), Errc::TimedOut);
}

TEST_F(TurnsTest, WhoCameCancelledIsGivenNoTurnLater) {
    std::optional<Turn> holder;
    holder.emplace(runTask(loop, queues.enter(fs1, cancellation)));
    Cancellation own;
    own.request(Error(Errc::Cancelled, "before it came"));
    EXPECT_EQ(fakes::errorOf(loop, queues.enter(fs1, own)).code(), Errc::Cancelled);
    Started<Turn> third = enter(fs1);

    holder.reset();
    settle();

    EXPECT_TRUE(third.isDone());
}

TEST_F(TurnsTest, ATurnIsGivenUpOnce) {
    std::optional<Turn> holder;
    holder.emplace(runTask(loop, queues.enter(fs1, cancellation)));
    std::optional<Turn> moved(std::move(*holder));

    holder.reset();
    EXPECT_TRUE(queues.isBusy(fs1));
    moved.reset();
    EXPECT_FALSE(queues.isBusy(fs1));
}

} // namespace
} // namespace fsrvp::jobs
