// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/pool.hpp"
#include "daemon/base/boot_clock.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/fakes/thread_launcher.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

namespace fsrvp::agent {
namespace {

using namespace std::chrono_literals;
using fakes::errorOf;
using fakes::Failure;
using fakes::runTask;
using fakes::Started;

constexpr std::chrono::milliseconds kLimit = 20s;

std::ptrdiff_t openDescriptors() {
    const auto all = std::filesystem::directory_iterator("/proc/self/fd");
    return std::distance(begin(all), end(all));
}

class PoolTest : public testing::Test {
  protected:
    void SetUp() override { makePool(PoolTimes{1min, 1ms}); }

    void TearDown() override {
        pool.reset();
        launcher.reap();
        EXPECT_EQ(launcher.running(), 0U);
        EXPECT_EQ(server.openConnections(), 0U);
        EXPECT_LE(server.mostConnections(), 1U);
    }

    void makePool(PoolTimes times) { pool = std::make_unique<Pool>(loop, launcher, times); }

    Task<Connection> connecting(const std::string& user = "backup",
                                std::chrono::milliseconds timeout = 10s) {
        Access access;
        access.server.host = "fs1";
        access.login.user = user;
        access.login.password = Secret("secret");
        access.rpc = protection;
        return pool->connect(std::move(access), timeout, cancellation);
    }

    Connection connect(const std::string& user = "backup") {
        return runTask(loop, connecting(user));
    }

    Task<Reply<SetContext>> setContext(Connection& connection,
                                       std::chrono::milliseconds timeout = 10s) {
        SetContext::In in;
        in.context = 0x19;
        return connection.call<SetContext>(in, timeout, cancellation);
    }

    /// Has the server hang in the next SetContext; `hangs` becomes true from the loop.
    void letItHang() {
        server.fail<SetContext>(Failure::hang([this] { loop.post([this] { hangs = true; }); }));
    }

    void runUntilItHangs() {
        ASSERT_TRUE(loop.runUntil([this] { return hangs; }, kLimit));
    }

    std::size_t connects() { return server.connectCount(); }

    fakes::FakeNetwork network;
    fakes::FssServer& server = network.addServer("fs1", {"data"});
    EventLoop loop;
    fakes::ThreadLauncher launcher{network};
    Cancellation cancellation;
    std::unique_ptr<Pool> pool;
    RpcProtection protection = RpcProtection::Privacy; ///< of connect()
    bool hangs = false;
};

TEST_F(PoolTest, ACallGivesTheServersReply) {
    Connection connection = connect();

    const auto reply = runTask(loop, setContext(connection));

    EXPECT_EQ(reply.hresult, hresult::kOk);
    EXPECT_EQ(server.calls(), (std::vector<std::string>{"GetSupportedVersion", "SetContext"}));
}

TEST_F(PoolTest, AnHresultLeavesTheConnectionUsable) {
    Connection connection = connect();
    server.fail<SetContext>(Failure::result(hresult::kAccessDenied));

    EXPECT_EQ(runTask(loop, setContext(connection)).hresult, hresult::kAccessDenied);
    EXPECT_TRUE(connection.isUsable());
}

TEST_F(PoolTest, AConnectionThatWasLetGoIsUsedAgain) {
    { const Connection first = connect(); }
    { const Connection second = connect(); }

    EXPECT_EQ(connects(), 1U);
    EXPECT_EQ(launcher.launched(), 1U);
}

TEST_F(PoolTest, AnotherLoginGetsAnotherConnection) {
    { const Connection first = connect("alice"); }
    { const Connection second = connect("bob"); }

    EXPECT_EQ(network.users("fs1"), (std::vector<std::string>{"alice", "bob"}));
}

TEST_F(PoolTest, AnotherProtectionGetsAnotherConnection) {
    { const Connection first = connect(); }
    protection = RpcProtection::Integrity;
    { const Connection second = connect(); }

    EXPECT_EQ(network.connectTimes("fs1").size(), 2U);
}

TEST_F(PoolTest, WhatNeedsNoConnectionIsAskedOfAnAgentOfItsOwn) {
    EXPECT_EQ(runTask(loop, pool->resolve("fs1", 10s, cancellation)),
              (std::vector<std::string>{"192.0.2.1"}));
    EXPECT_EQ(runTask(loop, pool->greet(ServerId{"fs1", 445}, 10s, cancellation)).dialect, "3.1.1");
    Login login;
    login.user = "backup";
    EXPECT_EQ(runTask(loop, pool->getTickets(login, 10s, cancellation)).principal,
              "backup@LAB.EXAMPLE");

    EXPECT_TRUE(network.connectTimes("fs1").empty());
    launcher.reap();
    EXPECT_EQ(launcher.running(), 0U);
}

TEST_F(PoolTest, ANameThatNobodyKnowsGivesItsError) {
    EXPECT_EQ(errorOf(loop, pool->resolve("nobody", 10s, cancellation)).code(),
              Errc::NameNotResolved);
}

TEST_F(PoolTest, AnIdleConnectionGoesAfterItsTime) {
    makePool(PoolTimes{20ms, 1ms});
    { const Connection first = connect(); }
    EXPECT_EQ(launcher.running(), 1U);

    EXPECT_TRUE(loop.runUntil([this] { return launcher.running() == 0; }, kLimit));

    { const Connection second = connect(); }
    EXPECT_EQ(connects(), 2U);
}

TEST_F(PoolTest, ANewConnectionWaitsAfterTheLastWasClosed) {
    constexpr auto gap = 150ms;
    makePool(PoolTimes{1min, gap});
    Connection first = connect();
    const auto closed = BootClock::now();
    first.abandon();
    { const Connection gone = std::move(first); }

    const Connection second = connect();

    EXPECT_GE(network.connectTimes("fs1").at(1) - closed, gap);
}

TEST_F(PoolTest, TheWaitAlsoHoldsForAnotherLogin) {
    constexpr auto gap = 150ms;
    makePool(PoolTimes{1min, gap});
    { const Connection first = connect("alice"); }
    const auto closed = BootClock::now();

    const Connection second = connect("bob");

    EXPECT_GE(network.connectTimes("fs1").at(1) - closed, gap);
}

TEST_F(PoolTest, TheFirstConnectionToAServerDoesNotWait) {
    makePool(PoolTimes{1min, 1h});

    const Connection first = connect();

    EXPECT_TRUE(first.isUsable());
}

TEST_F(PoolTest, TheWaitEndsWithTheCancellation) {
    makePool(PoolTimes{1min, 1h});
    connect().abandon();
    Started second(loop, connecting());

    cancellation.request(Error(Errc::Cancelled, "stopped"));

    EXPECT_EQ(second.error().code(), Errc::Cancelled);
    EXPECT_EQ(connects(), 1U);
}

TEST_F(PoolTest, AServerThatHangsMakesTheCallTimeOutAndEndsTheAgent) {
    Connection connection = connect();
    letItHang();

    EXPECT_EQ(errorOf(loop, setContext(connection, 50ms)).code(), Errc::TimedOut);

    EXPECT_FALSE(connection.isUsable());
    EXPECT_EQ(launcher.running(), 0U);
    EXPECT_EQ(errorOf(loop, setContext(connection)).code(), Errc::Unreachable);
}

TEST_F(PoolTest, AServerThatHangsInConnectMakesItTimeOut) {
    server.fail<GetSupportedVersion>(Failure::hang());

    EXPECT_EQ(errorOf(loop, connecting("backup", 50ms)).code(), Errc::TimedOut);

    EXPECT_EQ(launcher.running(), 0U);
}

TEST_F(PoolTest, AnAgentThatVanishesInACallIsUnreachable) {
    Connection connection = connect();
    server.fail<SetContext>(Failure::hang([this] { launcher.kill(); }));

    const Error error = errorOf(loop, setContext(connection));

    EXPECT_EQ(error.code(), Errc::Unreachable);
    EXPECT_FALSE(error.hint().empty());
    EXPECT_FALSE(connection.isUsable());
}

TEST_F(PoolTest, AnAgentThatVanishesWhileIdleIsReplaced) {
    { const Connection first = connect(); }
    launcher.kill();

    Connection second = connect();
    // The end may be noticed in the connect or, when that was faster, in the first call.
    if (connects() == 1) {
        EXPECT_EQ(errorOf(loop, setContext(second)).code(), Errc::Unreachable);
        { const Connection gone = std::move(second); }
        second = connect();
    }

    EXPECT_EQ(connects(), 2U);
    EXPECT_EQ(runTask(loop, setContext(second)).hresult, hresult::kOk);
}

TEST_F(PoolTest, ACancellationInACallEndsTheAgent) {
    Connection connection = connect();
    letItHang();
    Started call(loop, setContext(connection));
    runUntilItHangs();

    cancellation.request(Error(Errc::Cancelled, "stopped"));

    EXPECT_EQ(call.error().code(), Errc::Cancelled);
    EXPECT_FALSE(connection.isUsable());
    EXPECT_EQ(launcher.running(), 0U);
}

TEST_F(PoolTest, NothingIsSentOnceCancelled) {
    Connection connection = connect();
    cancellation.request(Error(Errc::Cancelled, "stopped"));

    EXPECT_EQ(errorOf(loop, setContext(connection)).code(), Errc::Cancelled);

    EXPECT_EQ(server.calls().size(), 1U);
    EXPECT_TRUE(connection.isUsable());
}

TEST_F(PoolTest, DestroyingAWaitingCoroutineEndsItsAgent) {
    Connection connection = connect();
    letItHang();
    Started call(loop, setContext(connection));
    runUntilItHangs();

    call.destroy();

    EXPECT_EQ(launcher.running(), 0U);
    EXPECT_FALSE(connection.isUsable());
}

TEST_F(PoolTest, DestroyingAConnectingCoroutineEndsItsAgent) {
    server.fail<GetSupportedVersion>(
        Failure::hang([this] { loop.post([this] { hangs = true; }); }));
    Started connecting(loop, this->connecting());
    runUntilItHangs();

    connecting.destroy();

    EXPECT_EQ(launcher.running(), 0U);
}

TEST_F(PoolTest, AnErrorEndsTheAgent) {
    for (const Failure& failure : {Failure::fault(Errc::AccessDenied),
                                   Failure::drop(Failure::When::BeforeActing),
                                   Failure::garble()}) {
        Connection connection = connect();
        server.fail<SetContext>(failure);

        errorOf(loop, setContext(connection));

        EXPECT_FALSE(connection.isUsable());
        EXPECT_EQ(launcher.running(), 0U);
    }
}

TEST_F(PoolTest, AConnectThatIsRefusedGivesItsError) {
    server.refuseConnections(Errc::AuthenticationFailed);

    EXPECT_EQ(errorOf(loop, connecting()).code(), Errc::AuthenticationFailed);

    EXPECT_EQ(launcher.running(), 0U);
}

TEST_F(PoolTest, AsksForShares) {
    Connection connection = connect();

    const Shares shares =
        runTask(loop, connection.listShares(ListShares{5, ""}, 10s, cancellation));
    EXPECT_EQ(shares.names, (std::vector<std::string>{"data"}));
    EXPECT_TRUE(runTask(loop, connection.probeShare("data", 10s, cancellation)));
    EXPECT_FALSE(runTask(loop, connection.probeShare("other", 10s, cancellation)));
}

TEST_F(PoolTest, AConnectionMayOutliveItsPool) {
    const Connection connection = connect();
    pool.reset();

    EXPECT_TRUE(connection.isUsable());
    EXPECT_EQ(launcher.running(), 1U);
}

TEST_F(PoolTest, LeavesNoDescriptorOpen) {
    { const Connection warmUp = connect(); }
    makePool(PoolTimes{1min, 1ms});
    launcher.reap();
    const std::ptrdiff_t before = openDescriptors();

    for (int i = 0; i < 5; ++i) {
        Connection connection = connect();
        letItHang();
        errorOf(loop, setContext(connection, 1ms));
    }
    { const Connection idle = connect(); }
    makePool(PoolTimes{1min, 1ms});
    launcher.reap();

    EXPECT_EQ(openDescriptors(), before);
}

} // namespace
} // namespace fsrvp::agent
