// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/unique_fd.hpp"
#include "tests/support/daemon_fixture.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

namespace fsrvp::test {
namespace {

using std::chrono::seconds;

/// Takes connections and never says a word.
class SilentServer {
  public:
    SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(socket_.get(), generic, size) != 0 || ::listen(socket_.get(), 8) != 0 ||
            ::getsockname(socket_.get(), generic, &size) != 0) {
            throw std::runtime_error("cannot listen on loopback");
        }
        port_ = ntohs(address.sin_port);
    }

    std::uint16_t port() const noexcept { return port_; }

  private:
    UniqueFd socket_;
    std::uint16_t port_ = 0;
};

/// Of the process's timers that are set: lines of /proc/PID/fdinfo, see timerfd_create(2).
std::multiset<std::string> clocksOfTimers(pid_t pid) {
    std::multiset<std::string> clocks;
    const std::filesystem::path process = "/proc/" + std::to_string(pid);
    for (const auto& entry : std::filesystem::directory_iterator(process / "fd")) {
        std::error_code ignored; // a descriptor may go while it is looked at
        if (std::filesystem::read_symlink(entry.path(), ignored) != "anon_inode:[timerfd]") {
            continue;
        }
        std::ifstream info(process / "fdinfo" / entry.path().filename());
        std::string clock;
        for (std::string line; std::getline(info, line);) {
            if (line.starts_with("clockid: ")) {
                clock = line.substr(9);
            }
            if (line.starts_with("it_value: ") && line != "it_value: (0, 0)") {
                clocks.insert(clock);
            }
        }
    }
    return clocks;
}

TEST(Deadlines, RunOnTheClockThatGoesOnWhileTheHostSleeps) {
    const SilentServer server;
    Daemon daemon;
    std::ofstream(daemon.dir() / "secret") << "username=a\npassword=b\n";
    std::filesystem::permissions(daemon.dir() / "secret", std::filesystem::perms::owner_read);
    daemon.writeServer({{"hosts", {"127.0.0.1"}},
                        {"port", server.port()},
                        {"credentials_file", (daemon.dir() / "secret").string()},
                        {"timeouts", {{"connect_sec", 60}}}});
    daemon.start();
    EXPECT_EQ(daemon.ctl({"create", "--no-mount", "--no-block", "//127.0.0.1/data"}).exitCode, 0);
    ASSERT_TRUE(waitFor([&] { return !daemon.agents().empty(); }, seconds(10)));

    // Nothing of it waits by any other clock.
    const std::string boottime = std::to_string(CLOCK_BOOTTIME);
    EXPECT_TRUE(waitFor(
        [&] {
            const auto clocks = clocksOfTimers(daemon.pid());
            return !clocks.empty() && clocks.count(boottime) == clocks.size();
        },
        seconds(10)))
        << testing::PrintToString(clocksOfTimers(daemon.pid()));
    EXPECT_EQ(daemon.ctlJson({"job", "list"})["jobs"][0]["state"], "running");
}

} // namespace
} // namespace fsrvp::test
