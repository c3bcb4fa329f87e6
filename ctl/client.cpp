// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/client_impl.hpp"

#include <poll.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace fsrvp::ctl {
namespace {

/// As ask(), for the object of a job, which may be gone.
template <class Call> auto askJob(std::int64_t job, Call&& call) -> decltype(call()) {
    try {
        return call();
    } catch (const sdbus::Error& error) {
        if (error.getName() == "org.freedesktop.DBus.Error.UnknownObject") {
            throw Error(Errc::NotFound,
                        "there is no job " + std::to_string(job) +
                            ", or it ended more than two minutes ago");
        }
        throw errorFromReply(error.getName(), error.getMessage());
    }
}

class DBusProxy final {
  public:
    explicit DBusProxy(sdbus::IConnection& connection)
        : proxy_(sdbus::createProxy(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus")) {}

    std::string ownerOf(const std::string& name) {
        std::string owner;
        proxy_->callMethod("GetNameOwner")
            .onInterface("org.freedesktop.DBus")
            .withArguments(name)
            .storeResultsTo(owner);
        return owner;
    }

  private:
    std::unique_ptr<sdbus::IProxy> proxy_;
};

/// Keeps what a job's signals said, raw: sd-bus's C code calls the handlers, so nothing may be
/// thrown in them.
class JobProxy final
    : public sdbus::ProxyInterfaces<org::fsrvpd1::Job_proxy, sdbus::Properties_proxy> {
  public:
    struct Completion {
        bool success = false;
        std::string error;
        std::string message;
        Dict result;
    };

    /// Subscribes before it returns.
    JobProxy(sdbus::IConnection& connection, std::int64_t job)
        : ProxyInterfaces(connection, names::kBusName, names::jobPath(job)) {
        registerProxy();
    }

    JobProxy(const JobProxy&) = delete;
    JobProxy& operator=(const JobProxy&) = delete;

    virtual ~JobProxy() { unregisterProxy(); }

    std::optional<Completion> completion;
    std::optional<sdbus::Variant> phase; ///< the last that a signal told and nobody has taken

  private:
    void onCompleted(const bool& success,
                     const std::string& error,
                     const std::string& message,
                     const Dict& result) override {
        completion = Completion{success, error, message, result};
    }

    void onPropertiesChanged(const std::string& interfaceName,
                             const Dict& changed,
                             const std::vector<std::string>&) override {
        const auto entry = changed.find("Phase");
        if (interfaceName == org::fsrvpd1::Job_proxy::INTERFACE_NAME && entry != changed.end()) {
            phase = entry->second;
        }
    }
};

Error gone(std::int64_t job) {
    return Error(Errc::DaemonUnreachable,
                 "fsrvpd went away while job " + std::to_string(job) +
                     " was under way; it settles the job when it starts again");
}

std::int64_t jobNumber(const std::string& path) {
    const std::string_view prefix = names::kJobPathPrefix;
    std::int64_t number = 0;
    const char* const end = path.data() + path.size();
    if (path.starts_with(prefix)) {
        const auto parsed = std::from_chars(path.data() + prefix.size(), end, number);
        if (parsed.ec == std::errc() && parsed.ptr == end) {
            return number;
        }
    }
    throw Error(Errc::Protocol, "fsrvpd named a job '" + path + "', which is no job of its own");
}

Dict timeoutOption(const std::optional<std::chrono::seconds>& timeout) {
    Dict dict;
    if (timeout) {
        dict["timeout_sec"] = static_cast<std::uint64_t>(timeout->count());
    }
    return dict;
}

} // namespace

std::unique_ptr<sdbus::IConnection> connectToBus() {
    try {
        return sdbus::createSystemBusConnection();
    } catch (const sdbus::Error& error) {
        throw Error(Errc::DaemonUnreachable,
                    "cannot connect to the system bus: " + error.getMessage())
            .withHint("check that the system bus runs, and DBUS_SYSTEM_BUS_ADDRESS if it is set");
    }
}

struct JobWatch::Impl {
    Client::Impl& client;
    std::int64_t job;
    JobProxy proxy;
    bool asked = false;

    Impl(Client::Impl& c, std::int64_t j) : client(c), job(j), proxy(*c.connection, j) {}

    /// How it stands now: its end, when that came before our subscription.
    std::optional<JobEnd> ask(const std::function<void(const std::string&)>& onPhase) {
        const Dict now = proxy.GetAll(org::fsrvpd1::Job_proxy::INTERFACE_NAME);
        const auto state = now.at("State").get<std::string>();
        if (state == "queued" || state == "running") {
            onPhase(state == "queued" ? state : now.at("Phase").get<std::string>());
            return std::nullopt;
        }
        const auto error = now.at("Error").get<sdbus::Struct<std::string, std::string>>();
        return jobEndFromBus(
            job, state == "done", error.get<0>(), error.get<1>(), now.at("Result").get<Dict>());
    }

    std::optional<JobEnd> step(const std::function<void(const std::string&)>& onPhase) {
        if (!asked) {
            asked = true;
            return ask(onPhase);
        }
        while (!proxy.completion && client.connection->processPendingRequest()) {
        }
        if (const auto& end = proxy.completion) {
            return jobEndFromBus(job, end->success, end->error, end->message, end->result);
        }
        if (client.daemonWent) {
            throw gone(job);
        }
        if (const auto phase = std::exchange(proxy.phase, std::nullopt)) {
            onPhase(phase->get<std::string>());
        }
        return std::nullopt;
    }

    /// False when wakeUpFd became readable.
    bool waitForMessage(int wakeUpFd) const {
        const auto bus = client.connection->getEventLoopPollData();
        std::array<pollfd, 2> fds{pollfd{wakeUpFd, POLLIN, 0}, pollfd{bus.fd, bus.events, 0}};
        if (::poll(fds.data(), fds.size(), bus.getPollTimeout()) < 0 && errno != EINTR) {
            throw Error(Errc::Failed, std::string("cannot wait: ") + std::strerror(errno));
        }
        return fds[0].revents == 0;
    }
};

JobWatch::JobWatch(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {
}

JobWatch::JobWatch(JobWatch&&) noexcept = default;
JobWatch::~JobWatch() = default;

std::optional<JobEnd> JobWatch::wait(int wakeUpFd,
                                     const std::function<void(const std::string&)>& onPhase) {
    try {
        for (;;) {
            if (std::optional<JobEnd> end = impl_->step(onPhase)) {
                return end;
            }
            if (!impl_->waitForMessage(wakeUpFd)) {
                return std::nullopt;
            }
        }
    } catch (const sdbus::Error& error) {
        // Another fsrvpd, which does not have the job, may have answered already.
        if (error.getName() == "org.freedesktop.DBus.Error.UnknownObject") {
            throw gone(impl_->job);
        }
        const Error reason = errorFromReply(error.getName(), error.getMessage());
        throw reason.code() == Errc::DaemonUnreachable ? gone(impl_->job) : reason;
    } catch (const std::out_of_range&) {
        throw Error(Errc::Protocol, "cannot read a job from fsrvpd: a property is missing");
    }
}

struct Export::Impl {
    UniqueFd fd;
    std::unique_ptr<ManagerProxy> writer; ///< by its unique name: this very process
};

Export::Export(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {
}

Export::Export(Export&&) noexcept = default;
Export::~Export() = default;

int Export::fd() const noexcept {
    return impl_->fd.get();
}

void Export::checkComplete() const {
    // A process that dies closes its pipe too; only a live one has come to the end of its list.
    try {
        impl_->writer->Version();
    } catch (const sdbus::Error&) {
        throw Error(Errc::DaemonUnreachable, "fsrvpd has gone in the middle of its list");
    }
}

Client::Client() : impl_(std::make_unique<Impl>()) {
}

Client::~Client() = default;

std::int64_t Client::createSnapshots(const std::vector<std::string>& sources,
                                     const CreateOptions& options) {
    Dict dict = timeoutOption(options.timeout);
    if (!options.mount) {
        dict["mount"] = false;
    }
    if (options.destination) {
        dict["destination"] = *options.destination;
    }
    if (options.shareRoot) {
        dict["share_root"] = true;
    }
    if (options.context) {
        dict["context"] = *options.context;
    }
    if (options.writable) {
        dict["writable"] = true;
    }
    if (!options.description.empty()) {
        dict["description"] = options.description;
    }
    if (!options.labels.empty()) {
        dict["labels"] = options.labels;
    }
    if (options.credential) {
        dict["credential"] = *options.credential;
    }
    return ask([&] {
        impl_->watchDaemon();
        return jobNumber(impl_->manager.CreateSnapshot(sources, dict));
    });
}

std::int64_t Client::checkSource(const std::string& source,
                                 const std::optional<std::string>& credential,
                                 std::optional<std::chrono::seconds> timeout) {
    Dict dict = timeoutOption(timeout);
    if (credential) {
        dict["credential"] = *credential;
    }
    return ask([&] {
        impl_->watchDaemon();
        return jobNumber(impl_->manager.CheckSource(source, dict));
    });
}

std::int64_t Client::reconcile(const std::vector<std::string>& servers,
                               const ReconcileOptions& options) {
    Dict dict = timeoutOption(options.timeout);
    if (options.forgetMissing) {
        dict["forget_missing"] = true;
    }
    if (options.adopt) {
        dict["adopt"] = *options.adopt;
    }
    if (options.set) {
        dict["set"] = *options.set;
    }
    return ask([&] {
        impl_->watchDaemon();
        return jobNumber(impl_->manager.Reconcile(servers, dict));
    });
}

std::int64_t Client::testCredential(const std::string& name,
                                    const std::string& server,
                                    std::optional<std::chrono::seconds> timeout) {
    Dict dict = timeoutOption(timeout);
    dict["server"] = server;
    return ask([&] {
        impl_->watchDaemon();
        return jobNumber(impl_->manager.TestCredential(name, dict));
    });
}

std::int64_t Client::mountSnapshot(const std::string& id,
                                   const std::optional<std::string>& destination,
                                   std::optional<std::chrono::seconds> timeout) {
    Dict dict = timeoutOption(timeout);
    if (destination) {
        dict["destination"] = *destination;
    }
    return ask([&] {
        impl_->watchDaemon();
        return jobNumber(impl_->manager.MountSnapshot(id, dict));
    });
}

std::int64_t Client::unmountSnapshot(const std::string& id,
                                     bool lazy,
                                     std::optional<std::chrono::seconds> timeout) {
    Dict dict = timeoutOption(timeout);
    if (lazy) {
        dict["lazy"] = true;
    }
    return ask([&] {
        impl_->watchDaemon();
        return jobNumber(impl_->manager.UnmountSnapshot(id, dict));
    });
}

std::int64_t Client::deleteSnapshots(const std::vector<std::string>& ids,
                                     std::optional<std::chrono::seconds> timeout) {
    return ask([&] {
        impl_->watchDaemon();
        return jobNumber(impl_->manager.DeleteSnapshots(ids, timeoutOption(timeout)));
    });
}

Export Client::exportSnapshots(const ListFilter& filter) {
    Dict dict;
    if (filter.source) {
        dict["source"] = *filter.source;
    }
    if (filter.all) {
        dict["all"] = true;
    }
    return ask([&] {
        auto result = std::make_unique<Export::Impl>();
        result->fd = UniqueFd(impl_->manager.ExportSnapshots(dict).release());
        result->writer = std::make_unique<ManagerProxy>(
            *impl_->connection, DBusProxy(*impl_->connection).ownerOf(names::kBusName));
        return Export(std::move(result));
    });
}

Snapshot Client::getSnapshot(const std::string& id) {
    return ask([&] { return snapshotFromBus(impl_->manager.GetSnapshot(id, {})); });
}

std::vector<JobInfo> Client::listJobs(std::uint32_t limit) {
    return ask([&] {
        std::vector<JobInfo> jobs;
        for (const Dict& dict : impl_->manager.ListJobs({{"limit", limit}})) {
            jobs.push_back(jobFromBus(dict));
        }
        return jobs;
    });
}

std::vector<std::int64_t> Client::jobResult(std::int64_t job) {
    return askJob(job, [&] { return idsFromResult(JobProxy(*impl_->connection, job).Result()); });
}

void Client::cancelJob(std::int64_t job) {
    askJob(job, [&] { JobProxy(*impl_->connection, job).Cancel({}); });
}

JobWatch Client::watchJob(std::int64_t job) {
    return ask([&] { return JobWatch(std::make_unique<JobWatch::Impl>(*impl_, job)); });
}

} // namespace fsrvp::ctl
