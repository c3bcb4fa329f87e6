// SPDX-License-Identifier: GPL-3.0-or-later

// fsrvp-fs: does one thing with a path for fsrvpd, in the host's mount namespace, where fsrvpd
// itself is not. Finds its socket as descriptor 3, from systemd's Accept=yes or from fsrvpd.

#include "daemon/base/log.hpp"
#include "daemon/base/packet.hpp"
#include "daemon/mount/fs_verbs.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

namespace {

using namespace fsrvp;

constexpr int kSocket = 3;
constexpr std::chrono::milliseconds kMostTime = std::chrono::seconds(10);
constexpr int kExitDeadline = 3;

/// The main thread may wait for a file server for ever, so another one ends the process when
/// fsrvpd hangs up or the time is over. (A thread in an uninterruptible sleep stays until the
/// kernel lets it go; it harms nobody.)
void endInTime() {
    pollfd peer{kSocket, POLLRDHUP, 0};
    const int ready = ::poll(&peer, 1, static_cast<int>(kMostTime.count()));
    ::_exit(ready > 0 ? 0 : kExitDeadline);
}

int run() {
    std::thread(endInTime).detach();
    const std::optional<std::string> packet = receivePacket(kSocket);
    if (!packet) {
        return 0;
    }
    mount::fs::Answer answer = Error(Errc::Protocol, "unreadable request");
    try {
        answer = mount::fs::handle(mount::fs::decodeRequest(*packet));
    } catch (const Error& error) {
        answer = error;
    }
    sendPacket(kSocket, mount::fs::encode(answer));
    return 0;
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    // The modes of directories are what the code says, whoever started this.
    ::umask(0022);
    int status = 1;
    try {
        status = run();
    } catch (const std::exception& error) {
        log::error(std::string("fsrvp-fs: ") + error.what());
    }
    // Not exit(): the other thread still runs and may use what that would destroy.
    ::_exit(status);
}
