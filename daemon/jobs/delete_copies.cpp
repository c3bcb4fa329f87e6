// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/delete_copies.hpp"

#include "daemon/base/log.hpp"
#include "daemon/jobs/mounting.hpp"
#include "daemon/jobs/settle.hpp"

namespace fsrvp::jobs {
namespace {

std::string nameOf(const Snapshot& copy) {
    return "snapshot " + std::to_string(copy.id) + " of " + copy.source.text();
}

Task<void> deleteOne(Services& services, Job& job, ServerSession& session, Snapshot copy) {
    const SnapshotTurns::Turn turn = co_await services.snapshots.enter(copy.id, job.cancellation());
    // Jobs before this one on the server may have had the same snapshot.
    const std::optional<Snapshot> recorded = services.store.findSnapshot(copy.id);
    if (recorded && recorded->state == CopyState::Deleted) {
        log::info(nameOf(copy) + " was deleted by another job meanwhile");
        co_return;
    }
    // Before anything is written: a server that can't be reached changes nothing.
    co_await session.connect();
    co_await unmountBeforeDelete(services, job, copy);
    job.setPhase(Phase::Delete);
    co_await services.store.setCopyState(copy.id, CopyState::Deleting, job.record().id);
    std::optional<Error> failure;
    bool wasThere = true;
    try {
        wasThere = co_await deleteCopy(services, session, copy);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure && !failure->hresult()) {
        // Whether the server acted is not known: the record stays Deleting, and the next delete
        // or the next start finds out.
        throw Error(*failure);
    }
    const CopyState state = failure ? CopyState::Exposed : CopyState::Deleted;
    co_await services.store.setCopyState(copy.id, state, job.record().id);
    if (failure) {
        throw Error(*failure);
    }
    if (!wasThere) {
        log::info(nameOf(copy) + " was gone from " + copy.server.text() + " already");
    }
}

} // namespace

Task<Outcome>
deleteCopies(Services& services, Job& job, ServerAccount account, std::vector<Snapshot> copies) {
    Outcome outcome;
    try {
        const ServerTurns::Turn turn =
            co_await services.servers.enter(account.server, job.cancellation());
        ServerSession session(services, account, job.cancellation());
        for (const Snapshot& copy : copies) {
            job.setPhase(Phase::Delete);
            std::optional<Error> failure;
            try {
                co_await deleteOne(services, job, session, copy);
            } catch (const Error& error) {
                failure = error.withContext("cannot delete " + nameOf(copy));
            }
            if (failure) {
                outcome.errors.push_back(*failure);
                job.cancellation().throwIfRequested();
            } else {
                outcome.ids.push_back(copy.id);
            }
        }
    } catch (const Error& error) {
        if (outcome.errors.empty()) {
            outcome.errors.push_back(error);
        }
    }
    co_return outcome;
}

} // namespace fsrvp::jobs
