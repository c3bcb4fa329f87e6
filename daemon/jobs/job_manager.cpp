// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/job_manager.hpp"

#include "daemon/base/log.hpp"
#include "daemon/base/text.hpp"
#include "daemon/jobs/remains.hpp"
#include "daemon/jobs/settle_server.hpp"

#include <algorithm>
#include <set>

namespace fsrvp::jobs {
namespace {

/// How long after a failure the end of a job is written again.
constexpr std::chrono::seconds kRecordAgain{2};

std::string textOf(const Source& source) {
    return source.unc.text();
}

std::string textOf(const ServerId& server) {
    return server.text();
}

std::string textOf(const Snapshot& snapshot) {
    return std::to_string(snapshot.id);
}

template <class T> std::vector<std::string> subjects(const std::vector<T>& of) {
    std::vector<std::string> texts;
    for (const T& one : of) {
        texts.push_back(textOf(one));
    }
    return texts;
}

JobRecord newRecord(std::string operation, std::uint32_t uid, std::vector<std::string> subjects) {
    JobRecord record;
    record.operation = std::move(operation);
    record.ownerUid = uid;
    record.subjects = std::move(subjects);
    record.accepted = now();
    return record;
}

/// One more as long as it lives.
class Counted {
  public:
    explicit Counted(std::size_t& count) noexcept : count_(count) { ++count_; }

    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

    ~Counted() { --count_; }

  private:
    std::size_t& count_;
};

/// That there is something to mount or to delete.
void checkUsable(const Snapshot& snapshot) {
    const std::string name = "snapshot " + std::to_string(snapshot.id);
    switch (snapshot.state) {
    case CopyState::Exposed:
    case CopyState::Deleting:
        return;
    case CopyState::Creating:
        throw Error(Errc::BadState, name + " is still being made")
            .withHint("wait for its job, or cancel it: fsrvpctl job list");
    case CopyState::Deleted:
        throw Error(Errc::NotFound, name + " was deleted already");
    case CopyState::Failed:
        throw Error(Errc::NotFound, name + " was never completed");
    case CopyState::LostOnServer:
        if (!isMountable(snapshot)) {
            throw lostError({snapshot}).withContext(name + " has no exposed share");
        }
    }
}

} // namespace

JobManager::JobManager(Services services, std::chrono::milliseconds keepEnded)
    : services_(std::move(services)), keepEnded_(keepEnded), running_(services_.loop) {
}

JobManager::~JobManager() = default;

void JobManager::onJobs(std::function<void(const std::shared_ptr<Job>&)> added,
                        std::function<void(std::int64_t)> forgotten) {
    added_ = std::move(added);
    forgotten_ = std::move(forgotten);
}

std::shared_ptr<Job> JobManager::find(std::int64_t id) const {
    const auto place = jobs_.find(id);
    return place == jobs_.end() ? nullptr : place->second;
}

std::size_t JobManager::unfinished() const {
    return static_cast<std::size_t>(std::count_if(
        jobs_.begin(), jobs_.end(), [](const auto& entry) { return !entry.second->hasEnded(); }));
}

ServerId JobManager::serverOf(const Source& source) const {
    const std::string& host = source.unc.server;
    const std::uint16_t configured = services_.config()->settings(host).port;
    return ServerId{asciiLower(host), source.port.value_or(configured)};
}

Task<std::shared_ptr<Job>> JobManager::create(CreateRequest request) {
    if (request.sources.empty()) {
        throw Error(Errc::InvalidArgument, "no share was named to take a snapshot of");
    }
    if (request.sources.size() > 1 && request.mount && !request.mount->destination.empty()) {
        throw Error(Errc::InvalidArgument,
                    "the snapshots of several shares can't be mounted at one place")
            .withHint("name one share, or no destination");
    }
    std::map<ServerId, std::vector<Source>> byServer;
    std::set<std::pair<ServerId, std::string>> seen;
    for (const Source& source : request.sources) {
        const ServerId server = serverOf(source);
        if (!seen.emplace(server, asciiLower(source.unc.share)).second) {
            throw Error(Errc::InvalidArgument, source.unc.text() + " was named twice");
        }
        byServer[server].push_back(source);
    }
    checkLimit();
    JobRecord record = newRecord("create", request.uid, subjects(request.sources));
    const std::chrono::seconds timeout = request.timeout;
    Work work = [this, byServer, request = std::move(request)](Job& job) {
        return createOn(job, byServer, request);
    };
    co_return co_await accept(std::move(record), timeout, std::move(work));
}

Task<std::shared_ptr<Job>> JobManager::remove(DeleteRequest request) {
    if (request.snapshots.empty()) {
        throw Error(Errc::InvalidArgument, "no snapshot was named to delete");
    }
    std::map<ServerAccount, std::vector<Snapshot>> byAccount;
    std::set<std::int64_t> seen;
    for (const Snapshot& snapshot : request.snapshots) {
        if (snapshot.state != CopyState::LostOnServer) {
            checkUsable(snapshot);
        }
        if (seen.insert(snapshot.id).second) {
            byAccount[{snapshot.server, snapshot.credential}].push_back(snapshot);
        }
    }
    checkLimit();
    JobRecord record = newRecord("delete", request.uid, subjects(request.snapshots));
    Work work = [this, byAccount](Job& job) { return deleteOn(job, byAccount); };
    co_return co_await accept(std::move(record), request.timeout, std::move(work));
}

Task<std::shared_ptr<Job>> JobManager::mount(MountRequest request) {
    const Snapshot& snapshot = request.snapshot;
    checkUsable(snapshot);
    checkLimit();
    JobRecord record = newRecord("mount", request.uid, {std::to_string(snapshot.id)});
    MountWish wish;
    wish.destination = request.destination;
    wish.uid = request.uid;
    Work work = [this, id = snapshot.id, wish](Job& job) {
        return mountById(services_, job, id, wish);
    };
    co_return co_await accept(std::move(record), request.timeout, std::move(work));
}

Task<std::shared_ptr<Job>> JobManager::unmount(UnmountRequest request) {
    const std::int64_t id = request.snapshot.id;
    if (services_.store.mountsOf(id).empty()) {
        throw Error(Errc::NotFound, "snapshot " + std::to_string(id) + " is not mounted");
    }
    checkLimit();
    JobRecord record = newRecord("unmount", request.uid, {std::to_string(id)});
    Work work = [this, id, path = request.path, lazy = request.lazy](Job& job) {
        return unmountById(services_, job, id, path, lazy);
    };
    co_return co_await accept(std::move(record), request.timeout, std::move(work));
}

Task<std::shared_ptr<Job>> JobManager::check(CheckRequest request) {
    checkLimit();
    const std::optional<Source>& source = request.wish.source;
    JobRecord record =
        newRecord("check", request.uid, {source ? source->unc.text() : request.wish.server.text()});
    Work work = [this, wish = request.wish](Job& job) { return checkSource(services_, job, wish); };
    co_return co_await accept(std::move(record), request.timeout, std::move(work));
}

Task<std::shared_ptr<Job>> JobManager::reconcile(ReconcileRequest request) {
    checkLimit();
    const auto about = request.adopt ? std::vector<std::string>{request.adopt->share.text()}
                                     : subjects(request.wish.servers);
    JobRecord record = newRecord("reconcile", request.uid, about);
    Work work = [this, wish = request.wish, adopted = request.adopt](Job& job) {
        return adopted ? adopt(services_, job, *adopted) : jobs::reconcile(services_, job, wish);
    };
    co_return co_await accept(std::move(record), request.timeout, std::move(work));
}

std::set<ServerId> JobManager::serversToRestore() {
    std::set<ServerId> servers;
    for (const RecordedMount& recorded : recordedMounts(services_)) {
        if (recorded.isTrue) {
            services_.files.link(recorded.copy, recorded.mount.path);
        } else {
            servers.insert(recorded.copy.server);
        }
    }
    return servers;
}

Task<void> JobManager::recover() {
    services_.spacing.resume(services_.store.listJobs(100));
    const std::vector<JobRecord> open = services_.store.listOpenJobs();
    const std::string errorName(errcName(Errc::Failed));
    const std::string message =
        "fsrvpd was stopped while the job was under way; what it had begun is settled";
    for (const JobRecord& job : open) {
        co_await services_.store.finishJob(job.id, JobState::Failed, errorName, message);
    }
    for (const ServerAccount& account : accountsToSettle(services_.store)) {
        JobRecord record = newRecord("settle", 0, {account.server.text()});
        Work work = [this, account](Job& job) { return settleServer(services_, job, account); };
        co_await accept(std::move(record), std::chrono::seconds(0), std::move(work));
    }
    for (const ServerId& server : serversToRestore()) {
        JobRecord record = newRecord("restore", 0, {server.text()});
        Work work = [this, server](Job& job) { return restoreOn(services_, job, server); };
        co_await accept(std::move(record), std::chrono::seconds(0), std::move(work));
    }
}

void JobManager::checkLimit() const {
    const std::size_t limit = services_.config()->maxJobs();
    if (unfinished() + accepting_ >= limit) {
        throw Error(Errc::LimitsExceeded,
                    "there are " + std::to_string(limit) + " unfinished jobs already")
            .withHint("wait for some to end, or raise max_jobs in config.json");
    }
}

Task<std::shared_ptr<Job>>
JobManager::accept(JobRecord record, std::chrono::seconds timeout, Work work) {
    const std::shared_ptr<const Config> config = services_.config();
    std::shared_ptr<Job> job;
    {
        const Counted counted(accepting_);
        record = co_await services_.store.insertJob(std::move(record));
        job = std::make_shared<Job>(std::move(record));
        jobs_[job->record().id] = job;
    }
    if (added_) {
        added_(job);
    }
    const std::chrono::seconds limit = timeout.count() > 0 ? timeout : config->defaultTimeout();
    running_.spawn(run(job, limit, std::move(work)), [job](std::exception_ptr failure) {
        if (failure) {
            log::error("job " + std::to_string(job->record().id) + " could not be recorded");
        }
    });
    co_return job;
}

Task<void> JobManager::run(std::shared_ptr<Job> job, std::chrono::seconds timeout, Work work) {
    EventSource deadline = services_.loop.after(timeout, [job, timeout] {
        job->cancellation().request(
            Error(Errc::TimedOut,
                  "the job did not end within " + std::to_string(timeout.count()) + " s"));
    });
    Outcome outcome;
    try {
        co_await services_.store.startJob(job->record().id);
        job->setRunning();
        outcome = co_await work(*job);
    } catch (const Error& error) {
        outcome.errors.push_back(error);
    } catch (const std::exception& error) {
        outcome.errors.emplace_back(Errc::Failed, std::string("internal error: ") + error.what());
    }
    deadline.reset();
    co_await end(job, std::move(outcome));
}

Task<void> JobManager::end(std::shared_ptr<Job> job, Outcome outcome) {
    job->addIds(outcome.ids);
    std::optional<Error> error = summary(outcome);
    job->setChecks(std::move(outcome.checks));
    job->setFindings(std::move(outcome.findings));
    const bool cancelled = error && error->code() == Errc::Cancelled;
    const JobState state = !error      ? JobState::Done
                           : cancelled ? JobState::Cancelled
                                       : JobState::Failed;
    const std::int64_t id = job->record().id;
    std::optional<Error> trouble = co_await recordEnd(id, state, error);
    if (trouble) {
        log::error("cannot record the end of job " + std::to_string(id) +
                   " yet: " + trouble->what());
    }
    if (error) {
        log::warning("job " + std::to_string(id) + " (" + job->record().operation +
                     "): " + error->what());
    }
    job->setEnded(state, now(), error);
    Cancellation never;
    while (trouble && trouble->code() == Errc::Database) {
        co_await sleepFor(services_.loop, kRecordAgain, never);
        trouble = co_await recordEnd(id, state, error);
    }
    co_await sleepFor(services_.loop, keepEnded_, never);
    jobs_.erase(id);
    if (forgotten_) {
        forgotten_(id);
    }
}

/// Gives why it could not.
Task<std::optional<Error>>
JobManager::recordEnd(std::int64_t id, JobState state, std::optional<Error> error) {
    const std::string name(error ? errcName(error->code()) : "");
    const std::string message(error ? error->what() : "");
    try {
        co_await services_.store.finishJob(id, state, name, message);
    } catch (const Error& trouble) {
        co_return trouble;
    }
    co_return std::nullopt;
}

Task<Outcome> JobManager::createOn(Job& job,
                                   std::map<ServerId, std::vector<Source>> byServer,
                                   CreateRequest request) {
    std::vector<Task<Outcome>> parts;
    for (const auto& [server, sources] : byServer) {
        CreateWish wish;
        wish.sources = sources;
        wish.options = request.options;
        wish.mount = request.mount;
        wish.credential = request.credential;
        parts.push_back(createAndMount(services_, job, server, std::move(wish)));
    }
    co_return co_await together(services_.loop, std::move(parts));
}

Task<Outcome> JobManager::deleteOn(Job& job,
                                   std::map<ServerAccount, std::vector<Snapshot>> byAccount) {
    std::vector<Task<Outcome>> parts;
    for (const auto& [account, copies] : byAccount) {
        parts.push_back(deleteCopies(services_, job, account, copies));
    }
    co_return co_await together(services_.loop, std::move(parts));
}

} // namespace fsrvp::jobs
