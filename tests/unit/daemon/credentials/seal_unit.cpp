// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/credentials/seal_unit.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace fsrvp::test {
namespace {

std::string readToEnd(int fd) {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::recv(fd, part.data(), part.size(), 0)) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
}

void sendAll(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

} // namespace

SealUnit::SealUnit(const std::filesystem::path& socket, Service service)
    : service_(std::move(service)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(address.sun_path);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 16) != 0) {
        throw std::runtime_error("no socket at " + socket.string());
    }
    thread_ = std::thread([this] { run(); });
}

SealUnit::~SealUnit() {
    ::shutdown(listener_.get(), SHUT_RDWR); // ends accept()
    thread_.join();
}

void SealUnit::run() {
    for (;;) {
        const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection) {
            return;
        }
        ++connections_;
        sendAll(connection.get(), service_(readToEnd(connection.get())));
    }
}

SealHost::SealHost() {
    std::ofstream(program()) << "#!/bin/sh\n";
    ::chmod(program().c_str(), 0755);
    std::ofstream(key()) << "key";
}

std::string SealHost::encrypt(const std::string& plain) {
    return "sealed:" + std::string(plain.rbegin(), plain.rend());
}

std::string SealHost::decrypt(const std::string& sealed) {
    constexpr std::string_view mark = "sealed:";
    return sealed.starts_with(mark)
               ? std::string(sealed.rbegin(), sealed.rend() - static_cast<long>(mark.size()))
               : "";
}

} // namespace fsrvp::test
