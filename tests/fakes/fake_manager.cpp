// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fake_manager.hpp"

#include "dbus/error_table.hpp"
#include "dbus/names.hpp"
#include "tests/fakes/fake_manager_object.hpp"

#include <mutex>
#include <thread>

namespace fsrvp::test {

using fake::JobObject;
using fake::ManagerObject;
using fake::Shared;

struct FakeManager::Impl {
    Shared shared;
    std::mutex lifeMutex;
    std::unique_ptr<sdbus::IConnection> connection;
    std::unique_ptr<ManagerObject> manager;
    std::thread loop;

    void run() const {
        try {
            connection->enterEventLoop();
        } catch (const sdbus::Error&) {
            // The bus has gone, which is the end of this fsrvpd too.
        }
    }

    void leave() {
        const std::lock_guard lock(lifeMutex);
        if (connection) {
            connection->leaveEventLoop();
            loop.join();
            manager.reset();
            connection.reset();
        }
    }
};

FakeManager::FakeManager(const std::string& busAddress) : impl_(std::make_unique<Impl>()) {
    Impl& impl = *impl_;
    impl.connection = sdbus::createSessionBusConnectionWithAddress(busAddress);
    impl.manager =
        std::make_unique<ManagerObject>(*impl.connection, impl.shared, [&impl] { impl.leave(); });
    impl.connection->requestName(names::kBusName);
    impl.loop = std::thread([&impl] { impl.run(); });
}

FakeManager::~FakeManager() {
    vanish();
}

void FakeManager::vanish() {
    impl_->leave();
}

Snapshot FakeManager::snapshot(std::int64_t id) {
    Snapshot s;
    s.id = id;
    s.snapshotId = Guid::parse("00112233-4455-6677-8899-aabbccddeeff");
    for (std::size_t i = 0; i < 8; ++i) {
        s.snapshotId.bytes[i] =
            static_cast<std::uint8_t>(static_cast<std::uint64_t>(id) >> (8 * i));
    }
    s.setId = Guid::parse("ffeeddcc-bbaa-9988-7766-554433221100");
    s.server = ServerId{"fs1", kSmbPort};
    s.source = Unc{"fs1", "data"};
    s.exposed = "data@{" + s.snapshotId.text() + "}";
    s.created = TimeUs(std::chrono::microseconds(1'795'000'000'123'456 + id * 1'000'000));
    s.completed = *s.created + std::chrono::seconds(2);
    s.state = CopyState::Exposed;
    return s;
}

void FakeManager::add(const Snapshot& snapshot) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.snapshots[snapshot.id] = snapshot;
}

void FakeManager::addShare(const std::string& path, const Unc& share) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.mounts.addShare(path, share);
}

void FakeManager::refuseDestination(const std::string& path, const Error& error) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.mounts.refuse(path, error);
}

void FakeManager::failMounts(const Error& error) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.mounts.fail(error);
}

void FakeManager::holdMount(const std::string& path, const std::string& who) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.mounts.hold(path, who);
}

void FakeManager::addCredential(const std::string& name, const FakeCredential& credential) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.credentials[name] = credential;
}

std::map<std::string, FakeCredential> FakeManager::credentials() const {
    const std::lock_guard lock(impl_->shared.mutex);
    return impl_->shared.credentials;
}

void FakeManager::setChecks(const std::vector<CheckLine>& lines) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.checks = lines;
}

void FakeManager::setFindings(const std::vector<Finding>& findings) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.findings = findings;
}

void FakeManager::endJobs(JobEnding how) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.ending = how;
}

void FakeManager::failJobs(const Error& error, std::size_t partial) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.jobFailure = error;
    impl_->shared.partial = partial;
}

void FakeManager::refuse(const Error& error) {
    refuse(errorBusName(error.code()), errorToBusMessage(error));
}

void FakeManager::refuse(const std::string& name, const std::string& message) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.refusal.emplace(name, message);
}

void FakeManager::breakExport(std::size_t afterLines, const std::string& raw) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.breakAfter = afterLines;
    impl_->shared.breakLine = raw;
}

void FakeManager::exportMany(std::size_t lines) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.manyLines = lines;
}

void FakeManager::vanishInExport(std::size_t afterLines) {
    const std::lock_guard lock(impl_->shared.mutex);
    impl_->shared.breakAfter = afterLines;
    impl_->shared.vanishAfter = true;
}

bool FakeManager::waitUntilJobIsRead(std::chrono::seconds limit) const {
    std::unique_lock lock(impl_->shared.mutex);
    return impl_->shared.changed.wait_for(lock, limit, [this] { return impl_->shared.reads > 0; });
}

bool FakeManager::waitUntilCancelled(std::chrono::seconds limit) const {
    std::unique_lock lock(impl_->shared.mutex);
    return impl_->shared.changed.wait_for(
        lock, limit, [this] { return impl_->shared.cancels > 0; });
}

SeenCreate FakeManager::lastCreate() const {
    const std::lock_guard lock(impl_->shared.mutex);
    return impl_->shared.seen;
}

SeenCall FakeManager::lastCall() const {
    const std::lock_guard lock(impl_->shared.mutex);
    return impl_->shared.call;
}

Snapshot FakeManager::find(std::int64_t id) const {
    const std::lock_guard lock(impl_->shared.mutex);
    return impl_->shared.snapshots.at(id);
}

void FakeManager::setPhase(const std::string& phase) {
    impl_->manager->forEachJob([&phase](JobObject& job) { job.setPhase(phase); });
}

} // namespace fsrvp::test
