// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/adopt.hpp"

#include "daemon/base/text.hpp"
#include "daemon/jobs/server_session.hpp"
#include "daemon/model/exposed_name.hpp"

#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace fsrvp::jobs {
namespace {

ExposedName nameOf(const Unc& share) {
    std::optional<ExposedName> name = parseExposedName(share.share);
    if (!name) {
        throw Error(Errc::InvalidArgument,
                    share.text() + " has not the name of an exposed snapshot, SHARE@{GUID}")
            .withHint("see those there are with: fsrvpctl reconcile " + share.server);
    }
    return *std::move(name);
}

/// What is asked for: by the caller, completed by what history has of the same copy.
db::AdoptedCopy wanted(const AdoptWish& wish, const std::optional<Snapshot>& before) {
    const ExposedName name = nameOf(wish.share);
    db::AdoptedCopy copy;
    copy.snapshotId = name.copy;
    copy.source = Unc{wish.share.server, name.base};
    copy.ownerUid = wish.uid;
    if (before && before->server == wish.server) {
        copy.source = before->source; // Windows wants it exactly as it was sent
    }
    if (wish.setId) {
        copy.setId = *wish.setId;
    } else if (before) {
        copy.setId = before->setId;
    } else {
        throw Error(Errc::NotSupported,
                    "cannot adopt " + wish.share.text() +
                        ": fsrvpd never knew its shadow copy set, and FSRVP can neither tell it "
                        "nor do without")
            .withHint("give the set's id with --set, if the client that made it knows it; else " +
                      removalByHand(wish.share.share));
    }
    return copy;
}

Task<std::optional<Mapping>>
askUntilSure(Services& services, Job& job, ServerSession& session, db::AdoptedCopy copy) {
    auto mapping = co_await askMapping(session, copy.setId, copy.snapshotId, copy.source);
    const std::array<std::chrono::seconds, 2> waits{std::chrono::seconds(0), session.workersEnd()};
    for (const std::chrono::seconds wait : waits) {
        if (mapping) {
            break;
        }
        session.abandon();
        job.setPhase(Phase::Wait);
        co_await sleepFor(services.loop, wait, job.cancellation());
        job.setPhase(Phase::Check);
        mapping = co_await askMapping(session, copy.setId, copy.snapshotId, copy.source);
    }
    co_return mapping;
}

} // namespace

Task<Outcome> adopt(Services& services, Job& job, AdoptWish wish) {
    std::optional<Snapshot> before;
    for (Snapshot& known : services.store.findByGuidPrefix(nameOf(wish.share).copy.text())) {
        before = std::move(known);
    }
    db::AdoptedCopy copy = wanted(wish, before);
    const ServerTurns::Turn turn = co_await services.servers.enter(wish.server, job.cancellation());
    job.setPhase(Phase::Check);
    ServerAccount account{wish.server, CredentialOrigin()};
    if (before && before->server == wish.server) {
        account.credential = before->credential;
    }
    ServerSession session(services, account, job.cancellation());
    const auto mapping = co_await askUntilSure(services, job, session, copy);
    const bool isThatShare =
        mapping && asciiLower(mapping->exposed) == asciiLower(wish.share.share);
    if (!isThatShare) {
        std::string why = "knows no such copy in set " + copy.setId.text();
        if (mapping) {
            why = mapping->exposed.empty() ? "has not exposed it"
                                           : "exposes it as '" + mapping->exposed + "'";
        }
        throw Error(Errc::NotFound,
                    "cannot adopt " + wish.share.text() + ": server " + wish.server.text() + " " +
                        why)
            .withHint("check the set's id; where the server has lost the set, " +
                      removalByHand(wish.share.share));
    }
    copy.exposed = mapping->exposed;
    copy.created = mapping->created;
    Outcome outcome;
    const std::int64_t id =
        co_await services.store.adoptCopy(copy, std::move(account), job.record().id);
    outcome.ids.push_back(id);
    outcome.findings.push_back(
        Finding{wish.server.text(), id, copy.exposed, FindingStatus::Adopted, {}});
    co_return outcome;
}

} // namespace fsrvp::jobs
