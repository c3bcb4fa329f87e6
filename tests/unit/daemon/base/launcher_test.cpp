// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/base/launcher.hpp"
#include "daemon/base/packet.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::chrono::milliseconds kLimit = 20s;

bool isRunning(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

class ForkLauncherTest : public testing::Test {
  protected:
    void TearDown() override {
        launcher.reset();
        EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was not reaped";
        EXPECT_EQ(errno, ECHILD);
    }

    /// Sends the packet and waits for the answer; nothing when the agent has ended.
    std::optional<std::string> ask(const UniqueFd& socket, const std::string& packet) {
        sendPacket(socket.get(), packet);
        pollfd readable{socket.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&readable, 1, static_cast<int>(kLimit.count())), 1);
        return receivePacket(socket.get());
    }

    json report(const UniqueFd& socket) { return json::parse(ask(socket, "report").value()); }

    bool isEmptySoon() {
        return loop.runUntil([this] { return std::filesystem::is_empty(directory.path()); },
                             kLimit);
    }

    EventLoop loop;
    test::TempDir directory;
    std::unique_ptr<ForkLauncher> launcher =
        std::make_unique<ForkLauncher>(loop, FSRVP_TINY_HELPER, directory.path());
};

TEST_F(ForkLauncherTest, TheAgentGetsItsSocketAndNothingElse) {
    const UniqueFd other(::open("/dev/zero", O_RDONLY)); // without O_CLOEXEC

    const UniqueFd socket = launcher->launch();
    const json given = report(socket);

    EXPECT_EQ(given["descriptors"], (json{0, 1, 2, 3}));
    EXPECT_EQ(given["stdin"], "/dev/null");
    EXPECT_EQ(given["blocks_sigchld"], false);
    EXPECT_EQ(given["variables"], (json{"RUNTIME_DIRECTORY", "PATH", "LC_ALL"}));
}

TEST_F(ForkLauncherTest, OurEndDoesNotBlockAndIsNotInherited) {
    const UniqueFd socket = launcher->launch();

    EXPECT_TRUE((::fcntl(socket.get(), F_GETFL) & O_NONBLOCK) != 0);
    EXPECT_TRUE((::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_F(ForkLauncherTest, ClosingTheSocketEndsTheAgentAndItsDirectory) {
    UniqueFd socket = launcher->launch();
    const json given = report(socket);
    const std::filesystem::path own = given["directory"].get<std::string>();
    ASSERT_EQ(own.parent_path(), directory.path());
    ASSERT_TRUE(std::filesystem::exists(own / "krb5cc"));

    socket.reset();

    EXPECT_TRUE(isEmptySoon());
    EXPECT_FALSE(isRunning(given["pid"].get<pid_t>()));
}

TEST_F(ForkLauncherTest, EachAgentHasADirectoryOfItsOwn) {
    UniqueFd first = launcher->launch();
    UniqueFd second = launcher->launch();

    EXPECT_NE(report(first)["directory"], report(second)["directory"]);
    EXPECT_NE(report(first)["pid"], report(second)["pid"]);

    first.reset();
    ASSERT_TRUE(loop.runUntil(
        [this] {
            const auto all = std::filesystem::directory_iterator(directory.path());
            return std::distance(begin(all), end(all)) == 1;
        },
        kLimit));
    EXPECT_EQ(report(second)["descriptors"], (json{0, 1, 2, 3}));
}

TEST_F(ForkLauncherTest, AKilledAgentsDirectoryGoesAndItsSocketEnds) {
    const UniqueFd socket = launcher->launch();
    const json given = report(socket);

    ::kill(given["pid"].get<pid_t>(), SIGKILL);

    EXPECT_TRUE(isEmptySoon());
    EXPECT_EQ(receivePacket(socket.get()), std::nullopt);
}

TEST_F(ForkLauncherTest, AnAgentThatCrashesIsReaped) {
    const UniqueFd socket = launcher->launch();

    EXPECT_EQ(ask(socket, "die"), std::nullopt);

    EXPECT_TRUE(isEmptySoon());
}

TEST_F(ForkLauncherTest, DestroyingTheLauncherEndsAllItsAgents) {
    const UniqueFd first = launcher->launch();
    const UniqueFd second = launcher->launch();
    const pid_t pid = report(first)["pid"].get<pid_t>();

    launcher.reset();

    EXPECT_FALSE(isRunning(pid));
}

TEST_F(ForkLauncherTest, WhatAKilledOneLeftIsRemoved) {
    launcher.reset();
    std::filesystem::create_directory(directory.path() / "helper-abc123");
    std::ofstream(directory.path() / "helper-abc123" / "krb5cc") << "tickets";
    std::filesystem::create_directory(directory.path() / "mnt");

    launcher = std::make_unique<ForkLauncher>(loop, FSRVP_TINY_HELPER, directory.path());

    EXPECT_FALSE(std::filesystem::exists(directory.path() / "helper-abc123"));
    EXPECT_TRUE(std::filesystem::remove(directory.path() / "mnt")) << "not a helper's";
}

TEST_F(ForkLauncherTest, AProgramThatCannotStartLeavesNothing) {
    launcher = std::make_unique<ForkLauncher>(loop, "/nonexistent/agent", directory.path());

    try {
        launcher->launch();
        FAIL() << "it started";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Failed);
        EXPECT_NE(std::string(error.what()).find("/nonexistent/agent"), std::string::npos);
    }
}

TEST_F(ForkLauncherTest, ARuntimeDirectoryThatIsMissingIsNamed) {
    launcher = std::make_unique<ForkLauncher>(loop, FSRVP_TINY_HELPER, "/nonexistent/run");

    try {
        launcher->launch();
        FAIL() << "it started";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("/nonexistent/run"), std::string::npos);
    }
}

TEST(SocketLauncherTest, ConnectsToTheSocketUnitsSocket) {
    const test::TempDir directory;
    const std::filesystem::path path = directory.path() / "agent";
    const UniqueFd listening(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    ASSERT_EQ(::listen(listening.get(), 1), 0);

    const UniqueFd ours = SocketLauncher(path, "a.socket").launch();
    const UniqueFd theirs(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    sendPacket(ours.get(), "hello");

    EXPECT_EQ(receivePacket(theirs.get()), "hello");
}

TEST(SocketLauncherTest, SaysHowToStartAUnitThatDoesNotRun) {
    try {
        SocketLauncher("/nonexistent/agent", "fsrvp-agent.socket").launch();
        FAIL() << "it connected";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Failed);
        EXPECT_NE(error.hint().find("fsrvp-agent.socket"), std::string::npos);
    }
}

TEST(SocketLauncherTest, APathThatIsTooLongIsRefused) {
    EXPECT_THROW(SocketLauncher("/" + std::string(200, 'x'), "a.socket").launch(), Error);
}

} // namespace
} // namespace fsrvp
