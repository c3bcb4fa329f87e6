// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/failure_matrix.hpp"

#include "daemon/mount/mount_table.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;
using When = Failure::When;

/// For which no operation has an answer of its own.
constexpr std::uint32_t kAnyError = hresult::kUnexpectedProviderError;

std::vector<std::string> sourcesOf(const Flow& flow) {
    std::vector<std::string> sources;
    for (const std::string& share : flow.shares) {
        sources.push_back("//fs1/" + share);
    }
    return sources;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

bool isOnDisk(const FssServer& server, const Guid& copy) {
    const auto disk = server.onDisk();
    return std::any_of(
        disk.begin(), disk.end(), [&copy](const auto& one) { return one.shadowCopyId == copy; });
}

} // namespace

unsigned FailureMatrix::injected_ = 0;

std::string Place::text() const {
    return (operation.empty() ? "commit" : operation) + " " + std::to_string(nth);
}

bool killsFsrvpd(const Fault& fault) {
    return fault.kind == Kind::FsrvpdKilledBefore || fault.kind == Kind::FsrvpdKilledAfter ||
           fault.kind == Kind::FsrvpdKilledAfterCommit;
}

void FailureMatrix::TearDownTestSuite() {
    std::cout << "failure matrix: " << injected_ << " faults injected\n";
}

void FailureMatrix::SetUp() {
    MountingTest::SetUp();
    start(); // makes the directories that are looked at
}

FssServer& FailureMatrix::prepare(const Flow& flow) {
    FssServer& server = startAfresh({"data", "other", "third"});
    ids_.clear();
    if (flow.what == Flow::What::Delete) {
        const auto made = flow.mounts ? createMounted() : create(sourcesOf(flow));
        EXPECT_EQ(errorName(*made), "none") << errorText(*made);
        ids_ = made->ids();
    }
    crash(); // the flow has a connection of its own: one that has lingered is tried again
    callsBefore_ = server.calls().size();
    commitsBefore_ = store().commits();
    return server;
}

Task<std::shared_ptr<Job>> FailureMatrix::begun(const Flow& flow) {
    if (flow.what == Flow::What::Delete) {
        return deleting(ids_);
    }
    CreateRequest request;
    for (const std::string& share : flow.shares) {
        request.sources.push_back(Source{Unc{"fs1", share}, {}, {}, {}});
    }
    if (flow.mounts) {
        request.mount = MountAfter{};
    }
    request.uid = 1000;
    return manager().create(std::move(request));
}

std::vector<Place> FailureMatrix::placesOf(const Flow& flow, const Fault& fault) {
    const FssServer& server = prepare(flow);
    const auto job = ended(run(begun(flow)));
    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    std::vector<Place> places;
    if (fault.kind == Kind::FsrvpdKilledAfterCommit) {
        const auto commits = static_cast<unsigned>(store().commits() - commitsBefore_);
        for (unsigned nth = 1; nth <= commits; ++nth) {
            places.push_back({"", nth});
        }
    } else {
        std::map<std::string, unsigned> seen;
        const Calls calls = server.calls();
        for (std::size_t i = callsBefore_; i < calls.size(); ++i) {
            places.push_back({calls[i], ++seen[calls[i]]});
        }
    }
    clearUp(network.server("fs1"));
    return places;
}

template <class Op>
void FailureMatrix::injectInto(FssServer& server, const Fault& fault, unsigned nth) {
    const auto reached = [this] { loop.post([this] { reached_ = true; }); };
    const auto killAgent = [this] {
        ++begun_;
        launcher.kill();
    };
    switch (fault.kind) {
    case Kind::Result:
        return server.fail<Op>(Failure::result(kAnyError), nth);
    case Kind::ResultAfterActing:
        return server.fail<Op>(Failure::result(kAnyError, When::AfterActing), nth);
    case Kind::RpcFault:
        return server.fail<Op>(Failure::fault(Errc::AccessDenied), nth);
    case Kind::CutBefore:
        return server.fail<Op>(Failure::drop(When::BeforeActing), nth);
    case Kind::CutAfter:
        return server.fail<Op>(Failure::drop(When::AfterActing), nth);
    case Kind::Garble:
        return server.fail<Op>(Failure::garble(), nth);
    case Kind::Hang:
        return server.fail<Op>(Failure::hang([this] { ++begun_; }), nth);
    case Kind::AgentKilledBefore:
        return server.fail<Op>(Failure::hang(killAgent), nth);
    case Kind::AgentKilledAfter:
        return network.afterCall<Op>({fakes::AgentFate::Kind::Killed, [this] { ++begun_; }}, nth);
    case Kind::FsrvpdKilledBefore:
        return server.fail<Op>(Failure::hang(reached), nth);
    case Kind::FsrvpdKilledAfter:
        return network.afterCall<Op>({fakes::AgentFate::Kind::Held, reached}, nth);
    case Kind::ServerRestarts:
    case Kind::TimerExpires:
    case Kind::FsrvpdKilledAfterCommit:
        break;
    }
}

void FailureMatrix::atCall(FssServer& server, const Place& place, std::function<void()> act) {
    left_ = place.nth;
    server.onCall([this, operation = place.operation, act](std::string_view call) {
        if (call == operation && left_ > 0 && --left_ == 0) {
            act();
        }
    });
}

void FailureMatrix::inject(FssServer& server, const Fault& fault, const Place& place) {
    begun_ = 0;
    reached_ = false;
    if (fault.kind == Kind::ServerRestarts) {
        atCall(server, place, [&server] { server.restartWorker(); });
    } else if (fault.kind == Kind::TimerExpires) {
        atCall(server, place, [&server] { server.expireSequence(); });
    }
    forEachOperation([&]<class Op>() {
        if (Op::name == place.operation) {
            injectInto<Op>(server, fault, place.nth);
        }
    });
}

std::shared_ptr<Job>
FailureMatrix::runWith(const Flow& flow, const Fault& fault, const Place& place) {
    FssServer& server = network.server("fs1");
    inject(server, fault, place);
    std::shared_ptr<Job> job;
    if (!killsFsrvpd(fault)) {
        job = ended(run(begun(flow)));
        expectInjected(server, fault, place);
        return job;
    }
    // The first commit is the acceptance, which the caller waits for.
    fakes::Started<std::shared_ptr<Job>> accepted(loop, begun(flow));
    const bool atCommit = fault.kind == Kind::FsrvpdKilledAfterCommit;
    EXPECT_TRUE(runUntil([&] {
        return atCommit ? store().commits() - commitsBefore_ >= place.nth : reached_;
    })) << "fsrvpd was not killed";
    expectInjected(server, fault, place);
    accepted.destroy();
    crash();
    return nullptr;
}

void FailureMatrix::expectInjected(FssServer& server, const Fault& fault, const Place& place) {
    SCOPED_TRACE("the failure was not injected");
    const Calls calls = server.calls();
    if (fault.kind == Kind::FsrvpdKilledAfterCommit) {
        EXPECT_EQ(store().commits() - commitsBefore_, place.nth);
    } else {
        EXPECT_GE(std::count(calls.begin() + static_cast<std::ptrdiff_t>(callsBefore_),
                             calls.end(),
                             place.operation),
                  place.nth);
    }
    EXPECT_FALSE(network.hasFates());
    EXPECT_EQ(left_, 0U);
    const bool tells = fault.kind == Kind::Hang || fault.kind == Kind::AgentKilledBefore ||
                       fault.kind == Kind::AgentKilledAfter;
    EXPECT_EQ(begun_, tells ? 1U : 0U);
    server.onCall({});
    ++injected_;
}

void FailureMatrix::expectAgreement(FssServer& server, Deleting deleting, const Place& place) {
    SCOPED_TRACE("records and server, " + place.text());
    const std::vector<std::string> shares = server.exposedShares();
    std::size_t exposed = 0;
    std::size_t orphans = 0;
    std::size_t unknown = 0;
    std::set<Guid> sets;
    db::SnapshotFilter all;
    all.history = true;
    for (const Snapshot& copy : store().listSnapshots(all)) {
        const bool isThere = contains(shares, copy.exposed);
        if (copy.state == CopyState::Exposed) {
            EXPECT_TRUE(isThere) << copy.id;
            EXPECT_TRUE(isOnDisk(server, copy.snapshotId)) << copy.id;
            sets.insert(copy.setId);
            ++exposed;
        } else if (copy.state == CopyState::Deleting) {
            unknown += isThere ? 1U : 0U;
            EXPECT_EQ(isOnDisk(server, copy.snapshotId), isThere);
        } else {
            EXPECT_FALSE(isThere) << copy.id;
            const bool isOrphan = isOnDisk(server, copy.snapshotId);
            EXPECT_TRUE(!isOrphan || copy.state == CopyState::LostOnServer) << copy.id;
            EXPECT_EQ(copy.state == CopyState::LostOnServer, !copy.remains.empty());
            orphans += isOrphan ? 1U : 0U;
        }
    }
    EXPECT_EQ(shares.size(), exposed + unknown);
    EXPECT_EQ(server.onDisk().size(), exposed + unknown + orphans);
    EXPECT_EQ(orphans, strayCopies);
    EXPECT_TRUE(store().listUnsettledSets().empty());
    EXPECT_TRUE(store().listOpenJobs().empty());
    if (deleting == Deleting::None) {
        EXPECT_TRUE(store().listDeleting().empty());
        EXPECT_EQ(server.sets().size(), sets.size() + straySets);
        for (const fakes::FssSet& set : server.sets()) {
            const bool ours = sets.contains(set.id);
            EXPECT_EQ(set.state,
                      ours ? fakes::FssSetState::Recovered : fakes::FssSetState::Started);
        }
    }
    expectMountsAgree();
}

void FailureMatrix::expectMountsAgree() {
    std::set<std::string> recorded;
    for (const MountRecord& mount : store().listMounts()) {
        EXPECT_EQ(mountedAt(mount.path), sourceOf(mount.copy));
        EXPECT_FALSE(mount.unmounting) << mount.path;
        recorded.insert(mount.path);
    }
    std::set<std::string> mounted;
    const mount::MountTable table = mount::MountTable::read("/proc/self/mountinfo");
    for (const mount::MountEntry& entry : table.entries()) {
        if (entry.mountPoint.starts_with(runtimeDirectory.path().string() + "/")) {
            mounted.insert(entry.mountPoint);
        }
    }
    EXPECT_EQ(mounted, recorded);
    std::set<std::string> directories;
    for (const auto& entry : std::filesystem::directory_iterator(runtimeDirectory.path() / "mnt")) {
        directories.insert(entry.path());
    }
    EXPECT_EQ(directories, recorded);
    EXPECT_EQ(privateFiles(), 0U);
}

void FailureMatrix::clearUp(FssServer& server) {
    std::vector<std::int64_t> ids;
    for (const Snapshot& copy : store().listSnapshots({})) {
        if (copy.state == CopyState::Exposed) {
            ids.push_back(copy.id);
        }
    }
    if (!ids.empty()) {
        const auto job = remove(ids);
        EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    }
    if (strayCopies > 0) {
        for (const fakes::FssSnapshot& snapshot : server.onDisk()) {
            server.removeFromDisk(snapshot.shadowCopyId);
        }
    }
    if (straySets > 0) {
        server.expireSequence();
    }
}

} // namespace fsrvp::jobs
