// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/add_spacing.hpp"
#include "daemon/jobs/services.hpp"
#include "tests/fakes/run_task.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using fakes::runTask;

constexpr auto kGap = 120ms;

class AddSpacingTest : public testing::Test {
  protected:
    /// How long the shares have to wait now.
    BootClock::duration wait(const ServerId& server, const std::vector<Unc>& shares) {
        const auto begin = BootClock::now();
        runTask(loop, spacing.wait(server, shares, cancellation));
        return BootClock::now() - begin;
    }

    EventLoop loop;
    AddSpacing spacing{loop, kGap};
    Cancellation cancellation;
    const ServerId fs1{"fs1", 445};
    const Unc data{"fs1", "data"};
    const Unc other{"fs1", "other"};
};

TEST_F(AddSpacingTest, TheFirstAddDoesNotWait) {
    EXPECT_LT(wait(fs1, {data}), kGap);
}

TEST_F(AddSpacingTest, ASecondAddOfAShareWaits) {
    const auto added = BootClock::now();
    spacing.added(fs1, data);

    wait(fs1, {data});

    EXPECT_GE(BootClock::now() - added, kGap);
}

TEST_F(AddSpacingTest, TheCaseOfTheNameAndTheServersSpellingDoNotMatter) {
    const auto added = BootClock::now();
    spacing.added(fs1, data);

    wait(fs1, {Unc{"FS1.example", "DATA"}});

    EXPECT_GE(BootClock::now() - added, kGap);
}

TEST_F(AddSpacingTest, OtherSharesAndServersDoNotWait) {
    spacing.added(fs1, data);
    const auto begin = BootClock::now();

    wait(fs1, {other});
    wait(ServerId{"fs2", 445}, {data});

    EXPECT_LT(BootClock::now() - begin, kGap);
}

TEST_F(AddSpacingTest, TheLatestOfSeveralSharesCounts) {
    spacing.added(fs1, data);
    runTask(loop, sleepFor(loop, 40ms, cancellation));
    const auto later = BootClock::now();
    spacing.added(fs1, other);

    wait(fs1, {data, other});

    EXPECT_GE(BootClock::now() - later, kGap);
}

TEST_F(AddSpacingTest, WaitsNoMoreOnceTheTimeIsOver) {
    spacing.added(fs1, data);
    runTask(loop, sleepFor(loop, kGap, cancellation));

    EXPECT_LT(wait(fs1, {data}), kGap);
}

TEST_F(AddSpacingTest, AfterARestartAnyShareWaitsThatMayHaveBeenAddedJustNow) {
    JobRecord job;
    job.operation = "create";
    for (const bool hasEnded : {false, true}) {
        AddSpacing restarted(loop, kGap);
        const auto begin = BootClock::now();
        if (hasEnded) {
            job.ended = now();
        }

        restarted.resume({job});
        runTask(loop, restarted.wait(fs1, {data}, cancellation));

        EXPECT_GE(BootClock::now() - begin, kGap);
    }
}

TEST_F(AddSpacingTest, AfterARestartNoneWaitsThatWasNotAddedJustNow) {
    JobRecord job;
    job.operation = "create";
    job.ended = now() - 1s;
    JobRecord deletion;
    deletion.operation = "delete";

    spacing.resume({job, deletion});

    EXPECT_LT(wait(fs1, {data}), kGap);
}

TEST_F(AddSpacingTest, TheWaitEndsWithTheCancellation) {
    AddSpacing slow(loop, 1h);
    slow.added(fs1, data);
    fakes::Started<void> waiting(loop, slow.wait(fs1, {data}, cancellation));

    cancellation.request(Error(Errc::Cancelled, "stopped"));

    EXPECT_EQ(waiting.error().code(), Errc::Cancelled);
}

} // namespace
} // namespace fsrvp::jobs
