// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/session.hpp"
#include "daemon/base/packet.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "tests/fakes/fss_server.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::agent {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// A channel that gives the same reply to everything.
class FixedChannel final : public Channel {
  public:
    explicit FixedChannel(Stub reply) : reply_(std::move(reply)) {}

    Stub call(std::uint16_t, std::span<const std::byte>, std::chrono::milliseconds) override {
        return reply_;
    }

  private:
    Stub reply_;
};

/// A backend that counts, on a fake server.
class CountingBackend final : public smb::Backend {
  public:
    smb::Pipe openPipe(const Access& access, std::chrono::milliseconds timeout) override {
        ++asked;
        lastTimeout = timeout;
        if (failure) {
            throw Error(*failure);
        }
        std::unique_ptr<Channel> channel =
            fixedReply ? std::make_unique<FixedChannel>(*fixedReply) : server.connect();
        return {std::move(channel), "LAB\\" + access.login.user};
    }

    std::vector<std::string> resolve(const std::string& host) override {
        return {"192.0.2.7", host + " again"};
    }

    Greeting greet(const ServerId& peer, std::chrono::milliseconds timeout) override {
        lastTimeout = timeout;
        return {peer.host + "'s address", "3.1.1", true, true, -5s};
    }

    Tickets getTickets(const Login& login) override { return {login.user + "@LAB.EXAMPLE", 10h}; }

    std::vector<std::string> listShares(const Access&, std::chrono::milliseconds) override {
        ++asked;
        if (failure) {
            throw Error(*failure);
        }
        return shares;
    }

    bool isDfsRoot(const Access&, const std::string& share, std::chrono::milliseconds) override {
        return share == "namespace";
    }

    std::vector<std::string> listGmtDirectories(const Access&,
                                                const std::string& share,
                                                std::chrono::milliseconds) override {
        std::vector<std::string> names;
        for (int second = 0; second < 300; ++second) {
            names.push_back(share + std::to_string(1000 + second));
        }
        std::reverse(names.begin(), names.end());
        return names;
    }

    smb::SharePresence
    probeShare(const Access&, const std::string& share, std::chrono::milliseconds) override {
        ++asked;
        return share == "alpha" ? smb::SharePresence::Present : smb::SharePresence::Absent;
    }

    fakes::FssServer server;
    std::vector<std::string> shares{"delta", "alpha", "charlie", "bravo"};
    std::optional<Error> failure;
    std::optional<Stub> fixedReply;
    int asked = 0;
    std::chrono::milliseconds lastTimeout{};
};

Request requestFor(decltype(Request::call) call) {
    Request request;
    request.call = std::move(call);
    request.timeout = 5s;
    return request;
}

Request connectAs(const std::string& user) {
    Connect call;
    call.access.server = ServerId{"fs1", 445};
    call.access.login.user = user;
    call.access.login.password = Secret("secret");
    return requestFor(call);
}

class AgentSession : public testing::Test {
  protected:
    ~AgentSession() override {
        session.reset();
        EXPECT_EQ(backend.server.openConnections(), 0U);
    }

    Answer handle(const Request& request) { return session->handle(request); }

    /// The answer, which must be of that kind.
    template <class T> T expect(const Request& request) {
        const Answer answer = handle(request);
        if (const auto* error = std::get_if<Error>(&answer)) {
            if constexpr (!std::is_same_v<T, Error>) {
                ADD_FAILURE() << error->what();
            }
        }
        return std::get<T>(answer);
    }

    CountingBackend backend;
    std::optional<Session> session{std::in_place, backend};
};

TEST_F(AgentSession, ConnectOpensThePipeAndAsksForTheVersions) {
    const auto connected = expect<Connected>(connectAs("backup"));

    EXPECT_EQ(connected.minVersion, 1U);
    EXPECT_EQ(connected.maxVersion, 1U);
    EXPECT_EQ(connected.identity, "LAB\\backup");
    EXPECT_EQ(backend.lastTimeout, 5s);
    EXPECT_EQ(backend.server.calls(), (std::vector<std::string>{"GetSupportedVersion"}));
}

TEST_F(AgentSession, NothingIsDoneBeforeConnect) {
    EXPECT_EQ(expect<Error>(requestFor(Operation{"GetSupportedVersion", json::object()})).code(),
              Errc::Protocol);
    EXPECT_EQ(expect<Error>(requestFor(ListShares{5, ""})).code(), Errc::Protocol);
    EXPECT_EQ(expect<Error>(requestFor(ProbeShare{"alpha"})).code(), Errc::Protocol);

    EXPECT_EQ(backend.asked, 0);
}

TEST_F(AgentSession, ASecondConnectIsRefused) {
    expect<Connected>(connectAs("backup"));

    EXPECT_EQ(expect<Error>(connectAs("other")).code(), Errc::Protocol);
    EXPECT_EQ(backend.asked, 1);
}

TEST_F(AgentSession, AnEmptyUserIsRefusedBeforeTheBackendIsAsked) {
    EXPECT_EQ(expect<Error>(connectAs("")).code(), Errc::NoCredential);
    EXPECT_EQ(backend.asked, 0);
}

TEST_F(AgentSession, AKeytabOrACacheSaysWhoItIs) {
    Connect call;
    call.access.login.keytab = Secret("keytab");
    EXPECT_EQ(expect<Connected>(requestFor(call)).maxVersion, 1U);
}

TEST_F(AgentSession, ResolvesGreetsAndGetsTicketsWithoutAConnection) {
    EXPECT_EQ(expect<Addresses>(requestFor(Resolve{"fs1"})).addresses,
              (std::vector<std::string>{"192.0.2.7", "fs1 again"}));
    EXPECT_EQ(expect<Greeting>(requestFor(Greet{ServerId{"fs1", 445}})),
              (Greeting{"fs1's address", "3.1.1", true, true, -5s}));
    EXPECT_EQ(backend.lastTimeout, 5s);
    GetTickets call;
    EXPECT_EQ(expect<Error>(requestFor(call)).code(), Errc::NoCredential);
    call.login.user = "backup";
    EXPECT_EQ(expect<Tickets>(requestFor(call)), (Tickets{"backup@LAB.EXAMPLE", 10h}));
}

TEST_F(AgentSession, AnUnknownOperationIsRefused) {
    expect<Connected>(connectAs("backup"));

    const auto error = expect<Error>(requestFor(Operation{"FormatDisk", json::object()}));

    EXPECT_EQ(error.code(), Errc::Protocol);
    EXPECT_NE(std::string(error.what()).find("FormatDisk"), std::string::npos);
}

TEST_F(AgentSession, AnOperationWithBadInputIsRefusedBeforeItIsSent) {
    expect<Connected>(connectAs("backup"));

    for (const json& in : {json(), json::array(), json{{"Context", "x"}}, json{{"Context", -1}}}) {
        EXPECT_EQ(expect<Error>(requestFor(Operation{"SetContext", in})).code(), Errc::Protocol)
            << in;
    }
    EXPECT_EQ(backend.server.calls().size(), 1U);
}

TEST_F(AgentSession, AnOperationGivesTheServersHresult) {
    expect<Connected>(connectAs("backup"));

    const auto result =
        expect<OperationResult>(requestFor(Operation{"SetContext", {{"Context", 0x04000000}}}));

    EXPECT_EQ(result.hresult, hresult::kInvalidArgument);
    EXPECT_EQ(result.out, json::object());
}

TEST_F(AgentSession, SharesComeSortedAndCut) {
    expect<Connected>(connectAs("backup"));

    const auto some = expect<Shares>(requestFor(ListShares{3, ""}));
    EXPECT_EQ(some.names, (std::vector<std::string>{"alpha", "bravo", "charlie"}));
    EXPECT_TRUE(some.more);
    const auto all = expect<Shares>(requestFor(ListShares{4, ""}));
    EXPECT_EQ(all.names.size(), 4U);
    EXPECT_FALSE(all.more);
    EXPECT_TRUE(expect<Shares>(requestFor(ListShares{0, ""})).names.empty());
}

TEST_F(AgentSession, SharesThatDoNotFitInAPacketComeInPages) {
    backend.shares.clear();
    for (int i = 0; i < 3000; ++i) {
        backend.shares.push_back(std::string(60, '"') + std::to_string(i)); // each escaped in JSON
    }
    expect<Connected>(connectAs("backup"));

    std::vector<std::string> seen;
    std::size_t pages = 0;
    for (bool more = true; more; ++pages) {
        const auto page =
            expect<Shares>(requestFor(ListShares{10'000, seen.empty() ? "" : seen.back()}));
        ASSERT_FALSE(page.names.empty());
        EXPECT_LE(encode(page).size(), kMaxPacket);
        seen.insert(seen.end(), page.names.begin(), page.names.end());
        more = page.more;
    }

    std::sort(backend.shares.begin(), backend.shares.end());
    EXPECT_EQ(seen, backend.shares);
    EXPECT_GT(pages, 4U);
    EXPECT_EQ(backend.asked, 2) << "to connect, and for the first page";
}

TEST_F(AgentSession, ProbesAShare) {
    expect<Connected>(connectAs("backup"));

    EXPECT_TRUE(expect<Probed>(requestFor(ProbeShare{"alpha"})).present);
    EXPECT_FALSE(expect<Probed>(requestFor(ProbeShare{"zulu"})).present);
}

TEST_F(AgentSession, TellsARootOfADfsNamespace) {
    EXPECT_EQ(expect<Error>(requestFor(AskForDfs{"namespace"})).code(), Errc::Protocol);
    expect<Connected>(connectAs("backup"));

    EXPECT_TRUE(expect<Probed>(requestFor(AskForDfs{"namespace"})).present);
    EXPECT_FALSE(expect<Probed>(requestFor(AskForDfs{"alpha"})).present);
}

TEST_F(AgentSession, ListsTheDirectoriesOfATimeAndNoMoreThanFitInAPacket) {
    const ListGmtDirectories some{"a", "a1007", "a1009"};
    EXPECT_EQ(expect<Error>(requestFor(some)).code(), Errc::Protocol);
    expect<Connected>(connectAs("backup"));

    EXPECT_EQ(expect<GmtDirectories>(requestFor(some)).names,
              (std::vector<std::string>{"a1007", "a1008", "a1009"}));
    const auto many = expect<GmtDirectories>(requestFor(ListGmtDirectories{"a", "a", "b"})).names;
    ASSERT_EQ(many.size(), 256U);
    EXPECT_EQ(many.back(), "a1299") << "the newest";
}

TEST_F(AgentSession, ErrorsOfTheBackendAreAnswers) {
    backend.failure = Error(Errc::AuthenticationFailed, "wrong password");
    EXPECT_EQ(expect<Error>(connectAs("backup")).code(), Errc::AuthenticationFailed);

    const auto error = expect<Error>(requestFor(Operation{"SetContext", {{"Context", 25}}}));
    EXPECT_EQ(error.code(), Errc::Protocol) << "there is no pipe";
}

TEST_F(AgentSession, FaultsAndGarbledRepliesAreAnswers) {
    expect<Connected>(connectAs("backup"));
    backend.server.fail<SetContext>(fakes::Failure::fault(Errc::AccessDenied));
    backend.server.fail<SetContext>(fakes::Failure::garble(), 2);
    const Request request = requestFor(Operation{"SetContext", {{"Context", 25}}});

    EXPECT_EQ(expect<Error>(request).code(), Errc::AccessDenied);
    EXPECT_EQ(expect<Error>(request).code(), Errc::Protocol);
    EXPECT_EQ(expect<OperationResult>(request).hresult, hresult::kOk);
}

TEST_F(AgentSession, AServerOfOtherVersionsIsRefused) {
    for (const auto& [least, most] : {std::pair(2U, 3U), std::pair(0U, 0U)}) {
        Reply<GetSupportedVersion> reply;
        reply.out.minVersion = least;
        reply.out.maxVersion = most;
        backend.fixedReply = encodeReply<GetSupportedVersion>(reply);
        session.emplace(backend);

        EXPECT_EQ(expect<Error>(connectAs("backup")).code(), Errc::NotSupported) << least;
    }
}

TEST_F(AgentSession, AServerOfMoreVersionsThanOursIsFine) {
    Reply<GetSupportedVersion> reply;
    reply.out.minVersion = 1;
    reply.out.maxVersion = 7;
    backend.fixedReply = encodeReply<GetSupportedVersion>(reply);

    EXPECT_EQ(expect<Connected>(connectAs("backup")).maxVersion, 7U);
}

TEST_F(AgentSession, AResultInsteadOfTheVersionsIsAnErrorWithItsHresult) {
    backend.server.setAccess(fakes::FssAccess::Denied);

    const auto error = expect<Error>(connectAs("backup"));

    EXPECT_EQ(error.code(), Errc::AccessDenied);
    EXPECT_EQ(error.hresult(), hresult::kAccessDenied);
}

/// serve() over a socket, as an agent's main thread runs it.
class Serve : public AgentSession {
  protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
        ours.reset(ends[0]);
        theirs.reset(ends[1]);
    }

    void serveAll() {
        ::shutdown(ours.get(), SHUT_WR);
        serve(theirs.get(), backend, [this](std::chrono::milliseconds t) { told.push_back(t); });
    }

    Answer answer() { return decodeAnswer(receivePacket(ours.get()).value()); }

    UniqueFd ours;
    UniqueFd theirs;
    std::vector<std::chrono::milliseconds> told;
};

TEST_F(Serve, AnswersInOrderUntilThePeerHangsUp) {
    sendPacket(ours.get(), encode(connectAs("backup")));
    sendPacket(ours.get(), encode(requestFor(ProbeShare{"alpha"})));

    serveAll();

    EXPECT_TRUE(std::holds_alternative<Connected>(answer()));
    EXPECT_TRUE(std::holds_alternative<Probed>(answer()));
}

TEST_F(Serve, TellsOfEachRequestsTimeAndEnd) {
    sendPacket(ours.get(), encode(connectAs("backup")));

    serveAll();

    EXPECT_EQ(told, (std::vector<std::chrono::milliseconds>{5s, 0ms}));
}

TEST_F(Serve, AnUnreadableRequestGetsAnErrorAndTheNextIsServed) {
    sendPacket(ours.get(), "nonsense");
    sendPacket(ours.get(), encode(connectAs("backup")));

    serveAll();

    EXPECT_EQ(std::get<Error>(answer()).code(), Errc::Protocol);
    EXPECT_TRUE(std::holds_alternative<Connected>(answer()));
}

} // namespace
} // namespace fsrvp::agent
