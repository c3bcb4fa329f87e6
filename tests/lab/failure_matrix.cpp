// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/lab/failure_matrix.hpp"

#include "daemon/mount/mount_table.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = Fault::Kind;
using What = Flow::What;

constexpr seconds kPatience{60};

/// In turns: the next snapshot of one share is 1.1 s after the last.
const std::vector<std::string> kShares{"data", "my data", "hid$", "datab", "datac", "süß日"};

/// What is mounted below a directory, the newest last.
std::vector<mount::MountEntry> mountsBelow(const std::string& directory) {
    const auto table = mount::MountTable::read("/proc/self/mountinfo");
    std::vector<mount::MountEntry> found = table.entries();
    std::erase_if(found, [&directory](const mount::MountEntry& entry) {
        return !entry.mountPoint.starts_with(directory);
    });
    return found;
}

void detachBelow(const std::string& directory) {
    for (const mount::MountEntry& entry : mountsBelow(directory)) {
        ::umount2(entry.mountPoint.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    }
}

/// Before a lab is there, which is then seen in it alone.
bool enterMountNamespace() {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return false;
    }
    detachBelow("/tmp/fsrvp."); // other programs' labs would be busy as long as they are here too
    return true;
}

} // namespace

// The names end up in the tests' names.
const std::vector<Flow> kFlows{
    {"CreateOne", 1, What::Create, false},
    {"CreateThree", 3, What::Create, false},
    {"CreateAndMount", 1, What::Create, true},
    {"DeleteThree", 3, What::Delete, false},
    {"UnmountAndDelete", 1, What::Delete, true},
};

unsigned FailureMatrix::injected = 0;

void FailureMatrix::startServer(std::vector<std::string> settings) {
    static const bool entered = enterMountNamespace();
    ASSERT_TRUE(entered) << "these tests need root";
    LabOptions options;
    options.settings = std::move(settings);
    options.settings.emplace_back("rpcd_fsrvp:num_workers = 1");
    startLab(options);
}

void FailureMatrix::TearDownTestSuite() {
    std::printf("failure matrix: %u faults injected\n", injected);
    LabTest::TearDownTestSuite();
}

void FailureMatrix::SetUp() {
    before = lookAt(lab());
    proxy.emplace(lab().port());
    daemon.emplace();
    daemon->writeLab(
        lab(),
        {{"port", proxy->port()},
         {"timeouts", {{"connect_sec", 10}, {"call_sec", 20}, {"workers_end_sec", 0}}}});
    const std::filesystem::path bin = daemon->dir() / "bin";
    std::filesystem::create_directories(bin / "empty");
    std::filesystem::create_symlink(FSRVP_STAND_IN_MOUNT, bin / "mount");
    std::filesystem::create_symlink(lab().smbConf(), bin / "smb.conf");
    daemon->startIn({{"PATH", bin.string() + ":/usr/sbin:/usr/bin:/sbin:/bin"}},
                    [](Argv argv) { return argv; });
}

void FailureMatrix::TearDown() {
    if (HasFailure()) { // a mount would keep the lab from its end
        if (daemon->isRunning()) {
            std::printf("%s\n", daemon->log().c_str());
        }
        daemon->stop();
        detachBelow(daemon->dir().string() + "/");
        return;
    }
    kept.clear();
    cleanUp();
    expectNothingLeft();
    daemon->stop();
    daemon->expectNoRuntimeFiles();
}

bool FailureMatrix::isStartLost(const Flow& flow, const Fault& fault, std::size_t message) {
    const std::size_t start = flow.shares + 2; // after each IsPathSupported, and SetContext
    return flow.what == What::Create && fault.serverActs && message == start;
}

std::vector<std::string> FailureMatrix::ours() const {
    std::vector<std::string> ids = listed();
    std::erase_if(ids, [this](const std::string& id) { return kept.contains(id); });
    return ids;
}

void FailureMatrix::prepare(const Flow& flow) {
    ++runs_;
    if (flow.what == What::Create || !ours().empty()) {
        return;
    }
    Flow create = flow;
    create.what = What::Create;
    const RunResult made = daemon->ctl(argumentsOf(create));
    EXPECT_EQ(made.exitCode, 0) << made.err;
}

Argv FailureMatrix::argumentsOf(const Flow& flow, seconds timeout) {
    const bool creates = flow.what == What::Create;
    Argv arguments{
        creates ? "create" : "delete", "-q", "--timeout", std::to_string(timeout.count())};
    if (!creates) {
        const std::vector<std::string> ids = ours();
        arguments.insert(arguments.end(), ids.begin(), ids.end());
        return arguments;
    }
    if (!flow.mounts) {
        arguments.emplace_back("--no-mount");
    }
    for (std::size_t i = 0; i < flow.shares; ++i) {
        arguments.push_back(unc(kShares[(runs_ * flow.shares + i) % kShares.size()]));
    }
    return arguments;
}

std::size_t FailureMatrix::messagesOf(const Flow& flow) {
    static std::map<std::string, std::size_t> recorded;
    std::size_t& messages = recorded[flow.name];
    // Of a connection that is open already, for the calls alone; on a slow machine it may end
    // before the flow begins.
    for (int attempt = 0; attempt < 5 && messages == 0 && !HasFailure(); ++attempt) {
        prepare(flow);
        warmUp();
        if (proxy->count()) {
            const RunResult run = daemon->ctl(argumentsOf(flow));
            EXPECT_EQ(run.exitCode, 0) << run.err;
            messages = proxy->counted();
        }
        proxy->letGo();
        cleanUp();
    }
    EXPECT_GE(messages, flow.shares) << "no good run was recorded";
    return messages;
}

std::unique_ptr<Process>
FailureMatrix::startUntil(const Flow& flow, const Fault& fault, const Moment& moment) {
    // A slow machine needs longer to come to the message, or loses the connection before that.
    constexpr seconds kLongest{16};
    std::unique_ptr<Process> running;
    for (seconds time{1}; time <= kLongest && !HasFailure(); time *= 2) {
        prepare(flow);
        warmUp();
        if (!holdAt(moment)) {
            continue;
        }
        running = daemon->startCtl(argumentsOf(flow, fault.kind == Kind::Hang ? time : kAmple));
        waitFor([&] { return proxy->isHeld() || running->wait(milliseconds(0)); }, kPatience);
        if (proxy->isHeld()) {
            ++injected;
            return running;
        }
        proxy->cut();
        EXPECT_TRUE(running->wait(kPatience).has_value());
        cleanUp();
    }
    ADD_FAILURE() << "the fault was not injected";
    return nullptr;
}

void FailureMatrix::killAgents() {
    const std::vector<pid_t> agents = daemon->agents();
    EXPECT_FALSE(agents.empty());
    for (const pid_t agent : agents) {
        ::kill(agent, SIGKILL);
    }
}

/// A job that is out of time ends its agent; what settles has another.
void FailureMatrix::waitForDeadline() {
    const std::vector<pid_t> hanging = daemon->agents();
    const auto isOver = [&] {
        const std::vector<pid_t> agents = daemon->agents();
        return std::find_first_of(agents.begin(), agents.end(), hanging.begin(), hanging.end()) ==
               agents.end();
    };
    EXPECT_TRUE(waitFor(isOver, kPatience));
}

void FailureMatrix::startAgain() {
    daemon->start();
    EXPECT_TRUE(waitUntilRecovered(kPatience));
}

int FailureMatrix::inject(const Fault& fault, Process& running) {
    switch (fault.kind) {
    case Kind::Cut:
        break;
    case Kind::Garbled:
        proxy->garble();
        break;
    case Kind::Hang:
        waitForDeadline();
        proxy->letGo();
        break;
    case Kind::AgentKilled:
        killAgents();
        break;
    case Kind::FsrvpdKilled:
        daemon->kill();
        break;
    case Kind::ServerRestarted:
        lab().restartSmbd();
        break;
    }
    if (proxy->isHeld()) {
        proxy->cut();
    }
    const int status = running.wait(kPatience).value_or(-1);
    EXPECT_THAT(fault.statuses, testing::Contains(status)) << running.err();
    if (fault.kind == Kind::FsrvpdKilled) {
        startAgain();
    }
    return status;
}

void FailureMatrix::expectAgreementAndCleanUp(const Flow& flow, int status) {
    expectMountsAgree();
    const std::size_t left = ours().size();
    if (flow.what == What::Delete) {
        EXPECT_TRUE(status != 0 || left == 0) << left;
    } else if (left != 0 || status == 0) {
        EXPECT_EQ(left, flow.shares);
        EXPECT_TRUE(status == 0 || status == 11) << "it has not failed";
    }
    if (daemon->sql("SELECT id FROM shadow_copy WHERE state = 'deleting'").empty()) {
        expectAgreement();
    }
    cleanUp();
}

void FailureMatrix::cleanUp() {
    Argv arguments{"delete", "-q"};
    const std::vector<std::string> ids = ours();
    if (!ids.empty()) {
        arguments.insert(arguments.end(), ids.begin(), ids.end());
        const RunResult result = daemon->ctl(arguments);
        EXPECT_EQ(result.exitCode, 0) << result.err;
        expectAgreement();
        expectMountsAgree();
    }
}

/// The kernel's mount table, the records, what `list` says and the directories; when nothing is
/// under way any more.
void FailureMatrix::expectMountsAgree() {
    using Mounts = std::set<std::pair<std::string, std::string>>; // what, where
    const std::string below = daemon->dir().string() + "/runtime/";
    const auto mounted = [&below] {
        Mounts all;
        for (const mount::MountEntry& entry : mountsBelow(below)) {
            all.emplace(entry.source, entry.mountPoint);
        }
        return all;
    };
    const auto recorded = [this] {
        Mounts all;
        for (const json& row : daemon->sql("SELECT what, path FROM mount")) {
            all.emplace(row["what"], row["path"]);
        }
        return all;
    };
    // After a start of fsrvpd what was on record is mounted soon, or taken off.
    waitFor([&] { return mounted() == recorded(); }, kPatience);
    EXPECT_TRUE(waitUntilSettled(kPatience));
    const Mounts is = mounted();
    EXPECT_EQ(is, recorded());
    Mounts told;
    const json list = daemon->ctlJson({"list"});
    for (const json& snapshot : list["snapshots"]) {
        for (const json& path : snapshot["mount_points"]) {
            told.emplace(unc(snapshot["exposed"]), path);
        }
    }
    EXPECT_EQ(told, is);
    std::set<std::string> places;
    for (const auto& [what, path] : is) {
        places.insert(path);
    }
    std::set<std::string> directories;
    for (const auto& entry : std::filesystem::directory_iterator(below + "mnt")) {
        directories.insert(entry.path());
    }
    EXPECT_EQ(directories, places);
    EXPECT_TRUE(std::filesystem::is_empty(below + "private"));
}

void FailureMatrix::failEachMessage(const Flow& flow, const Fault& fault) {
    const std::size_t messages = messagesOf(flow);
    for (std::size_t message = 1; message <= messages && !HasFailure(); ++message) {
        if (isStartLost(flow, fault, message) != onlyLostStarts) {
            continue;
        }
        SCOPED_TRACE("message " + std::to_string(message) + " of " + std::to_string(messages));
        const Moment moment{message,
                            fault.serverActs ? Moment::What::Reply : Moment::What::Request};
        const auto running = startUntil(flow, fault, moment);
        if (running == nullptr) {
            return;
        }
        const int status = inject(fault, *running);
        if (onlyLostStarts) { // it outlasts that set
            create({"data"});
            cleanUp();
        }
        expectAgreementAndCleanUp(flow, status);
    }
}

} // namespace fsrvp::test
