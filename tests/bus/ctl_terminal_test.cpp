// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>

#include <string>

namespace fsrvp::test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

/// fsrvpctl with a terminal of its own; script(1) passes on what it writes there.
class CtlTerminal : public Ctl {
  protected:
    static Argv onTerminal(const std::string& arguments) {
        return {"script", "-qec", FSRVP_FSRVPCTL + (" " + arguments), "/dev/null"};
    }

    static Environment environmentWith(const std::string& name, const std::string& value) {
        Environment all = environment();
        all["TERM"] = "xterm";
        all[name] = value;
        return all;
    }
};

TEST_F(CtlTerminal, ShowsThePhaseAndTakesItAway) {
    daemon->endJobs(JobEnding::WhenCancelled);
    Process process(onTerminal("create --no-mount //fs1/data"), environmentWith("TERM", "xterm"));
    ASSERT_TRUE(daemon->waitUntilJobIsRead());
    const auto shows = [&process](const std::string& text) {
        return waitFor([&] { return process.out().find(text) != std::string::npos; }, seconds(10));
    };

    EXPECT_TRUE(shows("\rjob 1: connect\x1b[K"));
    daemon->setPhase("commit");
    EXPECT_TRUE(shows("\rjob 1: commit\x1b[K"));
    ctl({"job", "cancel", "1"});

    EXPECT_EQ(process.wait(seconds(10)), 10);
    EXPECT_THAT(process.out(), testing::EndsWith("\r\x1b[Kfsrvpctl: job 1 was cancelled\r\n"));
}

TEST_F(CtlTerminal, ShowsNoPhaseWhenQuiet) {
    const RunResult result =
        run(onTerminal("create -q //fs1/data"), environmentWith("TERM", "xterm"));

    EXPECT_THAT(result.out, testing::Not(HasSubstr("connect")));
}

TEST_F(CtlTerminal, ColoursStatesUnlessToldNotTo) {
    daemon->add(FakeManager::snapshot(1));
    const std::string green = "\x1b[32mexposed\x1b[0m";

    EXPECT_THAT(run(onTerminal("list"), environmentWith("TERM", "xterm")).out, HasSubstr(green));
    EXPECT_THAT(run(onTerminal("list"), environmentWith("NO_COLOR", "1")).out,
                testing::Not(HasSubstr("\x1b")));
    EXPECT_THAT(run(onTerminal("list"), environmentWith("TERM", "dumb")).out,
                testing::Not(HasSubstr("\x1b")));
}

} // namespace
} // namespace fsrvp::test
