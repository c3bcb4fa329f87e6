// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/manager_object.hpp"

#include "daemon/jobs/mount_status.hpp"
#include "dbus/host_paths.hpp"
#include "dbus/names.hpp"
#include "dbus/reply.hpp"
#include "dbus/snapshot_lookup.hpp"
#include "dbus/to_bus.hpp"
#include "fsrvpd_version.hpp"

#include <algorithm>
#include <charconv>

namespace fsrvp {
namespace {

constexpr std::uint32_t kMostRows = 500;
constexpr std::size_t kMostSources = 64;
constexpr std::size_t kMostIds = 1000;
constexpr std::size_t kMostExports = 32;
constexpr std::size_t kLongestText = 4096;

jobs::SnapshotOptions takeSnapshotOptions(Options& options) {
    jobs::SnapshotOptions wanted;
    if (const auto context = options.take<std::string>("context")) {
        wanted.context = parseContext(*context);
    }
    wanted.writable = options.take<bool>("writable").value_or(false);
    wanted.labelling.description = options.take<std::string>("description").value_or("");
    wanted.labelling.labels = options.take<std::map<std::string, std::string>>("labels").value_or(
        std::map<std::string, std::string>());
    std::size_t length = wanted.labelling.description.size();
    for (const auto& [key, value] : wanted.labelling.labels) {
        if (key.empty()) {
            throw Error(Errc::InvalidArgument, "a label has no name");
        }
        length += key.size() + value.size();
    }
    requireAtMost(length, kLongestText, "characters of description and labels");
    return wanted;
}

std::optional<jobs::MountAfter> takeMount(Options& options, const HostPaths& paths) {
    const bool wanted = options.take<bool>("mount").value_or(true);
    const auto destination = options.take<std::string>("destination");
    jobs::MountAfter mount;
    mount.shareRoot = options.take<bool>("share_root").value_or(false);
    if (!wanted && (destination || mount.shareRoot)) {
        throw Error(Errc::InvalidArgument,
                    "destination and share_root are for a snapshot that is mounted");
    }
    if (destination) {
        mount.destination = paths.destination(*destination);
    }
    return wanted ? std::optional(mount) : std::nullopt;
}

db::SnapshotFilter takeFilter(Options& options, const Caller& caller, const HostPaths& paths) {
    db::SnapshotFilter filter;
    if (const auto source = options.take<std::string>("source")) {
        filter.source = paths.source(*source).unc;
    }
    filter.history = options.take<bool>("all").value_or(false);
    if (!caller.isAdministrator) {
        filter.ownerUid = caller.uid;
    }
    return filter;
}

} // namespace

ManagerObject::ManagerObject(EventLoop& loop,
                             sdbus::IConnection& connection,
                             db::Store& store,
                             mount::Mounter& mounter,
                             jobs::JobManager& jobs,
                             CredentialStore& credentials)
    : AdaptorInterfaces(connection, names::kManagerPath), loop_(loop), connection_(connection),
      store_(store), mounter_(mounter), jobs_(jobs), callers_(loop, connection),
      credentials_(loop, callers_, credentials), tasks_(loop) {
    jobs_.onJobs(
        [this](const std::shared_ptr<jobs::Job>& job) {
            jobObjects_.try_emplace(job->record().id, connection_, job, callers_, tasks_);
        },
        [this](std::int64_t id) { jobObjects_.erase(id); });
    registerAdaptor();
}

ManagerObject::~ManagerObject() {
    unregisterAdaptor();
    jobs_.onJobs(nullptr, nullptr);
}

std::string ManagerObject::sender() const {
    return getObject().getCurrentlyProcessedMessage()->getSender();
}

std::string ManagerObject::Version() {
    return kVersion;
}

void ManagerObject::CreateSnapshot(sdbus::Result<sdbus::ObjectPath>&& result,
                                   Sources sources,
                                   Variants options) {
    tasks_.spawn(
        replyWith(std::move(result), create(sender(), std::move(sources), std::move(options))),
        [](std::exception_ptr) {});
}

void ManagerObject::DeleteSnapshots(sdbus::Result<sdbus::ObjectPath>&& result,
                                    std::vector<std::string> ids,
                                    Variants options) {
    tasks_.spawn(replyWith(std::move(result), remove(sender(), std::move(ids), std::move(options))),
                 [](std::exception_ptr) {});
}

void ManagerObject::MountSnapshot(sdbus::Result<sdbus::ObjectPath>&& result,
                                  std::string id,
                                  Variants options) {
    tasks_.spawn(replyWith(std::move(result), mount(sender(), std::move(id), std::move(options))),
                 [](std::exception_ptr) {});
}

void ManagerObject::UnmountSnapshot(sdbus::Result<sdbus::ObjectPath>&& result,
                                    std::string id,
                                    Variants options) {
    tasks_.spawn(replyWith(std::move(result), unmount(sender(), std::move(id), std::move(options))),
                 [](std::exception_ptr) {});
}

void ManagerObject::ListSnapshots(sdbus::Result<Page, std::string>&& result, Variants filter) {
    tasks_.spawn(replyWith(std::move(result), list(sender(), std::move(filter))),
                 [](std::exception_ptr) {});
}

void ManagerObject::ExportSnapshots(sdbus::Result<sdbus::UnixFd>&& result, Variants filter) {
    tasks_.spawn(replyWith(std::move(result), exportAll(sender(), std::move(filter))),
                 [](std::exception_ptr) {});
}

void ManagerObject::GetSnapshot(sdbus::Result<Variants>&& result,
                                std::string id,
                                Variants options) {
    tasks_.spawn(replyWith(std::move(result), get(sender(), std::move(id), std::move(options))),
                 [](std::exception_ptr) {});
}

void ManagerObject::CheckSource(sdbus::Result<sdbus::ObjectPath>&& result,
                                std::string source,
                                Variants options) {
    tasks_.spawn(
        replyWith(std::move(result), check(sender(), std::move(source), std::move(options))),
        [](std::exception_ptr) {});
}

void ManagerObject::TestCredential(sdbus::Result<sdbus::ObjectPath>&& result,
                                   std::string name,
                                   Variants options) {
    tasks_.spawn(
        replyWith(std::move(result), testCredential(sender(), std::move(name), std::move(options))),
        [](std::exception_ptr) {});
}

void ManagerObject::Reconcile(sdbus::Result<sdbus::ObjectPath>&& result,
                              std::vector<std::string> servers,
                              Variants options) {
    tasks_.spawn(
        replyWith(std::move(result), reconcile(sender(), std::move(servers), std::move(options))),
        [](std::exception_ptr) {});
}

void ManagerObject::SetCredential(sdbus::Result<>&& result,
                                  std::string name,
                                  sdbus::UnixFd secret,
                                  Variants options) {
    UniqueFd source(secret.release());
    tasks_.spawn(replyWith(std::move(result),
                           credentials_.set(
                               sender(), std::move(name), std::move(source), std::move(options))),
                 [](std::exception_ptr) {});
}

void ManagerObject::RemoveCredential(sdbus::Result<>&& result, std::string name, Variants options) {
    tasks_.spawn(replyWith(std::move(result),
                           credentials_.remove(sender(), std::move(name), std::move(options))),
                 [](std::exception_ptr) {});
}

void ManagerObject::ListCredentials(sdbus::Result<Page>&& result, Variants options) {
    tasks_.spawn(replyWith(std::move(result), credentials_.list(sender(), std::move(options))),
                 [](std::exception_ptr) {});
}

void ManagerObject::ListJobs(sdbus::Result<Page>&& result, Variants options) {
    tasks_.spawn(replyWith(std::move(result), listJobs(sender(), std::move(options))),
                 [](std::exception_ptr) {});
}

Task<std::tuple<sdbus::ObjectPath>>
ManagerObject::create(std::string sender, Sources sources, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator("take snapshots");
    requireAtMost(sources.size(), kMostSources, "sources");
    Options wanted(options);
    jobs::CreateRequest request;
    request.options = takeSnapshotOptions(wanted);
    request.timeout = takeTimeout(wanted);
    const HostPaths paths(mounter_, caller);
    request.mount = takeMount(wanted, paths);
    request.credential = wanted.take<std::string>("credential");
    wanted.expectNoMore();
    for (const std::string& source : sources) {
        request.sources.push_back(paths.source(source));
    }
    request.uid = caller.uid;
    const auto job = co_await jobs_.create(std::move(request));
    co_return std::tuple(sdbus::ObjectPath(names::jobPath(job->record().id)));
}

Task<std::tuple<sdbus::ObjectPath>>
ManagerObject::remove(std::string sender, std::vector<std::string> ids, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator("delete snapshots");
    requireAtMost(ids.size(), kMostIds, "snapshots");
    Options wanted(options);
    jobs::DeleteRequest request;
    request.timeout = takeTimeout(wanted);
    wanted.expectNoMore();
    for (const std::string& id : ids) {
        request.snapshots.push_back(lookUpSnapshot(store_, caller, id));
    }
    request.uid = caller.uid;
    const auto job = co_await jobs_.remove(std::move(request));
    co_return std::tuple(sdbus::ObjectPath(names::jobPath(job->record().id)));
}

Task<std::tuple<sdbus::ObjectPath>>
ManagerObject::mount(std::string sender, std::string id, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator("mount snapshots");
    Options wanted(options);
    jobs::MountRequest request;
    request.timeout = takeTimeout(wanted);
    if (const auto destination = wanted.take<std::string>("destination")) {
        request.destination = HostPaths(mounter_, caller).destination(*destination);
    }
    wanted.expectNoMore();
    request.snapshot = lookUpSnapshot(store_, caller, id);
    request.uid = caller.uid;
    const auto job = co_await jobs_.mount(std::move(request));
    co_return std::tuple(sdbus::ObjectPath(names::jobPath(job->record().id)));
}

Task<std::tuple<sdbus::ObjectPath>>
ManagerObject::unmount(std::string sender, std::string id, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator("unmount snapshots");
    Options wanted(options);
    jobs::UnmountRequest request;
    request.timeout = takeTimeout(wanted);
    request.lazy = wanted.take<bool>("lazy").value_or(false);
    wanted.expectNoMore();
    request.snapshot = lookUpSnapshot(store_, caller, id);
    request.path = isMountPoint(id) ? id : "";
    request.uid = caller.uid;
    const auto job = co_await jobs_.unmount(std::move(request));
    co_return std::tuple(sdbus::ObjectPath(names::jobPath(job->record().id)));
}

Task<std::tuple<sdbus::ObjectPath>>
ManagerObject::check(std::string sender, std::string source, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator("check a share");
    Options wanted(options);
    jobs::CheckRequest request;
    request.timeout = takeTimeout(wanted);
    request.wish.credential = wanted.take<std::string>("credential");
    wanted.expectNoMore();
    request.wish.source = HostPaths(mounter_, caller).source(source);
    request.wish.server = jobs_.serverOf(*request.wish.source);
    request.uid = caller.uid;
    const auto job = co_await jobs_.check(std::move(request));
    co_return std::tuple(sdbus::ObjectPath(names::jobPath(job->record().id)));
}

Task<std::tuple<sdbus::ObjectPath>>
ManagerObject::testCredential(std::string sender, std::string name, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator("test credentials");
    Options wanted(options);
    jobs::CheckRequest request;
    request.timeout = takeTimeout(wanted);
    const auto server = wanted.take<std::string>("server");
    wanted.expectNoMore();
    request.wish.credential = std::move(name);
    request.wish.server = serverNamed(server.value_or(""));
    request.uid = caller.uid;
    const auto job = co_await jobs_.check(std::move(request));
    co_return std::tuple(sdbus::ObjectPath(names::jobPath(job->record().id)));
}

Task<std::tuple<ManagerObject::Page, std::string>> ManagerObject::list(std::string sender,
                                                                       Variants filter) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    Options wanted(filter);
    db::SnapshotFilter query = takeFilter(wanted, caller, HostPaths(mounter_, caller));
    query.limit =
        std::clamp(wanted.take<std::uint32_t>("limit").value_or(kMostRows), 1U, kMostRows);
    if (const std::string after = wanted.take<std::string>("after").value_or(""); !after.empty()) {
        const auto parsed =
            std::from_chars(after.data(), after.data() + after.size(), query.afterId);
        if (parsed.ec != std::errc() || parsed.ptr != after.data() + after.size()) {
            throw Error(Errc::InvalidArgument, "option 'after' is not what a page before gave");
        }
    }
    wanted.expectNoMore();
    Page page;
    std::string next;
    std::vector<Snapshot> rows = store_.listSnapshots(query);
    jobs::tellMounts(rows, store_.listMounts(), mounter_.table());
    for (const Snapshot& snapshot : rows) {
        page.push_back(toBus(snapshot));
    }
    if (rows.size() == query.limit) {
        next = std::to_string(rows.back().id);
    }
    co_return std::tuple(std::move(page), std::move(next));
}

Task<std::tuple<sdbus::UnixFd>> ManagerObject::exportAll(std::string sender, Variants filter) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    Options wanted(filter);
    db::SnapshotFilter query = takeFilter(wanted, caller, HostPaths(mounter_, caller));
    wanted.expectNoMore();
    requireAtMost(exports_.size() + 1, kMostExports, "exports at once");
    const std::uint64_t number = ++lastExport_;
    // It ends from inside its own callback, so that it goes only after that.
    ExportStream& stream =
        exports_
            .try_emplace(number,
                         loop_,
                         store_,
                         mounter_,
                         std::move(query),
                         [this, number] { loop_.post([this, number] { exports_.erase(number); }); })
            .first->second;
    co_return std::tuple(sdbus::UnixFd(stream.takeReader().release(), sdbus::adopt_fd));
}

Task<std::tuple<Variants>>
ManagerObject::get(std::string sender, std::string id, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    Options(options).expectNoMore();
    std::vector<Snapshot> found{lookUpSnapshot(store_, caller, id)};
    jobs::tellMounts(found, store_.listMounts(), mounter_.table());
    co_return std::tuple(toBus(found.front()));
}

Task<std::tuple<ManagerObject::Page>> ManagerObject::listJobs(std::string sender,
                                                              Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    Options wanted(options);
    const std::uint32_t limit =
        std::clamp(wanted.take<std::uint32_t>("limit").value_or(100), 1U, kMostRows);
    wanted.expectNoMore();
    Page page;
    for (const JobRecord& record : store_.listJobs(limit)) {
        if (!caller.maySee(record.ownerUid)) {
            continue;
        }
        Variants row = toBus(record);
        if (const auto job = jobs_.find(record.id)) {
            row["path"] = sdbus::ObjectPath(names::jobPath(record.id));
            if (!job->hasEnded()) {
                row["phase"] = std::string(phaseName(job->phase()));
            }
        }
        page.push_back(std::move(row));
    }
    co_return std::tuple(std::move(page));
}

} // namespace fsrvp
