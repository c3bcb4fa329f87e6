// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/settle_server.hpp"

#include "daemon/base/log.hpp"
#include "daemon/jobs/delete_copies.hpp"
#include "daemon/jobs/settle.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace fsrvp::jobs {

std::set<ServerAccount> accountsToSettle(db::Store& store) {
    std::set<ServerAccount> accounts;
    for (const ShadowCopySet& set : store.listUnsettledSets()) {
        accounts.insert({set.server, set.credential});
    }
    for (const Snapshot& copy : store.listDeleting()) {
        accounts.insert({copy.server, copy.credential});
    }
    return accounts;
}

Task<Outcome> settleServer(Services& services, Job& job, ServerAccount account) {
    const ServerId& server = account.server;
    constexpr std::array<std::chrono::seconds, 5> waits{
        std::chrono::seconds(2),
        std::chrono::seconds(5),
        std::chrono::seconds(15),
        std::chrono::seconds(30),
        std::chrono::seconds(70)}; // idle workers of Samba's end at 60 s
    Outcome outcome;
    for (std::size_t attempt = 0;; ++attempt) {
        std::optional<Error> failure;
        try {
            const ServerTurns::Turn turn =
                co_await services.servers.enter(server, job.cancellation());
            ServerSession session(services, account, job.cancellation());
            job.setPhase(Phase::Settle);
            // Also where only deletes are left: they are not tried again once begun.
            co_await session.connect();
            outcome.errors = co_await settleLeftovers(services, session);
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
            services.loop, waits[std::min(attempt, waits.size() - 1)], job.cancellation());
    }
    std::vector<Snapshot> deleting;
    for (const Snapshot& copy : services.store.listDeleting()) {
        if (ServerAccount{copy.server, copy.credential} == account) {
            deleting.push_back(copy);
        }
    }
    if (!deleting.empty()) {
        Outcome deleted = co_await deleteCopies(services, job, account, std::move(deleting));
        outcome.ids = std::move(deleted.ids);
        outcome.errors.insert(outcome.errors.end(), deleted.errors.begin(), deleted.errors.end());
    }
    co_return outcome;
}

} // namespace fsrvp::jobs
