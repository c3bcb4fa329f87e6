// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/private_bus.hpp"

#include "tests/support/wait_for.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace fsrvp::test {

PrivateBus::PrivateBus() {
    // Callers with other uids are a thing to test, so they have to get at the socket.
    using std::filesystem::perms;
    std::filesystem::permissions(dir_.path(),
                                 perms::group_read | perms::group_exec | perms::others_read |
                                     perms::others_exec,
                                 std::filesystem::perm_options::add);
    const auto configuration = dir_.path() / "bus.conf";
    std::ofstream(configuration) << R"(<!DOCTYPE busconfig PUBLIC
  "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>)" << address() << R"(</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*" eavesdrop="true"/>
  </policy>
</busconfig>
)";
    daemon_.emplace(Argv{"dbus-daemon", "--nofork", "--config-file=" + configuration.string()});
    const bool running =
        waitFor([this] { return answers() || daemon_->wait(std::chrono::milliseconds(0)); },
                std::chrono::seconds(10));
    if (!running || !answers()) {
        throw std::runtime_error("cannot start a private bus: " + daemon_->err());
    }
}

std::string PrivateBus::address() const {
    return "unix:path=" + socketPath();
}

std::string PrivateBus::socketPath() const {
    return dir_.path() / "bus";
}

bool PrivateBus::answers() const {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    socketPath().copy(name.sun_path, sizeof name.sun_path - 1);
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
}

} // namespace fsrvp::test
