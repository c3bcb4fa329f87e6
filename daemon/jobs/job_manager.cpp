// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/job_manager.hpp"

#include "daemon/base/log.hpp"
#include "daemon/base/text.hpp"
#include "daemon/jobs/settle.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace fsrvp::jobs {
namespace {

/// Runs all at once; gives their outcomes as one.
Task<Outcome> together(EventLoop& loop, std::vector<Task<Outcome>> parts) {
    Outcome all;
    std::size_t left = parts.size();
    const OneShot<bool> done(loop);
    const auto collect = [](Task<Outcome> part, Outcome& into) -> Task<void> {
        Outcome outcome = co_await std::move(part);
        into.ids.insert(into.ids.end(), outcome.ids.begin(), outcome.ids.end());
        into.errors.insert(into.errors.end(), outcome.errors.begin(), outcome.errors.end());
    };
    TaskGroup group(loop);
    std::exception_ptr failure;
    for (Task<Outcome>& part : parts) {
        group.spawn(collect(std::move(part), all), [&](std::exception_ptr e) {
            failure = e ? e : failure;
            if (--left == 0) {
                done.set(true);
            }
        });
    }
    co_await done;
    if (failure) {
        std::rethrow_exception(failure);
    }
    co_return all;
}

Task<Outcome> createSet(Services& services,
                        Job& job,
                        ServerId server,
                        std::vector<Unc> sources,
                        SnapshotOptions options) {
    Outcome outcome;
    CreateSet set(services, job, std::move(server), std::move(sources), std::move(options));
    try {
        outcome.ids = co_await set.run();
    } catch (const Error& error) {
        outcome.errors.push_back(error);
    }
    co_return outcome;
}

/// The one error of a job that did not do all it should.
std::optional<Error> summary(const Outcome& outcome) {
    if (outcome.errors.empty()) {
        return std::nullopt;
    }
    const Error& first = outcome.errors.front();
    if (outcome.errors.size() == 1 && outcome.ids.empty()) {
        return first;
    }
    std::string message;
    for (const Error& error : outcome.errors) {
        message += message.empty() ? error.what() : std::string("; ") + error.what();
    }
    const Errc code = outcome.ids.empty() ? first.code() : Errc::Partial;
    return Error(code, message, first.hresult()).withHint(first.hint());
}

std::string textOf(const Unc& source) {
    return source.text();
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

void checkDeletable(const Snapshot& snapshot) {
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
        throw Error(Errc::LostOnServer,
                    name + " can't be deleted through FSRVP any more: its server has lost it");
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

ServerId JobManager::serverOf(const Unc& source) const {
    return ServerId{asciiLower(source.server), services_.config()->settings(source.server).port};
}

Task<std::shared_ptr<Job>> JobManager::create(CreateRequest request) {
    if (request.sources.empty()) {
        throw Error(Errc::InvalidArgument, "no share was named to take a snapshot of");
    }
    std::map<ServerId, std::vector<Unc>> byServer;
    std::set<std::pair<ServerId, std::string>> seen;
    for (const Unc& source : request.sources) {
        const ServerId server = serverOf(source);
        if (!seen.emplace(server, asciiLower(source.share)).second) {
            throw Error(Errc::InvalidArgument, source.text() + " was named twice");
        }
        byServer[server].push_back(source);
    }
    checkLimit();
    JobRecord record = newRecord("create", request.uid, subjects(request.sources));
    Work work = [this, byServer, options = request.options](Job& job) {
        return createOn(job, byServer, options);
    };
    co_return co_await accept(std::move(record), request.timeout, std::move(work));
}

Task<std::shared_ptr<Job>> JobManager::remove(DeleteRequest request) {
    if (request.snapshots.empty()) {
        throw Error(Errc::InvalidArgument, "no snapshot was named to delete");
    }
    std::map<ServerId, std::vector<Snapshot>> byServer;
    std::set<std::int64_t> seen;
    for (const Snapshot& snapshot : request.snapshots) {
        checkDeletable(snapshot);
        if (seen.insert(snapshot.id).second) {
            byServer[snapshot.server].push_back(snapshot);
        }
    }
    checkLimit();
    JobRecord record = newRecord("delete", request.uid, subjects(request.snapshots));
    Work work = [this, byServer](Job& job) { return deleteOn(job, byServer); };
    co_return co_await accept(std::move(record), request.timeout, std::move(work));
}

Task<void> JobManager::recover() {
    const std::vector<JobRecord> open = services_.store.listOpenJobs();
    const std::string errorName(errcName(Errc::Failed));
    const std::string message =
        "fsrvpd was stopped while the job was under way; what it had begun is settled";
    for (const JobRecord& job : open) {
        co_await services_.store.finishJob(job.id, JobState::Failed, errorName, message);
    }
    std::set<ServerId> servers;
    for (const ShadowCopySet& set : services_.store.listUnsettledSets()) {
        servers.insert(set.server);
    }
    for (const Snapshot& copy : services_.store.listDeleting()) {
        servers.insert(copy.server);
    }
    for (const ServerId& server : servers) {
        JobRecord record = newRecord("settle", 0, {server.text()});
        Work work = [this, server](Job& job) { return settleOn(job, server); };
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
    const EventSource deadline = services_.loop.after(timeout, [job, timeout] {
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
    co_await end(job, std::move(outcome));
}

Task<void> JobManager::end(std::shared_ptr<Job> job, Outcome outcome) {
    job->addIds(outcome.ids);
    std::optional<Error> error = summary(outcome);
    const bool cancelled = error && error->code() == Errc::Cancelled;
    const JobState state = !error      ? JobState::Done
                           : cancelled ? JobState::Cancelled
                                       : JobState::Failed;
    std::string errorName;
    std::string message;
    if (error) {
        errorName = errcName(error->code());
        message = error->what();
    }
    try {
        co_await services_.store.finishJob(job->record().id, state, errorName, message);
    } catch (const Error& trouble) {
        // The caller still gets the outcome; the next start closes the record.
        log::error(trouble.what());
    }
    if (error) {
        log::warning("job " + std::to_string(job->record().id) + " (" + job->record().operation +
                     "): " + error->what());
    }
    const std::int64_t id = job->record().id;
    forgetting_[id] = services_.loop.after(keepEnded_, [this, id] {
        jobs_.erase(id);
        if (forgotten_) {
            forgotten_(id);
        }
        forgetting_.erase(id);
    });
    job->setEnded(state, now(), std::move(error));
}

Task<Outcome> JobManager::createOn(Job& job,
                                   std::map<ServerId, std::vector<Unc>> byServer,
                                   SnapshotOptions options) {
    std::vector<Task<Outcome>> parts;
    for (const auto& [server, sources] : byServer) {
        parts.push_back(createSet(services_, job, server, sources, options));
    }
    co_return co_await together(services_.loop, std::move(parts));
}

Task<Outcome> JobManager::deleteOn(Job& job, std::map<ServerId, std::vector<Snapshot>> byServer) {
    std::vector<Task<Outcome>> parts;
    for (const auto& [server, copies] : byServer) {
        parts.push_back(deleteCopies(services_, job, server, copies));
    }
    co_return co_await together(services_.loop, std::move(parts));
}

Task<Outcome> JobManager::settleOn(Job& job, ServerId server) {
    constexpr std::array<std::chrono::seconds, 5> waits{
        std::chrono::seconds(2),
        std::chrono::seconds(5),
        std::chrono::seconds(15),
        std::chrono::seconds(30),
        std::chrono::seconds(70)}; // idle workers of Samba's end at 60 s
    for (std::size_t attempt = 0;; ++attempt) {
        std::optional<Error> failure;
        try {
            const ServerQueues::Turn turn =
                co_await services_.queues.enter(server, job.cancellation());
            ServerSession session(services_, server, job.cancellation());
            job.setPhase(Phase::Settle);
            // Also where only deletes are left: they are not tried again once begun.
            co_await session.connect();
            co_await settleLeftovers(services_, session);
        } catch (const Error& error) {
            failure = error;
        }
        if (!failure) {
            break;
        }
        job.cancellation().throwIfRequested();
        log::warning("cannot settle what is left on " + server.text() + " yet: " + failure->what());
        job.setPhase(Phase::Wait);
        co_await sleepFor(
            services_.loop, waits[std::min(attempt, waits.size() - 1)], job.cancellation());
    }
    std::vector<Snapshot> deleting;
    for (const Snapshot& copy : services_.store.listDeleting()) {
        if (copy.server == server) {
            deleting.push_back(copy);
        }
    }
    if (deleting.empty()) {
        co_return Outcome();
    }
    co_return co_await deleteCopies(services_, job, server, std::move(deleting));
}

} // namespace fsrvp::jobs
