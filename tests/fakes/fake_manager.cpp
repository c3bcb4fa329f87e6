// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fake_manager.hpp"

#include "daemon/base/unique_fd.hpp"
#include "daemon/model/snapshot_json.hpp"
#include "dbus/error_table.hpp"
#include "dbus/names.hpp"

#include <fcntl.h>
#include <fsrvpd1_adaptor.hpp>
#include <sdbus-c++/sdbus-c++.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

namespace fsrvp::test {
namespace {

using Dict = std::map<std::string, sdbus::Variant>;

std::uint64_t micros(TimeUs time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Dict toBus(const Snapshot& s) {
    Dict dict{{"id", static_cast<std::uint64_t>(s.id)},
              {"snapshot_id", s.snapshotId.text()},
              {"set_id", s.setId.text()},
              {"server", s.server.text()},
              {"share", s.source.share},
              {"source", s.source.text()},
              {"exposed", s.exposed},
              {"context", std::string(contextName(s.context))},
              {"writable", s.writable},
              {"state", std::string(copyStateName(s.state))},
              {"owner_uid", s.ownerUid},
              {"description", s.description},
              {"labels", s.labels}};
    if (s.created) {
        dict["created"] = micros(*s.created);
    }
    if (s.completed) {
        dict["completed"] = micros(*s.completed);
    }
    if (s.policy) {
        dict["policy"] = *s.policy;
    }
    return dict;
}

sdbus::Error busError(const fsrvp::Error& error) {
    return sdbus::Error(errorBusName(error.code()), errorToBusMessage(error));
}

void checkKeys(const Dict& options, const std::set<std::string>& known) {
    for (const auto& [key, value] : options) {
        if (!known.contains(key)) {
            throw fsrvp::Error(Errc::InvalidArgument, "unknown option '" + key + "'");
        }
    }
}

/// False when nobody reads any more.
bool writeAll(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

struct JobState {
    std::int64_t id = 0;
    std::string operation;
    std::string state = "running";
    std::string phase = "connect";
    std::vector<std::string> subjects;
    std::vector<std::uint64_t> ids;
    std::string errorName;
    std::string errorMessage;
    std::function<void(JobState&)> work; ///< what it does at its end
};

} // namespace

/// What the bus thread and the tests share; every member under mutex.
struct Shared {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::map<std::int64_t, Snapshot> snapshots;
    JobEnding ending = JobEnding::WhenRead;
    std::optional<fsrvp::Error> jobFailure;
    std::size_t partial = 0;
    std::optional<sdbus::Error> refusal;
    std::optional<std::size_t> breakAfter;
    std::string breakLine;
    std::size_t manyLines = 0;
    bool vanishAfter = false;
    std::size_t reads = 0;
    std::size_t cancels = 0;
    SeenCreate seen;
};

class JobObject final : public sdbus::AdaptorInterfaces<org::fsrvpd1::Job_adaptor> {
  public:
    JobObject(sdbus::IConnection& connection, Shared& shared, JobState job)
        : AdaptorInterfaces(connection, names::jobPath(job.id)), shared_(shared),
          job_(std::move(job)) {
        registerAdaptor();
    }

    JobObject(const JobObject&) = delete;
    JobObject& operator=(const JobObject&) = delete;

    virtual ~JobObject() { unregisterAdaptor(); }

    Dict toRow() const {
        const std::lock_guard lock(shared_.mutex);
        Dict dict{{"id", static_cast<std::uint64_t>(job_.id)},
                  {"operation", job_.operation},
                  {"state", job_.state},
                  {"subjects", job_.subjects},
                  {"started_by_uid", std::uint32_t{0}},
                  {"start", std::uint64_t{1'795'000'000'000'000}},
                  {"path", sdbus::ObjectPath(names::jobPath(job_.id))}};
        if (job_.state == "running") {
            dict["phase"] = job_.phase;
        } else {
            dict["end"] = std::uint64_t{1'795'000'009'000'000};
        }
        if (job_.state == "failed") {
            dict["error"] = job_.errorName;
            dict["message"] = job_.errorMessage;
        }
        return dict;
    }

    void setPhase(const std::string& phase) {
        {
            const std::lock_guard lock(shared_.mutex);
            job_.phase = phase;
        }
        getObject().emitPropertiesChangedSignal(INTERFACE_NAME, {"Phase"});
    }

    /// Ends the job as it was set up, or as cancelled.
    void end(bool cancelled) {
        {
            const std::lock_guard lock(shared_.mutex);
            if (job_.state != "running") {
                return;
            }
            if (cancelled) {
                job_.state = "cancelled";
                job_.errorName = errorBusName(Errc::Cancelled);
                job_.errorMessage = "job " + std::to_string(job_.id) + " was cancelled";
            } else {
                job_.work(job_);
            }
        }
        emitCompleted(job_.state == "done", job_.errorName, job_.errorMessage, Result());
    }

  private:
    void Cancel(sdbus::Result<>&& result, Dict options) override {
        if (!options.empty()) {
            result.returnError(busError(fsrvp::Error(Errc::InvalidArgument, "unknown option")));
            return;
        }
        result.returnResults();
        JobEnding ending{};
        {
            const std::lock_guard lock(shared_.mutex);
            ++shared_.cancels;
            ending = shared_.ending;
            shared_.changed.notify_all();
        }
        if (ending != JobEnding::NotEvenCancelled) {
            end(true);
        }
    }

    std::string Operation() override { return job_.operation; }

    std::string State() override {
        std::string state;
        JobEnding ending{};
        {
            const std::lock_guard lock(shared_.mutex);
            state = job_.state;
            ending = shared_.ending;
            ++shared_.reads;
            shared_.changed.notify_all();
        }
        if (ending == JobEnding::WhenRead) {
            end(false); // Completed goes out before this answer, which still says "running"
        }
        return state;
    }

    std::string Phase() override {
        const std::lock_guard lock(shared_.mutex);
        return job_.phase;
    }

    std::uint64_t StartTime() override { return 1'795'000'000'000'000; }

    std::uint64_t EndTime() override { return 0; }

    std::uint32_t StartedByUid() override { return 0; }

    Dict Result() override {
        const std::lock_guard lock(shared_.mutex);
        return job_.state == "running" ? Dict{} : Dict{{"ids", job_.ids}};
    }

    sdbus::Struct<std::string, std::string> Error() override {
        const std::lock_guard lock(shared_.mutex);
        // As the API has it: empty unless it failed; a cancelled one has none.
        return job_.state == "failed" ? sdbus::make_struct(job_.errorName, job_.errorMessage)
                                      : sdbus::make_struct(std::string(), std::string());
    }

    Shared& shared_;
    JobState job_;
};

class ManagerObject final : public sdbus::AdaptorInterfaces<org::fsrvpd1::Manager_adaptor> {
  public:
    ManagerObject(sdbus::IConnection& connection, Shared& shared, std::function<void()> vanish)
        : AdaptorInterfaces(connection, names::kManagerPath), connection_(connection),
          shared_(shared), vanish_(std::move(vanish)) {
        registerAdaptor();
    }

    ManagerObject(const ManagerObject&) = delete;
    ManagerObject& operator=(const ManagerObject&) = delete;

    virtual ~ManagerObject() {
        unregisterAdaptor();
        for (std::thread& writer : writers_) {
            // A writer that has brought about this end cannot wait for itself.
            writer.get_id() == std::this_thread::get_id() ? writer.detach() : writer.join();
        }
    }

    void forEachJob(const std::function<void(JobObject&)>& fn) {
        for (const auto& [id, job] : jobs_) {
            fn(*job);
        }
    }

  private:
    /// Runs a method's body; what it throws is the answer.
    template <class Result, class Body> void answer(Result&& result, Body&& body) {
        try {
            {
                const std::lock_guard lock(shared_.mutex);
                if (shared_.refusal) {
                    throw sdbus::Error(*shared_.refusal);
                }
            }
            body();
        } catch (const fsrvp::Error& error) {
            result.returnError(busError(error));
        } catch (const sdbus::Error& error) {
            result.returnError(error);
        }
    }

    std::string begin(JobState state) {
        state.id = nextJob_++;
        std::string path = names::jobPath(state.id);
        const std::int64_t id = state.id;
        jobs_[id] = std::make_unique<JobObject>(connection_, shared_, std::move(state));
        JobEnding ending{};
        {
            const std::lock_guard lock(shared_.mutex);
            ending = shared_.ending;
        }
        if (ending == JobEnding::BeforeReply) {
            jobs_[id]->end(false);
        }
        return path;
    }

    /// Does `one` for as many subjects as shall succeed, and says how the job ended.
    void perform(JobState& job, const std::function<std::int64_t(const std::string&)>& one) const {
        std::size_t count = 0;
        for (const std::string& subject : job.subjects) {
            if (shared_.jobFailure && count == shared_.partial) {
                break;
            }
            job.ids.push_back(static_cast<std::uint64_t>(one(subject)));
            ++count;
        }
        job.state = shared_.jobFailure ? "failed" : "done";
        if (shared_.jobFailure) {
            job.errorName = errorBusName(shared_.jobFailure->code());
            job.errorMessage = errorToBusMessage(*shared_.jobFailure);
        }
    }

    void CreateSnapshot(sdbus::Result<sdbus::ObjectPath>&& result,
                        std::vector<std::string> sources,
                        Dict options) override {
        answer(result, [&] {
            checkKeys(options, {"context", "writable", "description", "labels", "timeout_sec"});
            SeenCreate seen;
            seen.sources = sources;
            for (const auto& [key, value] : options) {
                seen.optionKeys.push_back(key);
            }
            const auto has = [&](const char* key) { return options.contains(key); };
            seen.context = has("context") ? options["context"].get<std::string>() : "";
            seen.description = has("description") ? options["description"].get<std::string>() : "";
            if (has("labels")) {
                seen.labels = options["labels"].get<std::map<std::string, std::string>>();
            }
            seen.timeoutSec = has("timeout_sec") ? options["timeout_sec"].get<std::uint64_t>() : 0;
            seen.writable = has("writable") && options["writable"].get<bool>();
            for (const std::string& source : sources) {
                Unc::parse(source);
            }
            const auto take = [this, seen](const std::string& source) {
                Snapshot made = FakeManager::snapshot(
                    shared_.snapshots.empty() ? 1 : shared_.snapshots.rbegin()->first + 1);
                made.source = Unc::parse(source);
                made.server.host = made.source.server;
                made.description = seen.description;
                made.labels = seen.labels;
                made.writable = seen.writable;
                shared_.snapshots[made.id] = made;
                return made.id;
            };
            JobState job;
            job.operation = "create";
            job.subjects = sources;
            job.work = [this, take](JobState& j) { perform(j, take); };
            {
                const std::lock_guard lock(shared_.mutex);
                shared_.seen = seen;
            }
            result.returnResults(begin(std::move(job)));
        });
    }

    void DeleteSnapshots(sdbus::Result<sdbus::ObjectPath>&& result,
                         std::vector<std::string> ids,
                         Dict options) override {
        answer(result, [&] {
            checkKeys(options, {"timeout_sec"});
            JobState job;
            job.operation = "delete";
            for (const std::string& id : ids) {
                job.subjects.push_back(std::to_string(find(id).id));
            }
            job.work = [this](JobState& j) {
                perform(j, [this](const std::string& id) {
                    Snapshot& gone = shared_.snapshots.at(std::stoll(id));
                    gone.state = CopyState::Deleted;
                    return gone.id;
                });
            };
            result.returnResults(begin(std::move(job)));
        });
    }

    Snapshot find(const std::string& id) const {
        const std::lock_guard lock(shared_.mutex);
        for (const auto& [number, snapshot] : shared_.snapshots) {
            if (std::to_string(number) == id ||
                (id.size() >= 8 && snapshot.snapshotId.text().starts_with(id))) {
                return snapshot;
            }
        }
        throw fsrvp::Error(Errc::NotFound, "there is no snapshot '" + id + "'");
    }

    std::vector<Snapshot> listed(const Dict& filter) const {
        const bool all = filter.contains("all") && filter.at("all").get<bool>();
        const auto source = filter.find("source");
        const std::lock_guard lock(shared_.mutex);
        std::vector<Snapshot> result;
        for (const auto& [number, snapshot] : shared_.snapshots) {
            const bool isHistory =
                snapshot.state == CopyState::Deleted || snapshot.state == CopyState::Failed;
            const bool isWanted = source == filter.end() ||
                                  snapshot.source.text() == source->second.get<std::string>();
            if (isWanted && (all || !isHistory)) {
                result.push_back(snapshot);
            }
        }
        return result;
    }

    void ListSnapshots(sdbus::Result<std::vector<Dict>, std::string>&& result,
                       Dict filter) override {
        answer(result, [&] {
            checkKeys(filter, {"source", "all", "limit", "after"});
            std::vector<Dict> page;
            for (const Snapshot& snapshot : listed(filter)) {
                page.push_back(toBus(snapshot));
            }
            result.returnResults(page, "");
        });
    }

    void ExportSnapshots(sdbus::Result<sdbus::UnixFd>&& result, Dict filter) override {
        answer(result, [&] {
            checkKeys(filter, {"source", "all"});
            int ends[2];
            if (::pipe2(ends, O_CLOEXEC) != 0) {
                throw std::system_error(errno, std::generic_category(), "pipe2");
            }
            writers_.emplace_back(
                [this, snapshots = listed(filter), out = UniqueFd(ends[1])]() mutable {
                    write(snapshots, std::move(out));
                });
            result.returnResults(sdbus::UnixFd(ends[0], sdbus::adopt_fd));
        });
    }

    void write(const std::vector<Snapshot>& snapshots, UniqueFd out) const {
        sigset_t pipeSignal;
        sigemptyset(&pipeSignal);
        sigaddset(&pipeSignal, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipeSignal, nullptr);
        std::unique_lock lock(shared_.mutex);
        const std::size_t many = shared_.manyLines;
        const std::optional<std::size_t> breakAfter = shared_.breakAfter;
        const std::string breakLine = shared_.breakLine;
        const bool vanish = shared_.vanishAfter;
        lock.unlock();
        const std::function<void()> leave = vanish_; // this object goes with it
        const std::size_t count = many > 0 ? many : snapshots.size();
        for (std::size_t i = 0; i < count && i < breakAfter.value_or(count); ++i) {
            const Snapshot snapshot =
                many > 0 ? FakeManager::snapshot(static_cast<std::int64_t>(i + 1)) : snapshots[i];
            if (!writeAll(out.get(), snapshotToJson(snapshot).dump() + "\n")) {
                return;
            }
        }
        if (breakAfter && !vanish) {
            writeAll(out.get(), breakLine);
        }
        if (vanish) {
            leave();
        }
    }

    void GetSnapshot(sdbus::Result<Dict>&& result, std::string id, Dict options) override {
        answer(result, [&] {
            checkKeys(options, {});
            result.returnResults(toBus(find(id)));
        });
    }

    void ListJobs(sdbus::Result<std::vector<Dict>>&& result, Dict options) override {
        answer(result, [&] {
            checkKeys(options, {"limit"});
            std::vector<Dict> rows;
            for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
                rows.push_back(job->second->toRow());
            }
            result.returnResults(rows);
        });
    }

    std::string Version() override { return "0.0.0"; }

    sdbus::IConnection& connection_;
    Shared& shared_;
    std::function<void()> vanish_;
    std::map<std::int64_t, std::unique_ptr<JobObject>> jobs_;
    std::int64_t nextJob_ = 1;
    std::vector<std::thread> writers_;
};

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

void FakeManager::setPhase(const std::string& phase) {
    impl_->manager->forEachJob([&phase](JobObject& job) { job.setPhase(phase); });
}

} // namespace fsrvp::test
