// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/settle.hpp"

#include "daemon/base/log.hpp"
#include "daemon/base/utf16.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace fsrvp::jobs {
namespace {

using std::chrono::seconds;

SetOnly onlySet(const Guid& setId) {
    SetOnly in;
    in.shadowCopySetId = setId;
    return in;
}

/// Starts a set and aborts it: shows that none is in the way. It is recorded as any other, since
/// without its id nobody could abort it any more.
Task<void> checkThatStartWorks(Services& services, ServerSession& session, std::int64_t job) {
    SetContext::In context;
    context.context = static_cast<std::uint32_t>(ShadowCopyContext::NasRollback);
    co_await session.must<SetContext>(context);
    StartShadowCopySet::In start;
    start.clientShadowCopySetId = Guid::random();
    const auto started = co_await session.must<StartShadowCopySet>(start);
    std::optional<std::int64_t> row;
    std::optional<Error> failure;
    try {
        row = co_await services.store.insertSet(
            job, session.account(), started.shadowCopySetId, ShadowCopyContext::NasRollback, false);
    } catch (const Error& error) {
        failure = error;
    }
    co_await abortSet(session, started.shadowCopySetId);
    if (failure) {
        throw Error(*failure);
    }
    co_await services.store.markSettled(*row);
}

/// The exposed name that the server has for a copy of a set whose mapping was never recorded;
/// empty when it has none.
Task<std::string> askMapping(ServerSession& session, Guid setId, Snapshot copy) {
    GetShareMapping::In in;
    in.shadowCopyId = copy.snapshotId;
    in.shadowCopySetId = setId;
    in.shareName = toUtf16(copy.source.wire());
    const auto reply = co_await session.call<GetShareMapping>(in);
    const Reaction reaction = reactionTo(GetShareMapping::opnum, reply.hresult);
    if (reaction == Reaction::UnknownSet || reply.hresult == hresult::kNotExposedYet) {
        co_return std::string();
    }
    if (reaction != Reaction::Done) {
        throw session.failure<GetShareMapping>(reply.hresult);
    }
    if (!reply.out.shareMapping1.value ||
        !reply.out.shareMapping1.value->shadowCopyShareName.value) {
        co_return std::string();
    }
    co_return exposedShareName(toUtf8(*reply.out.shareMapping1.value->shadowCopyShareName.value));
}

Task<std::uint32_t> tryDelete(ServerSession& session, Snapshot copy) {
    DeleteShareMapping::In in;
    in.shadowCopySetId = copy.setId;
    in.shadowCopyId = copy.snapshotId;
    in.shareName = toUtf16(copy.source.wire());
    const auto reply = co_await session.call<DeleteShareMapping>(in);
    co_return reply.hresult;
}

Task<void> deleteExposed(Services& services, ServerSession& session, ShadowCopySet set) {
    for (Snapshot& copy : set.copies) {
        if (copy.state == CopyState::Deleted) {
            continue;
        }
        if (copy.exposed.empty()) {
            copy.exposed = co_await askMapping(session, set.setId, copy);
        }
        if (!copy.exposed.empty()) {
            co_await deleteCopy(services, session, copy);
        }
    }
}

Task<void> settleCommitting(Services& services, ServerSession& session, ShadowCopySet set) {
    ExposeShadowCopySet::In in;
    in.shadowCopySetId = set.setId;
    in.timeOutInMilliseconds = session.serverTimeout<ExposeShadowCopySet>();
    const auto reply = co_await session.call<ExposeShadowCopySet>(in);
    const Reaction reaction = reactionTo(ExposeShadowCopySet::opnum, reply.hresult);
    const bool refused = reaction == Reaction::UnknownSet || reply.hresult == hresult::kBadState;
    if (reaction != Reaction::Done && !refused) {
        throw session.failure<ExposeShadowCopySet>(reply.hresult);
    }
    // BAD_STATE is also the answer for a set that is exposed already, so the copies are looked for
    // in both cases.
    co_await deleteExposed(services, session, set);
    if (refused) {
        co_await abortSet(session, set.setId);
        co_await checkThatStartWorks(services, session, set.job);
    }
}

} // namespace

Task<void> abortSet(ServerSession& session, Guid setId) {
    const auto reply = co_await session.call<AbortShadowCopySet>(onlySet(setId));
    const Reaction reaction = reactionTo(AbortShadowCopySet::opnum, reply.hresult);
    // A set that the server does not know needs no abort; one that it can't abort any more
    // (BAD_STATE, Windows after Recovered) shows when the next one is started.
    if (reaction != Reaction::Done && reaction != Reaction::UnknownSet &&
        reply.hresult != hresult::kBadState) {
        throw session.failure<AbortShadowCopySet>(reply.hresult);
    }
}

Task<bool> deleteCopy(Services& services, ServerSession& session, Snapshot copy) {
    // A stale worker: the first wait is the pool's own before it connects again; the second lets
    // idle workers end (60 s on Samba) so that a new one reads the state anew.
    constexpr std::array<seconds, 2> kWaits{seconds(0), seconds(65)};
    std::size_t waits = 0;
    for (;;) {
        const std::uint32_t result = co_await tryDelete(session, copy);
        const Reaction reaction = reactionTo(DeleteShareMapping::opnum, result);
        if (reaction == Reaction::Done) {
            co_return true;
        }
        if (reaction != Reaction::UnknownSet && reaction != Reaction::AskTheShare) {
            throw session.failure<DeleteShareMapping>(result);
        }
        const bool present = co_await session.hasShare(copy.exposed);
        if (!present) {
            co_return false;
        }
        if (reaction == Reaction::AskTheShare || waits == kWaits.size()) {
            throw session.failure<DeleteShareMapping>(result);
        }
        session.abandon();
        co_await sleepFor(services.loop, kWaits[waits], session.cancellation());
        ++waits;
    }
}

Task<void> settleSet(Services& services, ServerSession& session, ShadowCopySet set) {
    switch (set.state) {
    case SetState::Started:
        co_await abortSet(session, set.setId);
        break;
    case SetState::Committing:
        co_await settleCommitting(services, session, set);
        break;
    case SetState::Exposed:
        co_await deleteExposed(services, session, set);
        break;
    case SetState::Complete:
    case SetState::Settled:
        co_return;
    }
    co_await services.store.markSettled(set.row);
    log::info("settled shadow copy set " + set.setId.text() + " on " + set.server.text() +
              ", which was " + std::string(setStateName(set.state)));
}

Task<void> settleLeftovers(Services& services, ServerSession& session) {
    std::vector<ShadowCopySet> sets = services.store.listUnsettledSets();
    // Sets that an Abort removes go first: they would be in the way of the look whether a set can
    // be started, which the others may need.
    std::stable_partition(sets.begin(), sets.end(), [](const ShadowCopySet& set) {
        return set.state == SetState::Started;
    });
    for (const ShadowCopySet& set : sets) {
        if (set.server == session.server()) {
            co_await settleSet(services, session, set);
        }
    }
}

} // namespace fsrvp::jobs
