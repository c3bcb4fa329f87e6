// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/mount_jobs.hpp"

#include "daemon/base/log.hpp"
#include "daemon/jobs/mount_status.hpp"

#include <algorithm>
#include <array>

namespace fsrvp::jobs {
namespace {

using std::chrono::seconds;

std::string numbered(std::int64_t id) {
    return "snapshot " + std::to_string(id);
}

/// The snapshot as it is now: jobs before this one may have deleted it.
Snapshot usable(Services& services, std::int64_t id) {
    const std::optional<Snapshot> copy = services.store.findSnapshot(id);
    if (!copy || !isMountable(*copy)) {
        throw Error(Errc::BadState,
                    numbered(id) + " is " +
                        std::string(copy ? copyStateName(copy->state) : "not there") +
                        ": there is nothing to mount");
    }
    return *copy;
}

Task<void> mountInTurn(Services& services, Job& job, std::int64_t id, MountWish wish) {
    const SnapshotTurns::Turn turn = co_await services.snapshots.enter(id, job.cancellation());
    const Snapshot copy = usable(services, id);
    co_await mountSnapshot(services, job, copy, std::move(wish));
}

MountWish wishFor(const Source& source, const MountAfter& mount, std::uint32_t uid) {
    MountWish wish;
    wish.destination = mount.destination;
    wish.directory = mount.shareRoot ? "" : source.directory;
    wish.baseOptions = source.baseOptions;
    wish.uid = uid;
    return wish;
}

/// Why a snapshot that was taken is not mounted, and what to do with it.
Error notMounted(std::int64_t id, const Source& source, const Error& why) {
    std::string what = numbered(id);
    what += " of " + source.unc.text() + " was taken, but not mounted";
    Error error = why.withContext(what);
    if (!error.hint().empty()) {
        return error;
    }
    std::string hint = "mount it with: fsrvpctl mount " + std::to_string(id);
    hint += "; or delete it: fsrvpctl delete " + std::to_string(id);
    return error.withHint(hint);
}

/// Mounts what a create has made; adds what failed to the outcome.
Task<void> mountMade(
    Services& services, Job& job, std::vector<Source> sources, MountAfter mount, Outcome& outcome) {
    for (std::size_t i = 0; i < outcome.ids.size(); ++i) {
        std::optional<Error> failure;
        try {
            MountWish wish = wishFor(sources[i], mount, job.record().ownerUid);
            co_await mountInTurn(services, job, outcome.ids[i], std::move(wish));
        } catch (const Error& error) {
            failure = notMounted(outcome.ids[i], sources[i], error);
        }
        if (failure) {
            outcome.errors.push_back(*failure);
        }
    }
}

Task<void>
unmountInTurn(Services& services, Job& job, std::int64_t id, std::string path, bool lazy) {
    const SnapshotTurns::Turn turn = co_await services.snapshots.enter(id, job.cancellation());
    const std::optional<Snapshot> copy = services.store.findSnapshot(id);
    std::vector<MountRecord> mounts = services.store.mountsOf(id);
    if (!path.empty()) {
        std::erase_if(mounts, [&path](const MountRecord& mount) { return mount.path != path; });
    }
    if (!copy || mounts.empty()) {
        throw Error(Errc::NotFound,
                    numbered(id) + " is not mounted" + (path.empty() ? "" : " at " + path));
    }
    for (const MountRecord& mount : mounts) {
        co_await unmount(services, job, *copy, mount, lazy);
    }
}

Task<std::optional<Error>> restoreInTurn(Services& services, Job& job, MountRecord mount) {
    try {
        const SnapshotTurns::Turn turn =
            co_await services.snapshots.enter(mount.copy, job.cancellation());
        // It may have been unmounted while this waited.
        const std::optional<MountRecord> now = services.store.findMount(mount.path);
        if (now && now->id == mount.id) {
            const Snapshot copy = usable(services, mount.copy);
            co_await restoreMount(services, job, copy, *now);
        }
    } catch (const Error& error) {
        co_return error.withContext("cannot mount " + numbered(mount.copy) + " at " + mount.path +
                                    " again");
    }
    co_return std::nullopt;
}

/// Takes the snapshots on the machine that has the shares, which the server may say is another one.
Task<std::vector<std::int64_t>>
createOnOwner(Services& services, Job& job, ServerAccount account, const CreateWish& wish) {
    std::vector<Unc> shares;
    for (const Source& source : wish.sources) {
        shares.push_back(source.unc);
    }
    CreateSet first(services, job, account, shares, wish.options);
    std::vector<std::int64_t> ids = co_await first.run();
    if (!first.owner()) {
        co_return ids;
    }
    account.server = *first.owner();
    CreateSet second(services, job, account, std::move(shares), wish.options);
    ids = co_await second.run();
    if (second.owner()) {
        throw Error(Errc::NotSupported,
                    "server " + account.server.text() + " was said to have " +
                        wish.sources.front().unc.text() + ", and says that " +
                        second.owner()->text() + " has it");
    }
    co_return ids;
}

} // namespace

std::vector<RecordedMount> recordedMounts(Services& services) {
    const mount::MountTable table = services.mounter.table();
    std::vector<RecordedMount> found;
    for (const MountRecord& mount : services.store.listMounts()) {
        const auto copy = services.store.findSnapshot(mount.copy);
        if (copy && isMountable(*copy)) {
            const bool isTrue = !mount.unmounting && isMounted(mount, table);
            found.push_back({*copy, mount, isTrue});
        }
    }
    return found;
}

Task<Outcome> createAndMount(Services& services, Job& job, ServerId server, CreateWish wish) {
    Outcome outcome;
    try {
        if (wish.mount && !wish.mount->destination.empty()) {
            job.setPhase(Phase::Check);
            co_await checkDestination(services, wish.mount->destination, job.cancellation());
        }
        ServerAccount account;
        account.server = server;
        account.credential = co_await services.credentials.choose(wish.sources.front(),
                                                                  server,
                                                                  wish.credential,
                                                                  job.record().ownerUid,
                                                                  job.cancellation());
        outcome.ids = co_await createOnOwner(services, job, account, wish);
    } catch (const Error& error) {
        outcome.errors.push_back(error);
    }
    if (wish.mount) {
        co_await mountMade(services, job, wish.sources, *wish.mount, outcome);
    }
    co_return outcome;
}

Task<Outcome> mountById(Services& services, Job& job, std::int64_t id, MountWish wish) {
    Outcome outcome;
    try {
        co_await mountInTurn(services, job, id, std::move(wish));
        outcome.ids.push_back(id);
    } catch (const Error& error) {
        outcome.errors.push_back(error.withContext("cannot mount " + numbered(id)));
    }
    co_return outcome;
}

Task<Outcome>
unmountById(Services& services, Job& job, std::int64_t id, std::string path, bool lazy) {
    Outcome outcome;
    try {
        co_await unmountInTurn(services, job, id, std::move(path), lazy);
        outcome.ids.push_back(id);
    } catch (const Error& error) {
        outcome.errors.push_back(error.withContext("cannot unmount " + numbered(id)));
    }
    co_return outcome;
}

Task<Outcome> restoreOn(Services& services, Job& job, ServerId server) {
    // A server that boots as we do, a parent mount that comes later: soon, then now and then.
    constexpr std::array<seconds, 4> waits{seconds(1), seconds(2), seconds(5), seconds(10)};
    Outcome outcome;
    std::string said;
    for (std::size_t attempt = 0;; ++attempt) {
        std::vector<Error> failures;
        for (const RecordedMount& recorded : recordedMounts(services)) {
            if (recorded.isTrue || recorded.copy.server != server) {
                continue;
            }
            const std::optional<Error> failure =
                co_await restoreInTurn(services, job, recorded.mount);
            if (failure) {
                failures.push_back(*failure);
            } else {
                outcome.ids.push_back(recorded.copy.id);
            }
        }
        if (failures.empty()) {
            co_return outcome;
        }
        if (said != failures.front().what()) { // not the same each few seconds
            said = failures.front().what();
            log::warning(said);
        }
        job.setPhase(Phase::Wait);
        bool isOver = false;
        try {
            const seconds wait = waits[std::min(attempt, waits.size() - 1)];
            co_await sleepFor(services.loop, wait, job.cancellation());
        } catch (const Error&) {
            isOver = true;
        }
        if (isOver) {
            outcome.errors = std::move(failures);
            co_return outcome;
        }
    }
}

} // namespace fsrvp::jobs
