// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/smb/greeting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

namespace fsrvp::smb {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

using Bytes = std::vector<std::byte>;

// 2026-01-01 00:00:00 UTC
const auto kNow = std::chrono::system_clock::from_time_t(1767225600);
constexpr std::uint64_t kNowAsFileTime = 134116992000000000;

void put(Bytes& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
    bytes.resize(std::max(bytes.size(), offset + size));
    for (std::size_t i = 0; i < size; ++i) {
        bytes[offset + i] = static_cast<std::byte>((value >> (8 * i)) & 0xffU);
    }
}

struct Answer {
    std::uint16_t dialect = 0x0311;
    std::uint16_t securityMode = 0x0001;
    std::uint32_t capabilities = 0;
    std::uint64_t systemTime = kNowAsFileTime;
    int cipher = -1; ///< of SMB 3.1.1; -1: no encryption context
};

/// As MS-SMB2 2.2.4 has it.
Bytes bytesOf(const Answer& answer) {
    Bytes bytes;
    put(bytes, 0, 0x424d53fe, 4);
    put(bytes, 4, 64, 2);
    put(bytes, 12, 0, 2); // NEGOTIATE
    put(bytes, 16, 1, 4); // from the server
    put(bytes, 64, 65, 2);
    put(bytes, 66, answer.securityMode, 2);
    put(bytes, 68, answer.dialect, 2);
    put(bytes, 88, answer.capabilities, 4);
    put(bytes, 104, answer.systemTime, 8);
    put(bytes, 124, 0, 4);
    if (answer.dialect == 0x0311) {
        put(bytes, 70, answer.cipher < 0 ? 1 : 2, 2);
        put(bytes, 124, 128, 4);
        put(bytes, 128, 1, 2); // preauthentication: 38 bytes, padded to 40
        put(bytes, 130, 38, 2);
        put(bytes, 175, 0, 1);
        if (answer.cipher >= 0) {
            put(bytes, 176, 2, 2);
            put(bytes, 178, 4, 2);
            put(bytes, 184, 1, 2);
            put(bytes, 186, static_cast<std::uint64_t>(answer.cipher), 2);
        }
    }
    return bytes;
}

Error refusal(const Bytes& bytes) {
    try {
        readNegotiateResponse(bytes, kNow);
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error";
    return Error(Errc::Failed, "");
}

TEST(Greeting, SaysTheDialectAndWhetherItCanEncrypt) {
    const auto read = [](Answer answer) { return readNegotiateResponse(bytesOf(answer), kNow); };

    EXPECT_EQ(read({.dialect = 0x0210, .capabilities = 0x40}),
              (Greeting{"", "2.1", false, false, 0s}));
    EXPECT_EQ(read({.dialect = 0x0300, .capabilities = 0x40}),
              (Greeting{"", "3.0", true, false, 0s}));
    EXPECT_EQ(read({.dialect = 0x0302, .capabilities = 0x01}),
              (Greeting{"", "3.0.2", false, false, 0s}));
    EXPECT_EQ(read({.cipher = 2}), (Greeting{"", "3.1.1", true, false, 0s}));
    EXPECT_EQ(read({.cipher = 0}), (Greeting{"", "3.1.1", false, false, 0s}));
    EXPECT_EQ(read({.capabilities = 0x40}), (Greeting{"", "3.1.1", false, false, 0s}));
    EXPECT_TRUE(read({.securityMode = 0x0003}).requiresSigning);
}

TEST(Greeting, SaysHowFarTheServersClockIsAhead) {
    const auto ahead = [](std::int64_t seconds) {
        const auto ticks = static_cast<std::uint64_t>(seconds * 10'000'000);
        return readNegotiateResponse(bytesOf({.systemTime = kNowAsFileTime + ticks}), kNow)
            .clockAhead;
    };

    EXPECT_EQ(ahead(0), 0s);
    EXPECT_EQ(ahead(3600), 3600s);
    EXPECT_EQ(ahead(-600), -600s);
    EXPECT_EQ(readNegotiateResponse(bytesOf({.systemTime = 0}), kNow).clockAhead, 0s);
}

TEST(Greeting, Smb1IsRefusedByName) {
    Bytes bytes = bytesOf({});
    bytes[0] = std::byte{0xff};

    const Error error = refusal(bytes);
    EXPECT_EQ(error.code(), Errc::NotSupported);
    EXPECT_STREQ(error.what(), "the server speaks SMB 1 only");
}

TEST(Greeting, ServerThatTakesNoDialectIsRefused) {
    Bytes bytes = bytesOf({});
    put(bytes, 8, 0xc00000bb, 4);

    const Error error = refusal(bytes);
    EXPECT_EQ(error.code(), Errc::NotSupported);
    EXPECT_THAT(error.what(), HasSubstr("0xc00000bb"));
}

TEST(Greeting, WhatIsNoAnswerIsAProtocolError) {
    const std::vector<std::function<void(Bytes&)>> changes{
        [](Bytes& b) { std::memcpy(b.data(), "HTTP/1.1 400 Bad Request", 24); },
        [](Bytes& b) { put(b, 4, 63, 2); },
        [](Bytes& b) { put(b, 12, 1, 2); },
        [](Bytes& b) { put(b, 16, 0, 4); },
        [](Bytes& b) { put(b, 64, 9, 2); },
        [](Bytes& b) { put(b, 68, 0x0202, 2); },
        [](Bytes& b) { put(b, 124, 0xfffffff0, 4); },
        [](Bytes& b) { put(b, 130, 0xffff, 2); },
    };
    for (const auto& change : changes) {
        Bytes bytes = bytesOf({.cipher = 2});
        change(bytes);
        EXPECT_EQ(refusal(bytes).code(), Errc::Protocol) << refusal(bytes).what();
    }
}

TEST(Greeting, CutOffAnywhereIsAProtocolError) {
    const Bytes whole = bytesOf({.cipher = 2});

    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of just that size, for the address sanitizer.
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(refusal(part).code(), Errc::Protocol) << size;
    }
}

TEST(Greeting, RequestIsOneFrameWithTheDialects) {
    std::array<std::byte, 48> random{};
    random.fill(std::byte{0xaa});

    const Bytes frame = negotiateRequest(random);

    const auto head = std::span(frame).first<4>();
    EXPECT_EQ(frameSize(head), frame.size() - 4);
    const Bytes dialects{std::byte{0x10},
                         std::byte{2},
                         std::byte{0},
                         std::byte{3},
                         std::byte{2},
                         std::byte{3},
                         std::byte{0x11},
                         std::byte{3}};
    EXPECT_TRUE(std::equal(dialects.begin(), dialects.end(), frame.begin() + 4 + 64 + 36));
    EXPECT_EQ(std::count(frame.begin(), frame.end(), std::byte{0xaa}), 48);
}

TEST(Greeting, FramesThatNoAnswerHasAreRefused) {
    const auto size = [](unsigned a, unsigned b, unsigned c, unsigned d) {
        const std::array<std::byte, 4> header{
            std::byte(a), std::byte(b), std::byte(c), std::byte(d)};
        return frameSize(header);
    };

    EXPECT_EQ(size(0, 0, 1, 2), 258U);
    EXPECT_EQ(size(0, 1, 0, 0), 65536U);
    EXPECT_THROW(size(0x85, 0, 0, 64), Error); // a keep-alive
    EXPECT_THROW(size('H', 'T', 'T', 'P'), Error);
    EXPECT_THROW(size(0, 1, 0, 1), Error);
    EXPECT_THROW(size(0, 0, 0, 3), Error);
}

/// A server for one connection.
class OneConnection {
  public:
    explicit OneConnection(std::function<void(int)> serve)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        server = ServerId{"127.0.0.1", ntohs(address.sin_port)};
        thread_ = std::thread([this, serve = std::move(serve)] {
            const UniqueFd connection(::accept(listener_.get(), nullptr, nullptr));
            std::array<char, 512> request{};
            ::recv(connection.get(), request.data(), request.size(), 0);
            serve(connection.get());
        });
    }

    ~OneConnection() { thread_.join(); }

    OneConnection(const OneConnection&) = delete;
    OneConnection& operator=(const OneConnection&) = delete;

    ServerId server;

  private:
    UniqueFd listener_;
    std::thread thread_;
};

TEST(Greet, ReadsAnAnswerThatComesInPieces) {
    OneConnection peer([](int socket) {
        const Bytes message = bytesOf({.cipher = 1});
        Bytes frame{std::byte{0}, std::byte{0}, std::byte{0}, std::byte(message.size())};
        frame.insert(frame.end(), message.begin(), message.end());
        for (const std::byte byte : frame) {
            ::send(socket, &byte, 1, MSG_NOSIGNAL);
        }
    });

    const Greeting greeting = greet(peer.server, 5s);

    EXPECT_EQ(greeting.address, "127.0.0.1");
    EXPECT_EQ(greeting.dialect, "3.1.1");
}

TEST(Greet, ServerThatHangsUpHasNoSmb2) {
    OneConnection peer([](int) {});

    try {
        greet(peer.server, 5s);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::NotSupported);
        EXPECT_THAT(error.what(), HasSubstr("hung up"));
    }
}

TEST(Greet, SilentServerTimesOut) {
    OneConnection peer([](int socket) {
        char end = 0;
        ::recv(socket, &end, 1, 0);
    });

    try {
        greet(peer.server, 200ms);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::TimedOut);
    }
}

} // namespace
} // namespace fsrvp::smb
