// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/messages.hpp"
#include "daemon/base/packet.hpp"
#include "daemon/base/unique_fd.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

namespace fsrvp::agent {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kPassword = "correct horse battery staple";

Request connectRequest() {
    Connect call;
    call.access.server = ServerId{"fs1", 1445};
    call.access.login.user = "backup";
    call.access.login.domain = "LAB";
    call.access.login.password = Secret(kPassword);
    call.access.login.auth = Auth::Negotiate;
    call.access.login.keytab = Secret(std::string("\x05\x02\x00\xff", 4));
    call.access.login.ticketCache = Secret(std::string("\x05\x04\x00", 3));
    call.access.rpc = RpcProtection::Integrity;
    call.access.encryption = SmbEncryption::Preferred;
    Request request;
    request.call = call;
    request.timeout = 10s;
    return request;
}

json connectJson() {
    return json::parse(encode(connectRequest()));
}

/// What decoding says of the packet; "accepted" when it does not refuse it.
std::string refusalOf(const std::string& packet) {
    try {
        decodeRequest(packet);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol) << error.what();
        return error.what();
    }
    return "accepted";
}

std::string answerRefusalOf(const std::string& packet) {
    try {
        decodeAnswer(packet);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol) << error.what();
        return error.what();
    }
    return "accepted";
}

template <class T> T roundTrip(const Answer& answer) {
    return std::get<T>(decodeAnswer(encode(answer)));
}

TEST(AgentMessages, ConnectRoundTrip) {
    const Request request = decodeRequest(encode(connectRequest()));

    const Connect& call = std::get<Connect>(request.call);
    EXPECT_EQ(call.access, std::get<Connect>(connectRequest().call).access);
    EXPECT_EQ(call.access.login.password.reveal(), kPassword);
    EXPECT_EQ(call.access.login.keytab.reveal().size(), 4U);
    EXPECT_EQ(request.timeout, 10s);
}

TEST(AgentMessages, OtherRequestsRoundTrip) {
    Request request;
    request.timeout = 1ms;

    request.call = Operation{"SetContext", {{"Context", 25}}};
    const Request operation = decodeRequest(encode(request));
    EXPECT_EQ(std::get<Operation>(operation.call).name, "SetContext");
    EXPECT_EQ(std::get<Operation>(operation.call).in, (json{{"Context", 25}}));
    EXPECT_EQ(operation.timeout, 1ms);

    request.call = ListShares{12, "data"};
    const auto list = std::get<ListShares>(decodeRequest(encode(request)).call);
    EXPECT_EQ(list.limit, 12U);
    EXPECT_EQ(list.after, "data");

    request.call = AskForDfs{"a"};
    EXPECT_EQ(std::get<AskForDfs>(decodeRequest(encode(request)).call).share, "a");

    request.call = ListGmtDirectories{"a", "b", "c"};
    const auto found = std::get<ListGmtDirectories>(decodeRequest(encode(request)).call);
    EXPECT_EQ(found.share + found.first + found.last, "abc");

    request.call = Resolve{"fs1"};
    EXPECT_EQ(std::get<Resolve>(decodeRequest(encode(request)).call).host, "fs1");

    request.call = Greet{ServerId{"fs1", 1445}};
    EXPECT_EQ(std::get<Greet>(decodeRequest(encode(request)).call).server, (ServerId{"fs1", 1445}));

    GetTickets getTickets;
    getTickets.login.user = "backup";
    getTickets.login.auth = Auth::Kerberos;
    getTickets.login.keytab = Secret("k");
    request.call = getTickets;
    EXPECT_EQ(std::get<GetTickets>(decodeRequest(encode(request)).call).login, getTickets.login);

    request.call = ProbeShare{"süß日$"};
    EXPECT_EQ(std::get<ProbeShare>(decodeRequest(encode(request)).call).share, "süß日$");
}

TEST(AgentMessages, AnswersRoundTrip) {
    const auto connected = roundTrip<Connected>(Connected{1, 3, "LAB\\backup"});
    EXPECT_EQ(connected.minVersion, 1U);
    EXPECT_EQ(connected.maxVersion, 3U);
    EXPECT_EQ(connected.identity, "LAB\\backup");

    EXPECT_EQ(roundTrip<Addresses>(Addresses{{"192.0.2.1", "::1"}}).addresses,
              (std::vector<std::string>{"192.0.2.1", "::1"}));
    const Greeting greeting{"192.0.2.1", "3.0.2", true, false, -3600s};
    EXPECT_EQ(roundTrip<Greeting>(greeting), greeting);
    const Tickets tickets{"backup@LAB.EXAMPLE", 36000s};
    EXPECT_EQ(roundTrip<Tickets>(tickets), tickets);

    const auto result = roundTrip<OperationResult>(OperationResult{{{"A", nullptr}}, 0xffffffff});
    EXPECT_EQ(result.out, (json{{"A", nullptr}}));
    EXPECT_EQ(result.hresult, 0xffffffffU);

    const auto shares = roundTrip<Shares>(Shares{{"data", "hid$"}, true});
    EXPECT_EQ(shares.names, (std::vector<std::string>{"data", "hid$"}));
    EXPECT_TRUE(shares.more);

    EXPECT_TRUE(roundTrip<Probed>(Probed{true}).present);
    EXPECT_FALSE(roundTrip<Probed>(Probed{false}).present);

    EXPECT_EQ(roundTrip<GmtDirectories>(GmtDirectories{{"a", "b"}}).names,
              (std::vector<std::string>{"a", "b"}));
}

TEST(AgentMessages, AnErrorKeepsAllItSays) {
    const auto error = roundTrip<Error>(
        Error(Errc::AccessDenied, "no", std::uint32_t{0x80070005}).withHint("ask root"));

    EXPECT_EQ(error.code(), Errc::AccessDenied);
    EXPECT_STREQ(error.what(), "no");
    EXPECT_EQ(error.hint(), "ask root");
    EXPECT_EQ(error.hresult(), 0x80070005U);
    EXPECT_EQ(roundTrip<Error>(Error(Errc::Unreachable, "gone")).hresult(), std::nullopt);
}

TEST(AgentMessages, EveryErrorCodeRoundTrips) {
    for (std::size_t i = 0; i < kErrcCount; ++i) {
        const auto code = static_cast<Errc>(i);
        EXPECT_EQ(roundTrip<Error>(Error(code, "x")).code(), code) << errcName(code);
    }
}

TEST(AgentMessages, AServersBytesThatAreNoUtf8BecomeReplacements) {
    EXPECT_EQ(roundTrip<Shares>(Shares{{"caf\xe9"}, false}).names.front(), "caf\xef\xbf\xbd");
}

TEST(AgentMessages, EveryKeyOfARequestIsNeeded) {
    const json whole = connectJson();
    ASSERT_EQ(refusalOf(whole.dump()), "accepted");

    for (const auto& item : whole.items()) {
        json less = whole;
        less.erase(item.key());
        EXPECT_NE(refusalOf(less.dump()), "accepted") << "without " << item.key();
    }
}

TEST(AgentMessages, AWrongTypeIsRefused) {
    const json whole = connectJson();
    const std::vector<json> values{nullptr, true, -1, 1.5, json::array(), json::object()};

    for (const auto& item : whole.items()) {
        for (const json& value : values) {
            json other = whole;
            other[item.key()] = value;
            EXPECT_NE(refusalOf(other.dump()), "accepted") << item.key() << " = " << value;
        }
    }
}

TEST(AgentMessages, EveryKeyOfAnAnswerIsNeeded) {
    const std::vector<Answer> answers{Connected{1, 1, "backup"},
                                      Addresses{{"192.0.2.1"}},
                                      Greeting{"192.0.2.1", "3.1.1", true, true, 0s},
                                      Tickets{"backup@LAB.EXAMPLE", 1s},
                                      OperationResult{json::object(), 0},
                                      Shares{{"data"}, false},
                                      Probed{true},
                                      Error(Errc::Failed, "no")};
    for (const Answer& answer : answers) {
        const json whole = json::parse(encode(answer));
        for (const auto& item : whole.items()) {
            json less = whole;
            less.erase(item.key());
            EXPECT_NE(answerRefusalOf(less.dump()), "accepted") << whole << " - " << item.key();
        }
    }
}

TEST(AgentMessages, NumbersOutOfRangeAreRefused) {
    json port = connectJson();
    for (const std::int64_t value : {0, 65536, -1}) {
        port["port"] = value;
        EXPECT_NE(refusalOf(port.dump()), "accepted") << value;
    }
    json timeout = connectJson();
    timeout["timeout_ms"] = 0x100000000;
    EXPECT_NE(refusalOf(timeout.dump()), "accepted");
}

TEST(AgentMessages, UnknownNamesAndBadHexAreRefused) {
    for (const auto& [key, value] : {std::pair("auth", "basic"),
                                     std::pair("rpc", "Privacy"),
                                     std::pair("encryption", ""),
                                     std::pair("keytab", "0"),
                                     std::pair("ticket_cache", "0G")}) {
        json other = connectJson();
        other[key] = value;
        EXPECT_NE(refusalOf(other.dump()), "accepted") << key << " = " << value;
    }
}

TEST(AgentMessages, UnknownCallsAndRepliesAreRefused) {
    EXPECT_NE(refusalOf(R"({"call": "reboot", "timeout_ms": 1})"), "accepted");
    EXPECT_NE(answerRefusalOf(R"({"reply": "perhaps"})"), "accepted");
    EXPECT_NE(
        answerRefusalOf(
            R"({"reply": "error", "code": "Odd", "message": "", "hint": "", "hresult": null})"),
        "accepted");
}

TEST(AgentMessages, WhatIsNoObjectIsRefused) {
    for (const char* packet : {"", "[]", "null", "7", "\"text\"", "{", "{} {}", "{\"a\":1,}"}) {
        EXPECT_NE(refusalOf(packet), "accepted") << packet;
        EXPECT_NE(answerRefusalOf(packet), "accepted") << packet;
    }
}

TEST(AgentMessages, APacketIsNeverLongerThanTheLimit) {
    json request = connectJson();
    request["user"] = std::string(kMaxPacket, 'u');

    EXPECT_NE(refusalOf(request.dump()).find("too long"), std::string::npos);
}

TEST(AgentMessages, NulIsRefusedRawAndEscaped) {
    std::string packet = encode(connectRequest());
    EXPECT_NE(refusalOf(packet + '\0'), "accepted");
    EXPECT_NE(refusalOf(packet + '\0' + "{}"), "accepted");

    for (const char* key : {"host", "user", "domain", "password"}) {
        json request = connectJson();
        request[key] = std::string("a\0b", 3);
        EXPECT_NE(refusalOf(request.dump()), "accepted") << key;
    }
    EXPECT_NE(answerRefusalOf(R"({"reply": "shares", "names": ["a\u0000b"], "more": false})"),
              "accepted");
}

TEST(AgentMessages, BytesThatAreNoUtf8AreRefused) {
    std::string packet = encode(connectRequest());
    packet.replace(packet.find("backup"), 6, "b\xe9tail");

    EXPECT_NE(refusalOf(packet), "accepted");
}

TEST(AgentMessages, DeepNestingIsRefused) {
    // Values are copied level by level: without a limit this ends in a stack overflow.
    const std::size_t depth = kMaxPacket / 2 - 100;
    const std::string nested = std::string(depth, '[') + std::string(depth, ']');

    EXPECT_NE(answerRefusalOf(R"({"reply": "operation", "hresult": 0, "out": )" + nested + "}"),
              "accepted");
    EXPECT_NE(
        refusalOf(R"({"call": "operation", "name": "x", "timeout_ms": 1, "in": )" + nested + "}"),
        "accepted");
}

TEST(AgentMessages, NoRefusalQuotesThePassword) {
    std::vector<std::string> packets;
    const json connect = connectJson();
    for (const auto& item : connect.items()) {
        json other = connect;
        other.erase(item.key());
        packets.push_back(other.dump());
        other[item.key()] = json::array({kPassword});
        packets.push_back(other.dump());
    }
    json asName = connectJson();
    asName["call"] = kPassword;
    packets.push_back(asName.dump());
    const std::string whole = encode(connectRequest());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        packets.push_back(whole.substr(0, length));
    }

    for (const std::string& packet : packets) {
        const std::string text = refusalOf(packet);
        EXPECT_EQ(text.find(kPassword), std::string::npos) << text;
    }
}

class PacketSocket : public testing::Test {
  protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
        ours.reset(ends[0]);
        theirs.reset(ends[1]);
    }

    UniqueFd ours;
    UniqueFd theirs;
};

TEST_F(PacketSocket, KeepsPacketsApart) {
    sendPacket(ours.get(), "one");
    sendPacket(ours.get(), std::string(kMaxPacket, 'x'));

    EXPECT_EQ(receivePacket(theirs.get()), "one");
    EXPECT_EQ(receivePacket(theirs.get())->size(), kMaxPacket);
}

TEST_F(PacketSocket, RefusesAPacketThatIsTooLong) {
    const std::string longPacket(kMaxPacket + 1, 'x');
    sendPacket(ours.get(), longPacket);

    try {
        receivePacket(theirs.get());
        FAIL() << "it was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol);
    }
}

TEST_F(PacketSocket, EndsWithThePeer) {
    sendPacket(ours.get(), "last words");
    ours.reset();

    EXPECT_EQ(receivePacket(theirs.get()), "last words");
    EXPECT_EQ(receivePacket(theirs.get()), std::nullopt);
    EXPECT_THROW(sendPacket(theirs.get(), "hello?"), Error);
}

} // namespace
} // namespace fsrvp::agent
