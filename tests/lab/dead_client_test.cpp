// SPDX-License-Identifier: GPL-3.0-or-later
// A set that nobody can abort. Takes as long as Samba keeps an idle worker.
#include "tests/lab/lab_fixture.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <csignal>

namespace fsrvp::test {
namespace {

using std::chrono::seconds;

using DeadClient = LabTest;

/// A client died between StartShadowCopySet and its reply: nobody knows that set's id. Samba ends
/// it only with its worker, 60 s after the last client has gone.
TEST_F(DeadClient, SetThatNobodyKnowsIsOutlasted) {
    TcpProxy proxy(lab().port());
    daemon->stop();
    daemon->writeLab(lab(), {{"port", proxy.port()}});
    daemon->start();
    EXPECT_EQ(daemon->ctl({"create", "-q", "--no-mount", unc("plain")}).exitCode, 5);
    proxy.holdReply(3);
    const auto creating = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(proxy.waitUntilHeld());
    ASSERT_EQ(daemon->sql("SELECT id FROM shadow_copy_set").size(), 0U);
    ::kill(daemon->agents().at(0), SIGKILL);
    EXPECT_EQ(creating->wait(seconds(5)), 9) << creating->err();
    proxy.cut();

    const RunResult result = daemon->ctl({"create", "-q", "--no-mount", unc("data")}, seconds(150));

    EXPECT_EQ(result.exitCode, 0) << result.err << daemon->log();
    deleteAll();
    expectNothingLeft();
}

} // namespace
} // namespace fsrvp::test
