// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/packet.hpp"

#include "daemon/base/error.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace fsrvp {
namespace {

Error socketError(const char* what) {
    return Error(Errc::Unreachable, std::string(what) + ": " + std::strerror(errno));
}

} // namespace

void sendPacket(int socket, std::string_view packet) {
    ssize_t sent = 0;
    do {
        sent = ::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        throw socketError("cannot send to the other process");
    }
}

std::optional<std::string> receivePacket(int socket) {
    std::string packet(kMaxPacket, '\0');
    ssize_t received = 0;
    do {
        received = ::recv(socket, packet.data(), packet.size(), MSG_TRUNC);
    } while (received < 0 && errno == EINTR);
    if (received < 0 && errno != ECONNRESET) {
        throw socketError("cannot receive from the other process");
    }
    if (received <= 0) {
        return std::nullopt;
    }
    if (static_cast<std::size_t>(received) > packet.size()) {
        throw Error(Errc::Protocol, "malformed message of the other process: too long");
    }
    packet.resize(static_cast<std::size_t>(received));
    return packet;
}

} // namespace fsrvp
