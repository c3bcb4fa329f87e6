// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/resolve.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace fsrvp::smb {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;
using Clock = std::chrono::steady_clock;

AddressList resolve(const ServerId& server) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int result =
        getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
    AddressList list(found, freeaddrinfo);
    if (result != 0) {
        throw Error(Errc::NameNotResolved,
                    "cannot find the address of host '" + server.host +
                        "': " + gai_strerror(result));
    }
    return list;
}

std::string textOf(const addrinfo& address) {
    std::array<char, NI_MAXHOST> text{};
    getnameinfo(
        address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    return text.data();
}

/// 0, or the errno of the attempt to connect.
int tryConnect(const addrinfo& address, Clock::time_point end, UniqueFd& socket) {
    socket.reset(::socket(address.ai_family,
                          address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                          address.ai_protocol));
    if (!socket) {
        return errno;
    }
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{socket.get(), POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready == 0) {
        return ETIMEDOUT;
    }
    int result = errno;
    socklen_t size = sizeof result;
    if (ready > 0) {
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &result, &size);
    }
    return result;
}

} // namespace

std::vector<std::string> resolveHost(const std::string& host) {
    const AddressList list = resolve(ServerId{host, kSmbPort});
    std::vector<std::string> addresses;
    for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
        std::string text = textOf(*address);
        if (std::find(addresses.begin(), addresses.end(), text) == addresses.end()) {
            addresses.push_back(std::move(text));
        }
    }
    return addresses;
}

Connection connectTo(const ServerId& server, std::chrono::milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    const AddressList list = resolve(server);
    int last = EADDRNOTAVAIL;
    for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
        Connection connection;
        last = tryConnect(*address, end, connection.socket);
        if (last == 0) {
            connection.address = textOf(*address);
            return connection;
        }
    }
    throw Error(last == ETIMEDOUT ? Errc::TimedOut : Errc::Unreachable,
                "cannot connect to port " + std::to_string(server.port) + " of host '" +
                    server.host + "': " + std::strerror(last));
}

std::string reachableAddress(const ServerId& server, std::chrono::milliseconds timeout) {
    return connectTo(server, timeout).address;
}

} // namespace fsrvp::smb
