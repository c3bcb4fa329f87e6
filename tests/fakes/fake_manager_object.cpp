// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fake_manager_object.hpp"

#include "daemon/model/snapshot_json.hpp"
#include "dbus/error_table.hpp"
#include "dbus/names.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace fsrvp::test::fake {
namespace {

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

template <class T> T valueOr(const Dict& options, const char* key, T otherwise) {
    const auto found = options.find(key);
    return found == options.end() ? otherwise : found->second.get<T>();
}

SeenCreate readOptions(const std::vector<std::string>& sources, const Dict& options) {
    SeenCreate seen;
    seen.sources = sources;
    for (const auto& [key, value] : options) {
        seen.optionKeys.push_back(key);
    }
    seen.mount = valueOr(options, "mount", true);
    seen.destination = valueOr(options, "destination", std::string());
    seen.shareRoot = valueOr(options, "share_root", false);
    seen.context = valueOr(options, "context", std::string());
    seen.description = valueOr(options, "description", std::string());
    seen.labels = valueOr(options, "labels", std::map<std::string, std::string>());
    seen.timeoutSec = valueOr(options, "timeout_sec", std::uint64_t{0});
    seen.writable = valueOr(options, "writable", false);
    seen.credential = valueOr(options, "credential", std::string());
    return seen;
}

} // namespace

ManagerObject::ManagerObject(sdbus::IConnection& connection,
                             Shared& shared,
                             std::function<void()> vanish)
    : AdaptorInterfaces(connection, names::kManagerPath), connection_(connection), shared_(shared),
      vanish_(std::move(vanish)) {
    registerAdaptor();
}

ManagerObject::~ManagerObject() {
    unregisterAdaptor();
    for (std::thread& writer : writers_) {
        // A writer that has brought about this end cannot wait for itself.
        writer.get_id() == std::this_thread::get_id() ? writer.detach() : writer.join();
    }
}

void ManagerObject::forEachJob(const std::function<void(JobObject&)>& fn) {
    for (const auto& [id, job] : jobs_) {
        fn(*job);
    }
}

std::string ManagerObject::begin(JobState state) {
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

/// Does `one` for each subject, of which none keeps the others, or for as many as shall succeed;
/// and says how the job ended.
void ManagerObject::perform(JobState& job,
                            const std::function<void(JobState&, const std::string&)>& one) const {
    std::optional<fsrvp::Error> failure;
    std::size_t count = 0;
    for (const std::string& subject : job.subjects) {
        if (shared_.jobFailure && count == shared_.partial) {
            break;
        }
        try {
            one(job, subject);
        } catch (const fsrvp::Error& error) {
            failure = job.subjects.size() == 1 ? error : fsrvp::Error(Errc::Partial, error.what());
        }
        ++count;
    }
    if (shared_.jobFailure) {
        failure = shared_.jobFailure;
    }
    job.state = failure ? "failed" : "done";
    if (failure) {
        job.errorName = errorBusName(failure->code());
        job.errorMessage = errorToBusMessage(*failure);
    }
}

void ManagerObject::CreateSnapshot(JobResult&& result,
                                   std::vector<std::string> sources,
                                   Dict options) {
    answerWithJob(std::move(result), [&] {
        checkKeys(options,
                  {"mount",
                   "destination",
                   "share_root",
                   "context",
                   "writable",
                   "description",
                   "labels",
                   "credential",
                   "timeout_sec"});
        see("CreateSnapshot", {}, options);
        const SeenCreate how = readOptions(sources, options);
        for (const std::string& source : sources) {
            shared_.mounts.shareOf(source);
        }
        if (options.contains("destination")) {
            if (sources.size() != 1 || !how.mount) {
                throw fsrvp::Error(Errc::InvalidArgument, "a destination is for one mount");
            }
            shared_.mounts.checkDestination(shared_.snapshots, how.destination);
        }
        shared_.seen = how;
        JobState job;
        job.operation = "create";
        job.subjects = sources;
        job.work = [this, how](JobState& j) {
            perform(j, [this, &how](JobState& self, const std::string& source) {
                Snapshot& made = take(source, how);
                self.ids.push_back(static_cast<std::uint64_t>(made.id));
                if (how.mount) {
                    try {
                        shared_.mounts.mount(made, how.destination);
                    } catch (const fsrvp::Error& error) {
                        throw fsrvp::Error(Errc::Partial, error.what());
                    }
                }
            });
        };
        return job;
    });
}

Snapshot& ManagerObject::take(const std::string& source, const SeenCreate& how) {
    const std::int64_t id = shared_.snapshots.empty() ? 1 : shared_.snapshots.rbegin()->first + 1;
    Snapshot made = FakeManager::snapshot(id);
    made.source = shared_.mounts.shareOf(source);
    made.server.host = made.source.server;
    made.description = how.description;
    made.labels = how.labels;
    made.writable = how.writable;
    return shared_.snapshots[id] = made;
}

void ManagerObject::MountSnapshot(JobResult&& result, std::string id, Dict options) {
    answerWithJob(std::move(result), [&] {
        checkKeys(options, {"destination", "timeout_sec"});
        see("MountSnapshot", {id}, options);
        const std::int64_t number = find(id).id;
        const auto destination = valueOr(options, "destination", std::string());
        if (options.contains("destination")) {
            shared_.mounts.checkDestination(shared_.snapshots, destination);
        }
        JobState job;
        job.operation = "mount";
        job.subjects = {std::to_string(number)};
        job.work = [this, number, destination](JobState& j) {
            perform(j, [&](JobState& self, const std::string&) {
                shared_.mounts.mount(shared_.snapshots.at(number), destination);
                self.ids.push_back(static_cast<std::uint64_t>(number));
            });
        };
        return job;
    });
}

void ManagerObject::UnmountSnapshot(JobResult&& result, std::string id, Dict options) {
    answerWithJob(std::move(result), [&] {
        checkKeys(options, {"lazy", "timeout_sec"});
        see("UnmountSnapshot", {id}, options);
        const std::int64_t number = find(id).id;
        const auto path = id.starts_with('/') ? std::optional(id) : std::nullopt;
        const bool lazy = valueOr(options, "lazy", false);
        JobState job;
        job.operation = "unmount";
        job.subjects = {std::to_string(number)};
        job.work = [this, number, path, lazy](JobState& j) {
            perform(j, [&](JobState& self, const std::string&) {
                shared_.mounts.unmount(shared_.snapshots.at(number), path, lazy);
                self.ids.push_back(static_cast<std::uint64_t>(number));
            });
        };
        return job;
    });
}

void ManagerObject::DeleteSnapshots(JobResult&& result,
                                    std::vector<std::string> ids,
                                    Dict options) {
    answerWithJob(std::move(result), [&] {
        checkKeys(options, {"timeout_sec"});
        see("DeleteSnapshots", ids, options);
        JobState job;
        job.operation = "delete";
        for (const std::string& id : ids) {
            job.subjects.push_back(std::to_string(find(id).id));
        }
        job.work = [this](JobState& j) {
            perform(j, [this](JobState& self, const std::string& id) {
                Snapshot& gone = shared_.snapshots.at(std::stoll(id));
                shared_.mounts.unmount(gone, std::nullopt, false);
                gone.state = CopyState::Deleted;
                self.ids.push_back(static_cast<std::uint64_t>(gone.id));
            });
        };
        return job;
    });
}

void ManagerObject::see(const std::string& method,
                        const std::vector<std::string>& ids,
                        const Dict& options) {
    shared_.call = SeenCall{};
    shared_.call.method = method;
    shared_.call.ids = ids;
    for (const auto& [key, value] : options) {
        shared_.call.optionKeys.push_back(key);
    }
    shared_.call.destination = valueOr(options, "destination", std::string());
    shared_.call.timeoutSec = valueOr(options, "timeout_sec", std::uint64_t{0});
    shared_.call.lazy = valueOr(options, "lazy", false);
    shared_.call.credential = valueOr(options, "credential", std::string());
    shared_.call.server = valueOr(options, "server", std::string());
    shared_.call.forgetMissing = valueOr(options, "forget_missing", false);
    shared_.call.adopt = valueOr(options, "adopt", std::string());
    shared_.call.set = valueOr(options, "set", std::string());
}

Snapshot& ManagerObject::find(const std::string& id) {
    for (auto& [number, snapshot] : shared_.snapshots) {
        if (std::to_string(number) == id || hasMountPoint(snapshot, id) ||
            (id.size() >= 8 && snapshot.snapshotId.text().starts_with(id))) {
            return snapshot;
        }
    }
    throw fsrvp::Error(Errc::NotFound, "there is no snapshot '" + id + "'");
}

std::vector<Snapshot> ManagerObject::listed(const Dict& filter) const {
    const bool all = valueOr(filter, "all", false);
    std::optional<Unc> share;
    if (filter.contains("source")) {
        share = shared_.mounts.shareOf(filter.at("source").get<std::string>());
    }
    std::vector<Snapshot> result;
    for (const auto& [number, snapshot] : shared_.snapshots) {
        const bool isHistory =
            snapshot.state == CopyState::Deleted || snapshot.state == CopyState::Failed;
        const bool isWanted = !share || snapshot.source == *share;
        if (isWanted && (all || !isHistory)) {
            result.push_back(snapshot);
        }
    }
    return result;
}

void ManagerObject::ListSnapshots(sdbus::Result<std::vector<Dict>, std::string>&& result,
                                  Dict filter) {
    answer(result, [&] {
        checkKeys(filter, {"source", "all", "limit", "after"});
        std::vector<Dict> page;
        for (const Snapshot& snapshot : listed(filter)) {
            page.push_back(toBus(snapshot));
        }
        result.returnResults(page, "");
    });
}

void ManagerObject::ExportSnapshots(sdbus::Result<sdbus::UnixFd>&& result, Dict filter) {
    answer(result, [&] {
        checkKeys(filter, {"source", "all"});
        const std::vector<Snapshot> snapshots = listed(filter);
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            throw std::system_error(errno, std::generic_category(), "pipe2");
        }
        writers_.emplace_back([this, snapshots, out = UniqueFd(ends[1])]() mutable {
            write(snapshots, std::move(out));
        });
        result.returnResults(sdbus::UnixFd(ends[0], sdbus::adopt_fd));
    });
}

void ManagerObject::write(const std::vector<Snapshot>& snapshots, UniqueFd out) const {
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

void ManagerObject::GetSnapshot(sdbus::Result<Dict>&& result, std::string id, Dict options) {
    answer(result, [&] {
        checkKeys(options, {});
        result.returnResults(toBus(find(id)));
    });
}

void ManagerObject::ListJobs(sdbus::Result<std::vector<Dict>>&& result, Dict options) {
    std::vector<Dict> rows;
    for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
        rows.push_back(job->second->toRow()); // takes the mutex
    }
    answer(result, [&] {
        checkKeys(options, {"limit"});
        result.returnResults(rows);
    });
}

std::string ManagerObject::Version() {
    return "0.0.0";
}

} // namespace fsrvp::test::fake
