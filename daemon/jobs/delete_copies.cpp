// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/delete_copies.hpp"

#include "daemon/base/log.hpp"
#include "daemon/jobs/mounting.hpp"
#include "daemon/jobs/remains.hpp"
#include "daemon/jobs/settle.hpp"

namespace fsrvp::jobs {
namespace {

std::string nameOf(const Snapshot& copy) {
    return "snapshot " + std::to_string(copy.id) + " of " + copy.source.text();
}

/// The server refused, and nothing has changed.
Task<void> putBack(Services& services, Job& job, const Snapshot& copy) {
    if (copy.state != CopyState::LostOnServer && !copy.exposed.empty()) {
        co_await services.store.setCopyState(copy.id, CopyState::Exposed, job.record().id);
        co_return;
    }
    db::LostCopy lost;
    lost.id = copy.id;
    lost.remains = copy.remains;
    if (lost.remains.empty()) { // a delete of a lost one was cut short
        lost.remains = "maybe a snapshot of share " + copy.source.share;
    }
    co_await services.store.markLost(std::move(lost), job.record().id);
}

Task<void> deleteOne(Services& services, Job& job, ServerSession& session, Snapshot copy) {
    const SnapshotTurns::Turn turn = co_await services.snapshots.enter(copy.id, job.cancellation());
    // Jobs before this one on the server may have had the same snapshot.
    copy = services.store.findSnapshot(copy.id).value_or(copy);
    if (copy.state == CopyState::Deleted) {
        log::info(nameOf(copy) + " was deleted by another job meanwhile");
        co_return;
    }
    // Before anything is written: a server that can't be reached changes nothing.
    co_await session.connect();
    co_await unmountBeforeDelete(services, job, copy);
    job.setPhase(Phase::Delete);
    co_await services.store.setCopyState(copy.id, CopyState::Deleting, job.record().id);
    std::optional<Error> failure;
    std::string remains;
    try {
        remains = co_await deleteCopy(services, session, copy);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure && failure->hresult()) {
        co_await putBack(services, job, copy);
    }
    if (failure) {
        // Without a result, whether the server acted is not known: the record stays Deleting, and
        // the next delete or the next start finds out.
        throw Error(*failure);
    }
    if (!remains.empty()) {
        copy.remains = remains;
        db::LostCopy lost;
        lost.id = copy.id;
        lost.remains = copy.remains;
        co_await services.store.markLost(std::move(lost), job.record().id);
        throw lostError({copy}).withContext("FSRVP can't reach it any more");
    }
    co_await services.store.setCopyState(copy.id, CopyState::Deleted, job.record().id);
}

/// What earlier jobs left has nothing to do with this one's outcome.
Task<void> settleToo(Services& services, ServerSession& session) {
    std::optional<Error> failure;
    try {
        co_await settleLeftovers(services, session);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) {
        log::warning("cannot settle what is left on " + session.server().text() +
                     " yet: " + failure->what());
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
        if (!outcome.ids.empty()) {
            co_await settleToo(services, session);
        }
    } catch (const Error& error) {
        if (outcome.errors.empty()) {
            outcome.errors.push_back(error);
        }
    }
    co_return outcome;
}

} // namespace fsrvp::jobs
