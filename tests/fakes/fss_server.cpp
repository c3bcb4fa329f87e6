// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fss_server.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace fsrvp::fakes {
namespace {

// An odd length under 8 bytes is no reply of any operation.
constexpr std::size_t kGarbledLength = 7;

Error lost(std::string_view why) {
    return Error(Errc::Unreachable,
                 "the connection to the fake server is gone: " + std::string(why));
}

std::string operationName(std::uint16_t opnum) {
    std::string name = "opnum " + std::to_string(opnum);
    forEachOperation([&]<class Op>() {
        if (Op::opnum == opnum) {
            name = Op::name;
        }
    });
    return name;
}

} // namespace

Failure Failure::result(std::uint32_t hresult, When when) {
    return Failure{Kind::Result, when, hresult, Errc::Failed, {}};
}

Failure Failure::fault(Errc code) {
    return Failure{Kind::Fault, When::BeforeActing, 0, code, {}};
}

Failure Failure::drop(When when) {
    return Failure{Kind::Drop, when, 0, Errc::Failed, {}};
}

Failure Failure::hang(std::function<void()> began) {
    return Failure{Kind::Hang, When::BeforeActing, 0, Errc::Failed, std::move(began)};
}

Failure Failure::garble() {
    return Failure{Kind::Garble, When::AfterActing, 0, Errc::Failed, {}};
}

struct FssServer::Shared {
    explicit Shared(FssOptions options) : state(std::move(options)) {}

    // The nth call of an operation since the server began, counted from 1.
    using CallNumber = std::pair<std::uint16_t, std::uint64_t>;

    mutable std::mutex mutex;
    std::condition_variable changed;
    // All below is guarded by mutex.
    FssState state;
    std::set<const Connection*> open;
    std::size_t mostOpen = 0;
    std::size_t connectCount = 0;
    std::map<std::uint16_t, std::uint64_t> callCount;
    std::map<CallNumber, Failure> failures;
    std::vector<std::string> calls;
    std::function<void(std::string_view)> onCall;
    std::size_t hung = 0;
    std::uint64_t releases = 0;
    unsigned refusalsLeft = 0;
    Errc refusal = Errc::Unreachable;
};

class FssServer::Connection final : public Channel {
  public:
    explicit Connection(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

    ~Connection() override {
        const std::lock_guard lock(shared_->mutex);
        shared_->open.erase(this);
    }

    Stub call(std::uint16_t opnum,
              std::span<const std::byte> stub,
              std::chrono::milliseconds timeout) override {
        std::unique_lock lock(shared_->mutex);
        demandOpen("it was lost before");
        shared_->calls.push_back(operationName(opnum));
        const Shared::CallNumber number{opnum, ++shared_->callCount[opnum]};
        if (const auto onCall = shared_->onCall) {
            lock.unlock();
            onCall(operationName(opnum));
            lock.lock();
            demandOpen("it was cut in a call");
        }
        const auto failure = shared_->failures.extract(number);
        if (!failure) {
            return shared_->state.answer(opnum, stub);
        }
        return failed(failure.mapped(), opnum, stub, timeout, lock);
    }

  private:
    Stub failed(const Failure& failure,
                std::uint16_t opnum,
                std::span<const std::byte> stub,
                std::chrono::milliseconds timeout,
                std::unique_lock<std::mutex>& lock) {
        if (failure.kind == Failure::Kind::Hang) {
            hang(failure, timeout, lock);
            return shared_->state.answer(opnum, stub);
        }
        if (failure.when == Failure::When::AfterActing) {
            shared_->state.answer(opnum, stub);
        }
        switch (failure.kind) {
        case Failure::Kind::Fault:
            throw Error(failure.code, "the fake server answered with a fault");
        case Failure::Kind::Drop:
            shared_->open.erase(this);
            throw lost("it was dropped in a call");
        case Failure::Kind::Garble:
            return Stub(kGarbledLength, std::byte{0xff});
        case Failure::Kind::Result:
        case Failure::Kind::Hang:
            break;
        }
        return FssState::refusal(opnum, failure.hresult);
    }

    void hang(const Failure& failure,
              std::chrono::milliseconds timeout,
              std::unique_lock<std::mutex>& lock) {
        const std::uint64_t releasesBefore = shared_->releases;
        ++shared_->hung;
        if (failure.began) {
            lock.unlock();
            failure.began();
            lock.lock();
        }
        // wait_for() would overflow with "for ever".
        const auto limit = std::min<std::chrono::milliseconds>(timeout, std::chrono::hours(1));
        const bool inTime = shared_->changed.wait_for(lock, limit, [&] {
            return shared_->releases != releasesBefore || !shared_->open.contains(this);
        });
        --shared_->hung;
        if (!inTime) {
            shared_->open.erase(this);
            throw Error(Errc::TimedOut, "the fake server did not answer in time");
        }
        demandOpen("it was cut in a call");
    }

    void demandOpen(std::string_view why) const {
        if (!shared_->open.contains(this)) {
            throw lost(why);
        }
    }

    std::shared_ptr<Shared> shared_;
};

FssServer::FssServer(FssOptions options) : shared_(std::make_shared<Shared>(std::move(options))) {
}

FssServer::~FssServer() {
    cutConnections();
}

void FssServer::addShare(const std::string& name, const std::string& volume) {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.addShare({name, volume});
}

void FssServer::addUnsupportedShare(const std::string& name) {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.addShare({name, "", FssShare::Snapshots::Unsupported});
}

void FssServer::breakShare(const std::string& name) {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.breakShare(name);
}

void FssServer::removeExposedShare(const std::string& name) {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.removeExposedShare(name);
}

void FssServer::removeFromDisk(const Guid& shadowCopyId) {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.removeFromDisk(shadowCopyId);
}

void FssServer::setAccess(FssAccess access) {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.setAccess(access);
}

void FssServer::expireSequence() {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.expireSequence();
}

void FssServer::restartWorker() {
    cutConnections();
    const std::lock_guard lock(shared_->mutex);
    shared_->state.restartWorker();
}

void FssServer::forgetSets() {
    const std::lock_guard lock(shared_->mutex);
    shared_->state.forgetSets();
}

std::unique_ptr<Channel> FssServer::connect() {
    auto connection = std::make_unique<Connection>(shared_);
    const std::lock_guard lock(shared_->mutex);
    ++shared_->connectCount;
    if (shared_->refusalsLeft > 0) {
        --shared_->refusalsLeft;
        throw Error(shared_->refusal, "cannot connect to the fake server: it refuses");
    }
    shared_->open.insert(connection.get());
    shared_->mostOpen = std::max(shared_->mostOpen, shared_->open.size());
    return connection;
}

void FssServer::refuseConnections(Errc code, unsigned count) {
    const std::lock_guard lock(shared_->mutex);
    shared_->refusal = code;
    shared_->refusalsLeft = count;
}

void FssServer::cutConnections() {
    const std::lock_guard lock(shared_->mutex);
    shared_->open.clear();
    shared_->changed.notify_all();
}

std::size_t FssServer::openConnections() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->open.size();
}

std::size_t FssServer::mostConnections() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->mostOpen;
}

std::size_t FssServer::connectCount() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->connectCount;
}

void FssServer::addFailure(std::uint16_t opnum, Failure failure, unsigned nth, unsigned count) {
    const std::lock_guard lock(shared_->mutex);
    const std::uint64_t first = shared_->callCount[opnum] + nth;
    for (std::uint64_t number = first; number < first + count; ++number) {
        shared_->failures.insert_or_assign({opnum, number}, failure);
    }
}

void FssServer::clearFailures() {
    const std::lock_guard lock(shared_->mutex);
    shared_->failures.clear();
}

void FssServer::releaseHung() {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->releases;
    shared_->changed.notify_all();
}

std::size_t FssServer::hungCalls() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->hung;
}

void FssServer::onCall(std::function<void(std::string_view)> fn) {
    const std::lock_guard lock(shared_->mutex);
    shared_->onCall = std::move(fn);
}

std::vector<std::string> FssServer::calls() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->calls;
}

std::vector<FssSet> FssServer::sets() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->state.sets();
}

std::vector<std::string> FssServer::exposedShares() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->state.exposedShares();
}

std::vector<FssSnapshot> FssServer::onDisk() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->state.onDisk();
}

std::vector<std::string> FssServer::directories(const std::string& share) const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->state.directories(share);
}

} // namespace fsrvp::fakes
