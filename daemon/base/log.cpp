// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/log.hpp"

#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <string>

namespace fsrvp::log {
namespace {

void line(const char* priority, std::string_view message) {
    std::string text = priority;
    text += message;
    // One write a line, so that lines of several processes on one stderr do not mix; a newline
    // inside a message would start a second record.
    for (char& c : text) {
        if (c == '\n') {
            c = ' ';
        }
    }
    text += '\n';
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

} // namespace

void info(std::string_view message) {
    line(SD_INFO, message);
}

void warning(std::string_view message) {
    line(SD_WARNING, message);
}

void error(std::string_view message) {
    line(SD_ERR, message);
}

} // namespace fsrvp::log
