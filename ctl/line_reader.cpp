// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/line_reader.hpp"

#include "daemon/base/error.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace fsrvp::ctl {
namespace {

std::size_t readSome(int fd, char* buffer, std::size_t size) {
    for (;;) {
        const ssize_t count = ::read(fd, buffer, size);
        if (count >= 0) {
            return static_cast<std::size_t>(count);
        }
        if (errno != EINTR) {
            throw Error(Errc::Failed,
                        std::string("cannot read the list from fsrvpd: ") + std::strerror(errno));
        }
    }
}

} // namespace

void forEachLine(int fd, const std::function<void(std::string_view)>& fn) {
    std::array<char, 65536> buffer; // not zeroed: only what read() filled is used
    std::string begun;              // a line that goes on in the next buffer
    for (;;) {
        const std::size_t count = readSome(fd, buffer.data(), buffer.size());
        if (count == 0) {
            break;
        }
        std::string_view rest(buffer.data(), count);
        for (std::size_t end = rest.find('\n'); end != std::string_view::npos;
             end = rest.find('\n')) {
            if (begun.empty()) {
                fn(rest.substr(0, end));
            } else {
                begun += rest.substr(0, end);
                fn(begun);
                begun.clear();
            }
            rest.remove_prefix(end + 1);
        }
        begun += rest;
    }
    if (!begun.empty()) {
        throw Error(Errc::DaemonUnreachable, "fsrvpd has gone in the middle of its list");
    }
}

} // namespace fsrvp::ctl
