// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/lab/proxied_fixture.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace fsrvp::test {

/// What is done, and what may fail in it.
struct Flow {
    enum class What { Create, Delete };

    const char* name;
    std::size_t shares;
    What what;
    bool mounts; ///< the create mounts, the delete is of what is mounted

    friend void PrintTo(const Flow& flow, std::ostream* out) { *out << flow.name; }
};

/// How one message of a flow goes wrong: before it reaches the server, or when that has done what
/// it was told and its answer is on the way.
struct Fault {
    enum class Kind {
        Cut,     ///< the connection
        Garbled, ///< bits of the answer's body are flipped
        Hang,    ///< to the deadline of the job
        AgentKilled,
        FsrvpdKilled,
        ServerRestarted,
    };

    const char* name;
    Kind kind;
    bool serverActs;
    std::vector<int> statuses; ///< of fsrvpctl

    friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }
};

/// Runs flows on a real server with one fault each, and compares what is on the server, in the
/// database and mounted. The kernel's cifs has a stand-in, in a mount namespace of this program's
/// own, where fsrvpd mounts by itself.
class FailureMatrix : public ProxiedTest {
  protected:
    /// One worker, so that connections in quick succession see the same sets.
    static void SetUpTestSuite() { startServer({}); }

    static void TearDownTestSuite();
    static void startServer(std::vector<std::string> settings);

    void SetUp() override;
    void TearDown() override;

    /// Every message that a good run of the flow sends, one after the other, fails so.
    void failEachMessage(const Flow& flow, const Fault& fault);

    /// What the flow needs, and nothing besides.
    void prepare(const Flow& flow);
    Argv argumentsOf(const Flow& flow, std::chrono::seconds timeout = kAmple);
    /// After the fault: what a create left is whole or nothing, what a delete left can be deleted.
    void expectAgreementAndCleanUp(const Flow& flow, int status);
    /// fsrvpd has been killed.
    void startAgain();

    /// StartShadowCopySet answered to nobody: no client knows the id of that set, so none can abort
    /// it, and it is in the way until the server forgets it.
    static bool isStartLost(const Flow& flow, const Fault& fault, std::size_t message);

    static constexpr std::chrono::seconds kAmple{600};

    bool onlyLostStarts = false; ///< of the messages these alone, else all others
    std::set<std::string> kept;  ///< snapshots that no flow is about
    static unsigned injected;

  private:
    std::size_t messagesOf(const Flow& flow);
    std::unique_ptr<Process> startUntil(const Flow& flow, const Fault& fault, const Moment& moment);
    int inject(const Fault& fault, Process& running);
    void killAgents();
    void waitForDeadline();
    std::vector<std::string> ours() const;
    void cleanUp();
    void expectMountsAgree();

    std::size_t runs_ = 0;
};

extern const std::vector<Flow> kFlows;

} // namespace fsrvp::test
