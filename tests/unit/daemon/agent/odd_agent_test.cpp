// SPDX-License-Identifier: GPL-3.0-or-later

// Agents that don't answer as they should.

#include "daemon/agent/pool.hpp"
#include "daemon/base/packet.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "tests/fakes/run_task.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fsrvp::agent {
namespace {

using namespace std::chrono_literals;
using fakes::errorOf;
using fakes::runTask;

/// An agent that answers each packet with the next of these.
class ScriptedLauncher final : public Launcher {
  public:
    explicit ScriptedLauncher(std::vector<std::string> answers) : answers_(std::move(answers)) {}

    ScriptedLauncher(const ScriptedLauncher&) = delete;
    ScriptedLauncher& operator=(const ScriptedLauncher&) = delete;

    ~ScriptedLauncher() override {
        if (agent_.joinable()) {
            agent_.join();
        }
    }

    UniqueFd launch() override {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw Error(Errc::Failed, "no socket pair");
        }
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        agent_ = std::thread([this, end = ends[1]] {
            const UniqueFd socket(end);
            for (const std::string& answer : answers_) {
                if (!receivePacket(end)) {
                    return;
                }
                sendPacket(end, answer);
            }
            receivePacket(end);
        });
        return UniqueFd(ends[0]);
    }

  private:
    std::vector<std::string> answers_;
    std::thread agent_;
};

class OddAgent : public testing::TestWithParam<const char*> {};

TEST_P(OddAgent, IsNotUsedAnyMore) {
    EventLoop loop;
    Cancellation cancellation;
    ScriptedLauncher launcher({encode(Connected{1, 1, "backup"}), GetParam()});
    Pool pool(loop, launcher, PoolTimes{1min, 1ms});
    Access access;
    access.login.user = "backup";
    Connection connection = runTask(loop, pool.connect(access, 10s, cancellation));

    const Error error = errorOf(
        loop, connection.call<StartShadowCopySet>(StartShadowCopySet::In(), 10s, cancellation));

    EXPECT_EQ(error.code(), Errc::Protocol) << error.what();
    EXPECT_FALSE(connection.isUsable());
}

INSTANTIATE_TEST_SUITE_P(
    Answers,
    OddAgent,
    testing::Values("nonsense",
                    R"({"reply": "probed", "present": true})",
                    R"({"reply": "operation", "hresult": 0, "out": {}})",
                    R"({"reply": "operation", "hresult": 0, "out": {"pShadowCopySetId": "x"}})",
                    R"({"reply": "operation", "hresult": 4294967296, "out": {}})"));

} // namespace
} // namespace fsrvp::agent
