// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/mounting.hpp"

#include "daemon/base/log.hpp"
#include "daemon/jobs/mount_status.hpp"
#include "daemon/mount/mount_options.hpp"
#include "daemon/mount/unit_name.hpp"

#include <algorithm>

namespace fsrvp::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string nameOf(const Snapshot& copy) {
    return "snapshot " + std::to_string(copy.id) + " of " + copy.source.text();
}

/// For what is taken back after a failure: the job's own cancellation may be what brought us here.
class TakeBackTime {
  public:
    explicit TakeBackTime(EventLoop& loop)
        : timer_(loop.after(seconds(30), [this] {
              limit_.request(Error(Errc::TimedOut, "taking it back took longer than 30 s"));
          })) {}

    Cancellation& limit() { return limit_; }

  private:
    Cancellation limit_;
    EventSource timer_;
};

/// Removes the directory if it was made for the mount, and the record.
Task<void> forget(Services& services, Job& job, MountRecord mount, Cancellation& cancel) {
    if (mount.madeDirectory) {
        const bool removed = co_await services.paths.removeDirectory(mount.path, cancel);
        if (!removed) {
            log::warning("the mount point " + mount.path + " of snapshot " +
                         std::to_string(mount.copy) + " stays: it is not empty, or not there");
        }
    }
    co_await services.store.removeMount(mount.id, job.record().id);
    services.files.unlink(mount.copy);
}

/// After a failure, which is the one to report. What can't be taken back here is the next start's.
Task<void> takeBack(Services& services, Job& job, MountRecord mount) {
    TakeBackTime time(services.loop);
    try {
        co_await forget(services, job, mount, time.limit());
    } catch (const Error& error) {
        log::warning("cannot take back the mount of snapshot " + std::to_string(mount.copy) +
                     " at " + mount.path + ": " + error.what());
    }
}

Task<Access> accessTo(Services& services, Job& job, Snapshot copy) {
    const ServerAccount account{copy.server, copy.credential};
    return services.credentials.access(account, job.cancellation());
}

/// How the mount of a snapshot speaks to its server: as the snapshot was taken.
Task<mount::MountSecurity> securityOf(Services& services, Job& job, Snapshot copy) {
    const Access access = co_await accessTo(services, job, copy);
    mount::MountSecurity security;
    security.encrypted = access.encryption == SmbEncryption::Required;
    const bool hasTickets =
        !access.login.keytab.reveal().empty() || !access.login.ticketCache.reveal().empty();
    if (access.login.auth == Auth::Kerberos ||
        (access.login.auth == Auth::Negotiate && hasTickets)) {
        const std::shared_ptr<const Config> config = services.config();
        const Tickets tickets = co_await services.pool.getTickets(
            access.login, config->settings(copy.server.host).timeouts.connect, job.cancellation());
        security.principal = tickets.principal;
    }
    co_return security;
}

/// Has it mounted, and sees that it is.
Task<void> makeMount(Services& services, Job& job, Snapshot copy, MountRecord mount) {
    std::optional<mount::PrivateFile> credentials;
    if (!mount::usesKerberos(mount.options)) {
        const Access access = co_await accessTo(services, job, copy);
        credentials.emplace(services.files.writeCredentials(access.login));
    }
    mount::MountSpec spec;
    spec.what = mount.what;
    spec.where = mount.path;
    spec.options = mount.options;
    if (credentials) {
        spec.options += ",credentials=" + credentials->path().string();
    }
    spec.description = nameOf(copy);
    co_await services.mounter.mount(std::move(spec), job.cancellation());
    if (!isMounted(mount, services.mounter.table())) {
        co_await services.mounter.unmount(mount.path, job.cancellation());
        throw Error(Errc::Failed, mount.path + " was mounted, but is not " + mount.what + " now");
    }
    services.files.link(copy, mount.path);
}

/// The record of a new mount, with its directory made.
Task<MountRecord> prepare(Services& services, Job& job, Snapshot copy, MountWish wish) {
    MountRecord mount;
    mount.copy = copy.id;
    mount.what = mount::snapshotMountSource(copy.source.server, copy.exposed, wish.directory);
    const mount::MountSecurity security = co_await securityOf(services, job, copy);
    mount.options = mount::snapshotMountOptions(wish.baseOptions, copy.server, wish.uid, security);
    mount.path = wish.destination;
    const bool isDefault = mount.path.empty();
    if (isDefault) {
        mount.path = services.files.defaultMountPoint(copy.id);
        mount.madeDirectory = true;
    } else {
        const bool exists =
            co_await services.paths.checkDestination(mount.path, job.cancellation());
        mount.madeDirectory = !exists;
    }
    // Recorded first: fsrvpd may end between the two, and a directory is to have a record.
    mount = co_await services.store.insertMount(std::move(mount), job.record().id);
    std::optional<Error> failure;
    try {
        if (mount.madeDirectory) {
            co_await services.paths.makeDirectory(mount.path, isDefault, job.cancellation());
        }
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) {
        co_await services.store.removeMount(mount.id, job.record().id);
        throw Error(*failure);
    }
    co_return mount;
}

std::optional<MountRecord> recorded(db::Store& store, const Snapshot& copy, const MountWish& wish) {
    for (const MountRecord& mount : store.mountsOf(copy.id)) {
        if (wish.destination.empty() || wish.destination == mount.path) {
            return mount;
        }
    }
    return std::nullopt;
}

std::string listed(const std::vector<mount::Holder>& holders) {
    std::string text;
    for (const mount::Holder& holder : holders) {
        text += text.empty() ? "" : ", ";
        text += holder.name;
        if (holder.pid != 0) {
            text +=
                " (pid " + std::to_string(holder.pid) + ", uid " + std::to_string(holder.uid) + ")";
        }
        text += ": " + holder.what;
    }
    return text;
}

/// The mounter's Busy with who it is; as it was where that can't be found out.
Task<Error> withHolders(Services& services, Job& job, Error busy, MountRecord mount) {
    std::vector<mount::Holder> holders;
    try {
        holders = co_await services.paths.holders(mount.path, job.cancellation());
    } catch (const Error& error) {
        log::warning("cannot find out who uses " + mount.path + ": " + error.what());
    }
    if (holders.empty()) {
        co_return busy;
    }
    co_return Error(Errc::Busy, mount.path + " is in use by " + listed(holders))
        .withHint("end that, or take it out of the tree: fsrvpctl umount --lazy " + mount.path);
}

Task<void> takeOff(Services& services, Job& job, MountRecord mount, bool lazy) {
    if (lazy) {
        co_await services.paths.detach(mount.path, job.cancellation());
        co_return;
    }
    std::optional<Error> failure;
    try {
        co_await services.mounter.unmount(mount.path, job.cancellation());
    } catch (const Error& error) {
        failure = error;
    }
    if (failure && failure->code() == Errc::Busy) {
        failure = co_await withHolders(services, job, *failure, mount);
    }
    if (failure) {
        throw Error(*failure);
    }
}

/// Mounts of the exposed share that no record is of.
std::string otherMounts(const mount::MountTable& table,
                        const std::vector<MountRecord>& ours,
                        const Snapshot& copy) {
    const std::string what =
        mount::snapshotMountSource(copy.source.server, copy.exposed, std::string());
    std::string paths;
    for (const mount::MountEntry& entry : table.entries()) {
        const bool isOurs = std::any_of(ours.begin(), ours.end(), [&](const MountRecord& mount) {
            const mount::MountEntry* const top = table.at(mount.path);
            return top != nullptr && top->id == entry.id;
        });
        if (!isOurs && isOfSource(entry, what)) {
            paths += (paths.empty() ? "" : ", ") + entry.mountPoint;
        }
    }
    return paths;
}

} // namespace

Task<void> checkDestination(Services& services, std::string destination, Cancellation& cancel) {
    mount::mountUnitName(destination);
    if (const auto other = services.store.findMount(destination)) {
        throw Error(Errc::AlreadyExists,
                    destination + " is the mount point of snapshot " + std::to_string(other->copy));
    }
    co_await services.paths.checkDestination(std::move(destination), cancel);
}

Task<void> mountSnapshot(Services& services, Job& job, Snapshot copy, MountWish wish) {
    job.setPhase(Phase::Mount);
    if (const auto known = recorded(services.store, copy, wish)) {
        if (isMounted(*known, services.mounter.table())) {
            throw Error(Errc::AlreadyExists,
                        "snapshot " + std::to_string(copy.id) + " is mounted at " + known->path)
                .withHint("give another path to mount it there too");
        }
        co_await restoreMount(services, job, copy, *known);
        co_return;
    }
    const MountRecord mount = co_await prepare(services, job, copy, std::move(wish));
    std::optional<Error> failure;
    try {
        co_await makeMount(services, job, copy, mount);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) {
        co_await takeBack(services, job, mount);
        throw Error(*failure);
    }
}

Task<void> restoreMount(Services& services, Job& job, Snapshot copy, MountRecord mount) {
    if (mount.unmounting) {
        co_await unmount(services, job, copy, mount, false);
        co_return;
    }
    job.setPhase(Phase::Mount);
    if (isMounted(mount, services.mounter.table())) {
        services.files.link(copy, mount.path);
        co_return;
    }
    if (mount.path == services.files.defaultMountPoint(copy.id)) {
        std::optional<Error> failure;
        try {
            co_await services.paths.makeDirectory(mount.path, true, job.cancellation());
        } catch (const Error& error) {
            failure = error;
        }
        if (failure && failure->code() != Errc::AlreadyExists) {
            throw Error(*failure);
        }
    }
    const bool exists = co_await services.paths.checkDestination(mount.path, job.cancellation());
    if (!exists) {
        throw Error(Errc::NotFound, "its mount point " + mount.path + " is not there");
    }
    co_await makeMount(services, job, copy, mount);
}

Task<void> unmount(Services& services, Job& job, Snapshot copy, MountRecord mount, bool lazy) {
    job.setPhase(Phase::Unmount);
    if (isMounted(mount, services.mounter.table())) {
        co_await takeOff(services, job, mount, lazy);
        co_await services.store.markUnmounting(mount.id, job.record().id);
    }
    co_await forget(services, job, mount, job.cancellation());
    log::info("unmounted " + nameOf(copy) + " from " + mount.path);
}

Task<void> unmountBeforeDelete(Services& services, Job& job, Snapshot copy) {
    if (copy.exposed.empty()) { // lost before it could be mounted
        co_return;
    }
    const std::vector<MountRecord> ours = services.store.mountsOf(copy.id);
    const std::string others = otherMounts(services.mounter.table(), ours, copy);
    if (!others.empty()) {
        throw Error(Errc::Busy, "somebody else mounted it at " + others)
            .withHint("unmount it there first: umount PATH");
    }
    for (const MountRecord& mount : ours) {
        co_await unmount(services, job, copy, mount, false);
    }
    for (bool isInUse = false;;) {
        std::optional<Error> end;
        try {
            isInUse = co_await services.paths.isConnected(copy.exposed, job.cancellation());
            if (!isInUse) {
                co_return;
            }
            // A mount that was detached and still has a user, or one in another mount namespace.
            job.setPhase(Phase::Wait);
            co_await sleepFor(services.loop, milliseconds(300), job.cancellation());
        } catch (const Error& error) {
            end = error;
        }
        if (isInUse && end && end->code() == Errc::TimedOut) {
            throw Error(Errc::Busy,
                        "this host's kernel still uses //" + copy.source.server + "/" +
                            copy.exposed +
                            ": it is mounted in another mount namespace, or a process has a file "
                            "of a mount open that was unmounted lazily");
        }
        if (end) {
            throw Error(*end);
        }
    }
}

} // namespace fsrvp::jobs
