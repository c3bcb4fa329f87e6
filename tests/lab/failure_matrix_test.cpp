// SPDX-License-Identifier: GPL-3.0-or-later
// Every message that a good run of a flow sends fails in every way that a relay or a signal can
// produce, and fsrvpd is killed in each of its commits. Whatever happens, what is recorded is what
// is on the server and what is mounted. What needs a server that answers wrongly is in memory:
// tests/unit/daemon/jobs.
#include "tests/lab/failure_matrix.hpp"

#include <csignal>

namespace fsrvp::test {
namespace {

using std::chrono::seconds;
using Kind = Fault::Kind;

// 0: the call could be made again; 6: others of the three were deleted.
const std::vector<int> kUnreachable{0, 6, 9};

const Fault kCutBefore{"CutBefore", Kind::Cut, false, kUnreachable};
const Fault kCutAfter{"CutAfter", Kind::Cut, true, kUnreachable};
const Fault kGarbledReply{"GarbledReply", Kind::Garbled, true, kUnreachable};
const Fault kHang{"Hang", Kind::Hang, true, {6, 8}};
const Fault kAgentKilledBefore{"AgentKilledBefore", Kind::AgentKilled, false, kUnreachable};
const Fault kAgentKilledAfter{"AgentKilledAfter", Kind::AgentKilled, true, kUnreachable};
const Fault kFsrvpdKilledBefore{"FsrvpdKilledBefore", Kind::FsrvpdKilled, false, {11}};
const Fault kFsrvpdKilledAfter{"FsrvpdKilledAfter", Kind::FsrvpdKilled, true, {11}};
const Fault kServerRestarted{"ServerRestarted", Kind::ServerRestarted, false, {0, 9}};

const auto nameOf = [](const auto& row) {
    return std::string(std::get<0>(row.param).name) + std::get<1>(row.param).name;
};

class Faults : public FailureMatrix, public testing::WithParamInterface<std::tuple<Flow, Fault>> {};

TEST_P(Faults, LeaveNothingThatIsNotOnRecord) {
    const auto& [flow, fault] = GetParam();
    failEachMessage(flow, fault);
}

// A suite each, which ctest runs on their own.
const auto rowsOf = [](const std::vector<Fault>& faults) {
    return testing::Combine(testing::ValuesIn(kFlows), testing::ValuesIn(faults));
};
INSTANTIATE_TEST_SUITE_P(Cut, Faults, rowsOf({kCutBefore, kCutAfter}), nameOf);
INSTANTIATE_TEST_SUITE_P(Reply, Faults, rowsOf({kGarbledReply, kHang}), nameOf);
INSTANTIATE_TEST_SUITE_P(Agent, Faults, rowsOf({kAgentKilledBefore, kAgentKilledAfter}), nameOf);
INSTANTIATE_TEST_SUITE_P(Fsrvpd, Faults, rowsOf({kFsrvpdKilledBefore, kFsrvpdKilledAfter}), nameOf);

/// A new server knows nothing of what was not committed. That nothing is left of it is certain
/// where the server shows its snapshots: each share has another one.
class Restart : public Faults {
  protected:
    void SetUp() override {
        Faults::SetUp();
        create({"data", "datab", "datac", "my data", "hid$", "süß日"});
        for (const std::string& id : listed()) {
            kept.insert(id);
        }
    }
};

TEST_P(Restart, LeavesNothingThatIsNotOnRecord) {
    const auto& [flow, fault] = GetParam();
    failEachMessage(flow, fault);
}

INSTANTIATE_TEST_SUITE_P(Server,
                         Restart,
                         testing::Combine(testing::Values(kFlows.front()),
                                          testing::Values(kServerRestarted)),
                         nameOf);

/// A worker of Samba's that is idle ends after a second instead of 60, and with it such a set.
class LostStart : public Faults {
  protected:
    static void SetUpTestSuite() { startServer({"rpcd_fsrvp:idle_seconds = 1"}); }
};

TEST_P(LostStart, IsOutlastedByTheNextCreate) {
    const auto& [flow, fault] = GetParam();
    onlyLostStarts = true;
    failEachMessage(flow, fault);
}

INSTANTIATE_TEST_SUITE_P(
    Server,
    LostStart,
    testing::Combine(
        testing::ValuesIn(kFlows.begin(), kFlows.begin() + 3),
        testing::Values(kCutAfter, kGarbledReply, kHang, kAgentKilledAfter, kFsrvpdKilledAfter)),
    nameOf);

/// fsrvpd is traced: it syncs its database once in each commit, by a thread of its own.
class KilledInACommit : public FailureMatrix, public testing::WithParamInterface<Flow> {
  protected:
    /// strace on all threads of fsrvpd but the one that starts processes.
    std::unique_ptr<Process> trace(const Argv& options) const {
        Argv argv{"strace", "-e", "trace=fdatasync"};
        argv.insert(argv.end(), options.begin(), options.end());
        std::size_t threads = 0;
        for (const auto& task : std::filesystem::directory_iterator(
                 "/proc/" + std::to_string(daemon->pid()) + "/task")) {
            if (task.path().filename() != std::to_string(daemon->pid())) {
                argv.insert(argv.end(), {"-p", task.path().filename()});
                ++threads;
            }
        }
        auto tracer = std::make_unique<Process>(argv);
        EXPECT_TRUE(
            waitFor([&] { return count(tracer->err(), " attached") == threads; }, seconds(30)))
            << tracer->err();
        return tracer;
    }

    static std::size_t count(const std::string& text, const std::string& what) {
        std::size_t found = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
            ++found;
        }
        return found;
    }

    /// How often a good run of it commits.
    std::size_t commitsOf(const Flow& flow) {
        prepare(flow);
        warmUp(); // the first commit after a start of fsrvpd syncs more than one
        const auto tracer = trace({});
        const RunResult result = daemon->ctl(argumentsOf(flow));
        EXPECT_EQ(result.exitCode, 0) << result.err;
        const std::size_t commits = count(tracer->err(), "fdatasync(");
        tracer->kill(SIGINT);
        tracer->wait(seconds(10));
        expectAgreementAndCleanUp(flow, result.exitCode);
        return commits;
    }

    /// When it is about to have the nth commit of the flow put on the disk.
    void killIn(const Flow& flow, std::size_t nth) {
        prepare(flow);
        warmUp();
        const auto tracer =
            trace({"-e", "inject=fdatasync:signal=SIGKILL:when=" + std::to_string(nth)});
        const RunResult result = daemon->ctl(argumentsOf(flow));
        EXPECT_EQ(result.exitCode, 11) << result.err;
        EXPECT_TRUE(tracer->wait(seconds(30)).has_value()) << "fsrvpd was not killed";
        ++injected;
        daemon->kill();
        startAgain();
        expectAgreementAndCleanUp(flow, result.exitCode);
    }
};

TEST_P(KilledInACommit, LeavesNothingThatIsNotOnRecord) {
    const Flow& flow = GetParam();
    const std::size_t commits = commitsOf(flow);
    EXPECT_GE(commits, 4U) << "the durable points of docs/architecture.md, start and end";
    for (std::size_t nth = 1; nth <= commits && !HasFailure(); ++nth) {
        SCOPED_TRACE("commit " + std::to_string(nth) + " of " + std::to_string(commits));
        killIn(flow, nth);
    }
}

INSTANTIATE_TEST_SUITE_P(Commit, KilledInACommit, testing::ValuesIn(kFlows), [](const auto& row) {
    return std::string(row.param.name);
});

} // namespace
} // namespace fsrvp::test
