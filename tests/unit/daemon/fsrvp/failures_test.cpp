// SPDX-License-Identifier: GPL-3.0-or-later
// What can go wrong between the client and the fake server: the ways that jobs are tested with.
#include "tests/unit/daemon/fsrvp/fss_client.hpp"

#include <future>
#include <thread>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;
using fakes::Failure;
using When = fakes::Failure::When;

using Failures = FssTest;

template <class Fn> void expectError(Errc code, Fn&& fn) {
    try {
        fn();
        ADD_FAILURE() << "did not throw " << errcName(code);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), code) << error.what();
    }
}

TEST_F(Failures, AResultBeforeActingLeavesTheServerAsItWas) {
    const auto [set, copy] = client.added(data);
    server.fail<CommitShadowCopySet>(Failure::result(hresult::kWaitFailed));

    EXPECT_EQ(client.advance<CommitShadowCopySet>(set), hresult::kWaitFailed);

    EXPECT_EQ(server.sets()[0].state, fakes::FssSetState::Added);
    EXPECT_EQ(client.advance<CommitShadowCopySet>(set), hresult::kOk) << "it fails once";
}

TEST_F(Failures, AResultAfterActingHidesASuccess) {
    const auto [set, copy] = client.added(data);
    server.fail<CommitShadowCopySet>(Failure::result(hresult::kWaitTimeout, When::AfterActing));

    EXPECT_EQ(client.advance<CommitShadowCopySet>(set), hresult::kWaitTimeout);

    EXPECT_EQ(server.sets()[0].state, fakes::FssSetState::Committed);
}

TEST_F(Failures, AResultComesWithEmptyOutParameters) {
    server.fail<IsPathSupported>(Failure::result(hresult::kFail));

    const auto reply = client.askPath<IsPathSupported>(data);

    EXPECT_EQ(reply.hresult, hresult::kFail);
    EXPECT_FALSE(static_cast<bool>(reply.out.supportedByThisProvider));
    EXPECT_FALSE(reply.out.ownerMachineName.value);
}

TEST_F(Failures, TheNthCallFailsAndNoOther) {
    server.fail<SetContext>(Failure::result(hresult::kFail), 2);
    server.fail<SetContext>(Failure::result(hresult::kBadState), 3);

    EXPECT_EQ(client.setContext(0x19), hresult::kOk);
    EXPECT_EQ(client.ask<GetSupportedVersion>({}).hresult, hresult::kOk) << "does not count";
    EXPECT_EQ(client.setContext(0x19), hresult::kFail);
    EXPECT_EQ(client.setContext(0x19), hresult::kBadState);
    EXPECT_EQ(client.setContext(0x19), hresult::kOk);
}

TEST_F(Failures, SeveralCallsInARowFail) {
    server.failTimes<StartShadowCopySet>(2, Failure::result(hresult::kSetInProgress));
    client.setContext(0x19);

    EXPECT_EQ(client.start().hresult, hresult::kSetInProgress);
    EXPECT_EQ(client.start().hresult, hresult::kSetInProgress);
    EXPECT_EQ(client.start().hresult, hresult::kOk);
}

TEST_F(Failures, ClearedOnesDoNotComeUp) {
    server.fail<SetContext>(Failure::result(hresult::kFail));
    server.clearFailures();

    EXPECT_EQ(client.setContext(0x19), hresult::kOk);
}

TEST_F(Failures, AFaultLeavesTheChannelUsable) {
    server.fail<SetContext>(Failure::fault(Errc::AccessDenied));

    expectError(Errc::AccessDenied, [&] { client.setContext(0x19); });

    EXPECT_EQ(client.start().hresult, hresult::kBadState) << "the context was not set";
    EXPECT_EQ(client.setContext(0x19), hresult::kOk);
}

TEST_F(Failures, AStubThatDoesNotDecodeAndAnUnknownOperationAreFaults) {
    const auto channel = server.connect();
    const Stub bad(3);

    expectError(Errc::Protocol, [&] { channel->call(1, bad, 1s); });
    expectError(Errc::NotSupported, [&] { channel->call(13, bad, 1s); });

    EXPECT_NO_THROW(call<GetSupportedVersion>(*channel, {}, 1s));
}

TEST_F(Failures, ADroppedConnectionIsDeadForGood) {
    server.fail<SetContext>(Failure::drop(When::BeforeActing));

    expectError(Errc::Unreachable, [&] { client.setContext(0x19); });
    EXPECT_EQ(server.openConnections(), 0U);
    expectError(Errc::Unreachable, [&] { client.setContext(0x19); });

    EXPECT_EQ(server.calls().size(), 1U) << "what is called on a dead channel never comes";
    FssClient other(server);
    EXPECT_EQ(other.start().hresult, hresult::kBadState) << "the server had not acted";
}

TEST_F(Failures, ADropAfterActingLeavesItsEffect) {
    const Guid set = client.committed(data).set;
    server.fail<ExposeShadowCopySet>(Failure::drop(When::AfterActing));

    expectError(Errc::Unreachable, [&] { client.advance<ExposeShadowCopySet>(set); });

    EXPECT_EQ(server.exposedShares().size(), 1U);
}

TEST_F(Failures, AGarbledReplyOfAnyOperationIsAProtocolError) {
    forEachOperation([this]<class Op>() {
        server.fail<Op>(Failure::garble());
        expectError(Errc::Protocol, [this] { client.ask<Op>({}); });
    });
}

TEST_F(Failures, AGarbledReplyHidesASuccess) {
    client.setContext(0x19);
    server.fail<StartShadowCopySet>(Failure::garble());

    expectError(Errc::Protocol, [this] { client.start(); });

    EXPECT_EQ(server.sets().size(), 1U);
}

TEST_F(Failures, AHungCallGoesOnWhenItIsReleased) {
    std::promise<void> began;
    server.fail<SetContext>(Failure::hang([&began] { began.set_value(); }));
    auto answer = std::async(std::launch::async, [this] { return client.setContext(0x19); });
    began.get_future().wait();
    EXPECT_EQ(server.hungCalls(), 1U);

    server.releaseHung();

    EXPECT_EQ(answer.get(), hresult::kOk);
    EXPECT_EQ(client.start().hresult, hresult::kOk) << "the call has acted";
}

TEST_F(Failures, OtherCallsAreAnsweredWhileOneHangs) {
    std::promise<void> began;
    server.fail<SetContext>(Failure::hang([&began] { began.set_value(); }));
    auto answer = std::async(std::launch::async, [this] { return client.setContext(0x19); });
    began.get_future().wait();

    FssClient other(server);
    EXPECT_EQ(other.ask<GetSupportedVersion>({}).hresult, hresult::kOk);

    server.releaseHung();
    answer.get();
}

TEST_F(Failures, AHungCallMayBeReleasedAsItBegins) {
    server.fail<SetContext>(Failure::hang([this] { server.releaseHung(); }));

    EXPECT_EQ(client.setContext(0x19), hresult::kOk);
}

TEST_F(Failures, AHungCallTimesOutAndItsChannelIsDead) {
    server.fail<GetSupportedVersion>(Failure::hang());
    const auto channel = server.connect();

    expectError(Errc::TimedOut, [&] { call<GetSupportedVersion>(*channel, {}, 1ms); });
    expectError(Errc::Unreachable, [&] { call<GetSupportedVersion>(*channel, {}, 1ms); });
}

TEST_F(Failures, AHungCallEndsWithItsConnection) {
    server.fail<SetContext>(Failure::hang([this] { server.cutConnections(); }));

    expectError(Errc::Unreachable, [&] { client.setContext(0x19); });
}

TEST(FssServer, EndsTheCallsThatHangWhenItGoes) {
    auto server = std::make_unique<fakes::FssServer>();
    std::promise<void> began;
    server->fail<GetSupportedVersion>(Failure::hang([&began] { began.set_value(); }));
    auto ending = std::async(std::launch::async, [channel = server->connect()]() mutable {
        try {
            call<GetSupportedVersion>(*channel, {}, std::chrono::milliseconds::max());
        } catch (const Error& error) {
            return error.code();
        }
        return Errc::Failed;
    });
    began.get_future().wait();

    server.reset();

    EXPECT_EQ(ending.get(), Errc::Unreachable);
}

TEST_F(Failures, ConnectionsAreRefusedAsOftenAsAsked) {
    server.refuseConnections(Errc::NameNotResolved, 2);

    expectError(Errc::NameNotResolved, [this] { server.connect(); });
    expectError(Errc::NameNotResolved, [this] { server.connect(); });
    EXPECT_NO_THROW(server.connect());

    EXPECT_EQ(server.connectCount(), 4U);
    EXPECT_EQ(server.openConnections(), 1U);
}

TEST_F(Failures, CallsCanBeObservedBeforeTheyAreAnswered) {
    std::vector<std::string> seen;
    std::size_t setsBefore = 9;
    server.onCall([&](std::string_view name) {
        seen.emplace_back(name);
        setsBefore = server.sets().size();
    });
    client.setContext(0x19);

    client.start();

    EXPECT_EQ(seen, (std::vector<std::string>{"SetContext", "StartShadowCopySet"}));
    EXPECT_EQ(setsBefore, 0U);
    EXPECT_EQ(server.sets().size(), 1U);
}

TEST_F(Failures, ManyThreadsGetConsistentAnswers) {
    std::vector<std::thread> threads;
    std::atomic<int> started = 0;
    client.setContext(0x19);
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            FssClient mine(server);
            started += mine.start().hresult == hresult::kOk ? 1 : 0;
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(started, 1);
    EXPECT_EQ(server.sets().size(), 1U);
}

} // namespace
} // namespace fsrvp
