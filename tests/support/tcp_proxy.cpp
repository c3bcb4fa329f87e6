// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/tcp_proxy.hpp"

#include "tests/support/wait_for.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace fsrvp::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

int checked(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

UniqueFd tcpSocket() {
    return UniqueFd(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

/// Appends what is there. False at the connection's end.
bool receive(const UniqueFd& from, std::string& into) {
    char chunk[65536];
    const ssize_t size = ::recv(from.get(), chunk, sizeof chunk, 0);
    if (size > 0) {
        into.append(chunk, static_cast<std::size_t>(size));
    }
    return size > 0;
}

bool sendAll(const UniqueFd& to, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t size = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (size < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
}

/// The first whole message with its four bytes of length (MS-SMB2 2.1); 0 while there is none.
std::size_t firstMessage(const std::string& bytes) {
    if (bytes.size() < 4) {
        return 0;
    }
    std::size_t size = 0;
    for (std::size_t i = 1; i < 4; ++i) {
        size = size << 8U | static_cast<unsigned char>(bytes[i]);
    }
    return bytes.size() < size + 4 ? 0 : size + 4;
}

/// Whether there is more in it than that the server takes its time (MS-SMB2 3.3.4.2): an error
/// response without data, which may be encrypted.
bool hasAnswer(const std::string& bytes) {
    constexpr std::size_t kPending = 4 + 64 + 9;
    constexpr std::size_t kTransformHeader = 52;
    const std::size_t first = firstMessage(bytes);
    return first != 0 && ((first != kPending && first != kPending + kTransformHeader) ||
                          firstMessage(bytes.substr(first)) != 0);
}

void flipLastBits(std::string& bytes) {
    constexpr std::ptrdiff_t kSome = 32;
    const auto last = std::min(kSome, std::ssize(bytes));
    std::for_each(
        bytes.end() - last, bytes.end(), [](char& byte) { byte = static_cast<char>(~byte); });
}

} // namespace

TcpProxy::TcpProxy(std::uint16_t server)
    : server_(server), listener_(tcpSocket()),
      wakeUp_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    checked(::bind(listener_.get(), generic, size), "bind");
    checked(::listen(listener_.get(), 16), "listen");
    checked(::getsockname(listener_.get(), generic, &size), "getsockname");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ::eventfd_write(wakeUp_.get(), 1);
    thread_.join();
}

bool TcpProxy::arm(std::size_t nth, bool passesRequest) {
    const std::lock_guard lock(mutex_);
    left_ = nth;
    passesRequest_ = passesRequest;
    lastCounted_ = links_.empty() ? kNever : links_.back().number;
    return !links_.empty();
}

bool TcpProxy::holdRequest(std::size_t nth) {
    return arm(nth, false);
}

bool TcpProxy::holdReply(std::size_t nth) {
    return arm(nth, true);
}

bool TcpProxy::count() {
    return arm(kFarAway, true);
}

std::size_t TcpProxy::counted() const {
    const std::lock_guard lock(mutex_);
    return kFarAway - left_;
}

bool TcpProxy::isHeld() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

bool TcpProxy::waitUntilHeld() const {
    return waitFor([this] { return isHeld(); }, std::chrono::seconds(10));
}

void TcpProxy::letRequestGo() {
    tell(lettingRequestGo_);
}

void TcpProxy::letGo() {
    tell(lettingGo_);
}

void TcpProxy::garble() {
    tell(garbling_);
}

void TcpProxy::cut() {
    tell(cutting_);
}

void TcpProxy::tell(bool& flag) {
    {
        const std::lock_guard lock(mutex_);
        flag = true;
    }
    ::eventfd_write(wakeUp_.get(), 1);
    const auto isDone = [&] {
        const std::lock_guard lock(mutex_);
        return !flag;
    };
    if (!waitFor(isDone, std::chrono::seconds(10))) {
        throw std::runtime_error("the proxy hangs");
    }
}

bool TcpProxy::obey() {
    eventfd_t count = 0;
    ::eventfd_read(wakeUp_.get(), &count);
    const std::lock_guard lock(mutex_);
    if (cutting_) {
        links_.clear();
    }
    if (lettingRequestGo_) {
        for (Link& link : links_) {
            const std::size_t size = firstMessage(link.toServer);
            sendAll(link.server, link.toServer.substr(0, size));
            link.toServer.erase(0, size);
        }
        held_ = false;
        lettingRequestGo_ = false;
    }
    if (garbling_) {
        for (Link& link : links_) {
            flipLastBits(link.toClient);
        }
    }
    if (cutting_ || lettingGo_ || garbling_) {
        left_ = kNever;
        holds_ = false;
        held_ = false;
        cutting_ = false;
        lettingGo_ = false;
        garbling_ = false;
    }
    return !stopping_;
}

void TcpProxy::accept() {
    Link link;
    link.client.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    link.server = tcpSocket();
    const sockaddr_in address = loopback(server_);
    if (::connect(link.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
        0) {
        const std::lock_guard lock(mutex_);
        link.number = ++accepted_;
        links_.push_back(std::move(link));
    }
}

bool TcpProxy::passRequests(Link& link) {
    const std::lock_guard lock(mutex_);
    while (const std::size_t size = firstMessage(link.toServer)) {
        const bool counts = !holds_ && left_ != kNever && link.number <= lastCounted_;
        if (counts && --left_ == 0) {
            holds_ = true;
            held_ = !passesRequest_;
            if (passesRequest_ && !sendAll(link.server, link.toServer.substr(0, size))) {
                return false;
            }
            link.toServer.erase(0, passesRequest_ ? size : 0);
        }
        if (holds_) {
            return true;
        }
        if (!sendAll(link.server, link.toServer.substr(0, size))) {
            return false;
        }
        link.toServer.erase(0, size);
    }
    return true;
}

bool TcpProxy::fromClient(Link& link) {
    return receive(link.client, link.toServer) && passRequests(link);
}

bool TcpProxy::fromServer(Link& link) {
    return receive(link.server, link.toClient) && passReplies(link);
}

bool TcpProxy::passReplies(Link& link) {
    const std::lock_guard lock(mutex_);
    if (link.toClient.empty()) {
        return true;
    }
    if (holds_) {
        held_ = held_ || hasAnswer(link.toClient);
        return true;
    }
    const bool sent = sendAll(link.client, link.toClient);
    link.toClient.clear();
    return sent;
}

void TcpProxy::run() {
    for (;;) {
        std::vector<pollfd> waiting{{wakeUp_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
        for (const Link& link : links_) {
            waiting.push_back({link.client.get(), POLLIN, 0});
            waiting.push_back({link.server.get(), POLLIN, 0});
        }
        ::poll(waiting.data(), waiting.size(), -1);
        if (waiting[0].revents != 0) {
            if (!obey()) {
                return;
            }
            for (Link& link : links_) {
                passRequests(link);
                passReplies(link);
            }
            continue; // what poll has said may be of links that are gone
        }
        std::size_t place = 2;
        for (auto link = links_.begin(); link != links_.end();) {
            const bool lives = (waiting[place].revents == 0 || fromClient(*link)) &&
                               (waiting[place + 1].revents == 0 || fromServer(*link));
            place += 2;
            if (lives) {
                ++link;
            } else {
                const std::lock_guard lock(mutex_);
                link = links_.erase(link);
            }
        }
        if (waiting[1].revents != 0) {
            accept();
        }
    }
}

} // namespace fsrvp::test
