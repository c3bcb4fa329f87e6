// SPDX-License-Identifier: GPL-3.0-or-later
// Every message of a create and of a delete is the last one before the connection, the agent or
// fsrvpd goes; fsrvpd is killed in each commit to its database. Afterwards what is recorded is what
// is on the server. The whole of it, also with mounts, in memory: tests/unit/daemon/jobs.
#include "tests/lab/proxied_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

const std::vector<std::string> kThree{"data", "my data", "hid$"};

/// Rows of a create that are left out. The set of a StartShadowCopySet that is answered to nobody
/// can't be settled by anyone, see dead_client_test.cpp. Whether a call arrived is the same to a
/// call that changes nothing, and what the second of three shares shows the others show.
bool isLeftOut(std::size_t shares, std::size_t message, bool isReply) {
    const std::size_t start = shares + 2; // after each IsPathSupported, and SetContext
    const std::size_t prepare = start + shares + 1;
    const std::size_t mapping = prepare + 3;
    const bool isSecond =
        shares == 3 && (message == 2 || message == start + 2 || message == mapping + 1);
    return isSecond || (isReply && (message <= start || message == prepare));
}

Argv deletionOf(const std::vector<std::string>& ids) {
    Argv arguments{"delete", "-q"};
    arguments.insert(arguments.end(), ids.begin(), ids.end());
    return arguments;
}

class FailureMatrix : public ProxiedTest {
  protected:
    static void TearDownTestSuite() {
        std::printf("failure matrix: %u faults injected\n", injected_);
        LabTest::TearDownTestSuite();
    }

    using Start = std::function<std::unique_ptr<Process>()>;

    /// Begins a create, whose connection is open already.
    Start creating(const std::vector<std::string>& shares, const Argv& options = {}) {
        return [this, shares, options] {
            Argv arguments{"create", "-q", "--no-mount"};
            arguments.insert(arguments.end(), options.begin(), options.end());
            for (const std::string& share : shares) {
                arguments.push_back(unc(share));
            }
            return daemon->startCtl(arguments);
        };
    }

    /// Begins a delete of all that there is.
    Start deleting() {
        return [this] { return daemon->startCtl(deletionOf(listed())); };
    }

    /// How many messages a good run of it sends.
    std::size_t messagesOf(const std::function<void()>& prepare, const Start& start) {
        prepare();
        proxy->count();
        EXPECT_EQ(start()->wait(seconds(30)), 0) << daemon->log();
        const std::size_t messages = proxy->counted();
        proxy->cut();
        expectAgreementAndCleanUp();
        return messages;
    }

    std::unique_ptr<Process> startUntil(const Moment& moment, const Start& start) {
        holdAt(moment);
        auto running = start();
        EXPECT_TRUE(proxy->waitUntilHeld()) << "the fault was not injected";
        ++injected_;
        return running;
    }

    void expectEnd(Process& running, const std::vector<int>& statuses) {
        const auto status = running.wait(seconds(60));
        EXPECT_THAT(statuses, testing::Contains(status.value_or(-1))) << running.err();
    }

    void killFsrvpd(Process& running) {
        daemon->kill();
        expectEnd(running, {11});
        proxy->cut();
        daemon->start();
        EXPECT_TRUE(waitUntilRecovered()) << daemon->log();
    }

    void killAgent() {
        const std::vector<pid_t> agents = daemon->agents();
        ASSERT_EQ(agents.size(), 1U);
        ::kill(agents[0], SIGKILL);
        proxy->cut();
    }

    /// What a create left is whole or nothing; what a delete left can be deleted.
    void expectAgreementAndCleanUp() {
        EXPECT_TRUE(waitUntilSettled()) << daemon->log();
        if (daemon->sql("SELECT id FROM shadow_copy WHERE state = 'deleting'").empty()) {
            expectAgreement();
        }
        if (!listed().empty()) {
            deleteAll();
            expectAgreement();
        }
    }

    void forEachMoment(std::size_t messages, const std::function<void(const Moment&)>& row) {
        for (std::size_t message = 1; message <= messages && !HasFailure(); ++message) {
            for (const auto what : {Moment::What::Request, Moment::What::Reply}) {
                const bool isReply = what == Moment::What::Reply;
                SCOPED_TRACE((isReply ? "after message " : "before message ") +
                             std::to_string(message));
                row({message, what});
            }
        }
    }

    static unsigned injected_;
};

unsigned FailureMatrix::injected_ = 0;

TEST_F(FailureMatrix, FsrvpdKilledInACreate) {
    const Start create = creating({"data"});
    const std::size_t messages = messagesOf([this] { warmUp(); }, create);
    EXPECT_EQ(messages, 9U);
    forEachMoment(messages, [&](const Moment& moment) {
        if (isLeftOut(1, moment.message, moment.what == Moment::What::Reply)) {
            return;
        }
        warmUp();
        const auto running = startUntil(moment, create);
        killFsrvpd(*running);
        expectAgreementAndCleanUp();
    });
}

TEST_F(FailureMatrix, ConnectionCutInACreateOfThree) {
    const Start create = creating(kThree);
    const std::size_t messages = messagesOf([this] { warmUp(); }, create);
    EXPECT_EQ(messages, 15U);
    forEachMoment(messages, [&](const Moment& moment) {
        if (isLeftOut(3, moment.message, moment.what == Moment::What::Reply)) {
            return;
        }
        warmUp();
        const auto running = startUntil(moment, create);
        proxy->cut();
        expectEnd(*running, {0, 9});
        expectAgreementAndCleanUp();
    });
}

// Whether it is the agent that goes, or its connection, is the same for the server.
TEST_F(FailureMatrix, AgentKilledInACreate) {
    for (const Moment& moment : {Moment{3, Moment::What::Request},
                                 Moment{4, Moment::What::Reply},
                                 Moment{6, Moment::What::Reply},
                                 Moment{9, Moment::What::Reply}}) {
        SCOPED_TRACE(moment.message);
        warmUp();
        const auto running = startUntil(moment, creating({"data"}));
        killAgent();
        expectEnd(*running, {moment.message == 9 ? 0 : 9});
        expectAgreementAndCleanUp();
    }
}

// After its deadline a job has the server settle what there is; a hang that lasts leaves that to
// the next one.
TEST_F(FailureMatrix, HangToTheDeadlineOfACreate) {
    for (const Moment& moment : {Moment{4, Moment::What::Reply},
                                 Moment{6, Moment::What::Request},
                                 Moment{7, Moment::What::Reply}}) {
        SCOPED_TRACE(moment.message);
        warmUp();
        const auto running = startUntil(moment, creating({"data"}, {"--timeout", "3s"}));
        EXPECT_TRUE(waitFor(
            [this] {
                const json jobs = daemon->ctlJson({"job", "list"})["jobs"];
                return std::any_of(jobs.begin(), jobs.end(), [](const json& job) {
                    return job["phase"] == "settle";
                });
            },
            seconds(10)));
        proxy->cut();
        expectEnd(*running, {8});
        create({"data"});
        expectAgreementAndCleanUp();
    }
}

// A new server knows nothing of what was not committed; before the fourth message there is no set.
// That nothing is left of it is certain where the server shows its snapshots: it has another one.
TEST_F(FailureMatrix, ServerRestartedInACreate) {
    daemon->stop();
    daemon->writeLab(
        lab(),
        {{"port", proxy->port()},
         {"timeouts", {{"connect_sec", 2}, {"call_sec", 10}, {"workers_end_sec", 0}}}});
    daemon->start();
    const Start another = creating({"data"});
    for (std::size_t message = 4; message <= 9 && !HasFailure(); ++message) {
        SCOPED_TRACE(message);
        create({"data"});
        warmUp();
        const auto running = startUntil({message, Moment::What::Request}, another);
        lab().restartSmbd();
        proxy->cut();
        expectEnd(*running, {0, 9});
        expectAgreementAndCleanUp();
    }
}

class OfADelete : public FailureMatrix, public testing::WithParamInterface<const char*> {};

TEST_P(OfADelete, IsFinishedByTheNextOne) {
    const std::string what = GetParam();
    const auto prepare = [this] { create(kThree); };
    const std::size_t messages = messagesOf(prepare, deleting());
    EXPECT_EQ(messages, 3U);
    forEachMoment(messages, [&](const Moment& moment) {
        create(kThree);
        const auto running = startUntil(moment, deleting());
        if (what == "FsrvpdKilled") {
            killFsrvpd(*running);
        } else {
            proxy->cut();
            expectEnd(*running, {0, 6, 9});
        }
        expectAgreementAndCleanUp();
    });
}

INSTANTIATE_TEST_SUITE_P(Failing,
                         OfADelete,
                         testing::Values("FsrvpdKilled", "ConnectionCut"),
                         [](const auto& row) { return std::string(row.param); });

/// fsrvpd without a proxy, traced: it syncs its database once in each commit, by a thread of its
/// own.
class KilledInACommit : public LabTest {
  protected:
    static void TearDownTestSuite() {
        std::printf("failure matrix: %u commits interrupted\n", interrupted_);
        LabTest::TearDownTestSuite();
    }

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
            waitFor([&] { return count(tracer->err(), " attached") == threads; }, seconds(10)))
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
    std::size_t commitsOf(const Argv& arguments) {
        const auto tracer = trace({});
        const RunResult result = daemon->ctl(arguments);
        EXPECT_EQ(result.exitCode, 0) << result.err;
        const std::size_t commits = count(tracer->err(), "fdatasync(");
        tracer->kill(SIGINT);
        tracer->wait(seconds(10));
        return commits;
    }

    /// fsrvpd is killed when it is about to have the nth commit of that put on the disk.
    void killIn(std::size_t nth, const Argv& arguments) {
        const auto tracer =
            trace({"-e", "inject=fdatasync:signal=SIGKILL:when=" + std::to_string(nth)});
        EXPECT_EQ(daemon->ctl(arguments).exitCode, 11);
        EXPECT_TRUE(tracer->wait(seconds(10)).has_value()) << "fsrvpd was not killed";
        ++interrupted_;
        daemon->kill();
        daemon->start();
        EXPECT_TRUE(waitUntilRecovered()) << daemon->log();
        expectAgreement();
    }

    static unsigned interrupted_;
};

unsigned KilledInACommit::interrupted_ = 0;

TEST_F(KilledInACommit, OfACreateAndOfADelete) {
    const Argv create{"create", "-q", "--no-mount", unc("data"), unc("hid$")};
    const std::size_t ofCreate = commitsOf(create);
    const std::size_t ofDelete = commitsOf(deletionOf(listed()));
    EXPECT_EQ(ofCreate, 7U) << "the durable points of docs/architecture.md, start and end";
    EXPECT_EQ(ofDelete, 7U);
    for (std::size_t nth = 1; nth <= ofCreate && !HasFailure(); ++nth) {
        SCOPED_TRACE("create, commit " + std::to_string(nth));
        killIn(nth, create);
        if (!listed().empty()) {
            deleteAll();
        }
    }
    for (std::size_t nth = 1; nth <= ofDelete && !HasFailure(); ++nth) {
        SCOPED_TRACE("delete, commit " + std::to_string(nth));
        LabTest::create({"data", "hid$"});
        killIn(nth, deletionOf(listed()));
        if (!listed().empty()) {
            deleteAll();
        }
    }
    expectAgreement();
}

} // namespace
} // namespace fsrvp::test
