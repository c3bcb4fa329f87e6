// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/smb/resolve.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

namespace fsrvp::smb {
namespace {

using namespace std::chrono_literals;

/// A TCP port of 127.0.0.1, bound; it listens only if told to.
class Port {
  public:
    explicit Port(int backlog = -1) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
        if (backlog >= 0) {
            EXPECT_EQ(::listen(socket_.get(), backlog), 0);
        }
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        number_ = ntohs(address.sin_port);
    }

    std::uint16_t number() const noexcept { return number_; }

  private:
    UniqueFd socket_;
    std::uint16_t number_ = 0;
};

Errc codeOf(const ServerId& server, std::chrono::milliseconds timeout) {
    try {
        reachableAddress(server, timeout);
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "no error";
    return Errc::Failed;
}

TEST(ResolveHost, GivesEachAddressOnce) {
    EXPECT_EQ(resolveHost("127.0.0.1"), std::vector<std::string>{"127.0.0.1"});
    const std::vector<std::string> local = resolveHost("localhost");
    EXPECT_EQ(std::count(local.begin(), local.end(), "127.0.0.1"), 1);
    EXPECT_THROW(resolveHost("no-such-host.invalid"), Error);
}

TEST(ReachableAddress, IsTheAddressWhosePortListens) {
    const Port port(1);

    EXPECT_EQ(reachableAddress({"127.0.0.1", port.number()}, 5s), "127.0.0.1");
    EXPECT_EQ(reachableAddress({"localhost", port.number()}, 5s), "127.0.0.1");
}

TEST(ReachableAddress, AClosedPortIsUnreachableAndNamed) {
    const Port port;

    try {
        reachableAddress({"127.0.0.1", port.number()}, 5s);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Unreachable);
        EXPECT_NE(std::string(error.what()).find(std::to_string(port.number())), std::string::npos);
    }
}

TEST(ReachableAddress, AnUnknownHostIsNotResolved) {
    EXPECT_EQ(codeOf({"no-such-host.invalid", 445}, 5s), Errc::NameNotResolved);
}

TEST(ReachableAddress, APortThatNeverAnswersTimesOut) {
    // Linux drops the SYN of a connection that a full backlog has no place for.
    const Port port(0);
    const UniqueFd first(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port.number());
    ASSERT_EQ(::connect(first.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(codeOf({"127.0.0.1", port.number()}, 300ms), Errc::TimedOut);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 300ms);
}

} // namespace
} // namespace fsrvp::smb
