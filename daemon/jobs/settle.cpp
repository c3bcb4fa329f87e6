// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/settle.hpp"

#include "daemon/base/log.hpp"
#include "daemon/base/utf16.hpp"
#include "daemon/jobs/mapping.hpp"
#include "daemon/jobs/remains.hpp"
#include "daemon/model/exposed_name.hpp"

#include <algorithm>
#include <optional>

namespace fsrvp::jobs {
namespace {

using LostCopies = std::vector<db::LostCopy>;

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

/// A worker of Samba's that read its state before a set was made does not know it, nor one whose
/// sequence timer ran out; a new one reads a committed set back (seen on 4.17). The first new
/// connection comes after the pool's own wait; the second when idle workers have ended.
class FreshWorkers {
  public:
    FreshWorkers(Services& services, ServerSession& session)
        : services_(services), session_(session) {}

    /// Sees that the next call is another worker's; false when it has been tried.
    Task<bool> next() {
        constexpr unsigned kMost = 2;
        if (tried_ == kMost) {
            co_return false;
        }
        session_.abandon();
        if (++tried_ == kMost) {
            co_await sleepFor(services_.loop, session_.workersEnd(), session_.cancellation());
        }
        co_return true;
    }

  private:
    Services& services_;
    ServerSession& session_;
    unsigned tried_ = 0;
};

Task<Reply<ExposeShadowCopySet>> tryExpose(ServerSession& session, Guid setId) {
    ExposeShadowCopySet::In in;
    in.shadowCopySetId = setId;
    in.timeOutInMilliseconds = session.serverTimeout<ExposeShadowCopySet>();
    return session.call<ExposeShadowCopySet>(in);
}

/// Has the server expose the copy's set, unless it has done so. Gives the name of the share; empty
/// when it does not know the set.
/// @throws Error when it knows it, and can't expose it now
Task<std::string> expose(ServerSession& session, Snapshot copy) {
    const auto exposing = co_await tryExpose(session, copy.setId);
    const auto mapping = co_await askMapping(session, copy.setId, copy.snapshotId, copy.source);
    if (mapping && mapping->exposed.empty()) {
        throw session.failure<ExposeShadowCopySet>(exposing.hresult);
    }
    co_return mapping ? mapping->exposed : std::string();
}

Task<std::uint32_t> tryDelete(ServerSession& session, Snapshot copy) {
    DeleteShareMapping::In in;
    in.shadowCopySetId = copy.setId;
    in.shadowCopyId = copy.snapshotId;
    in.shareName = toUtf16(copy.source.wire());
    const auto reply = co_await session.call<DeleteShareMapping>(in);
    co_return reply.hresult;
}

/// Asks for what is not recorded, and records it: after a crash in what follows, only the exposed
/// names tell a copy that was deleted from one that is lost.
Task<void> mapCopies(Services& services, ServerSession& session, ShadowCopySet& set) {
    std::vector<db::ExposedCopy> found;
    for (Snapshot& copy : set.copies) {
        if (!copy.exposed.empty()) {
            continue;
        }
        const auto mapping = co_await askMapping(session, set.setId, copy.snapshotId, copy.source);
        if (mapping && !mapping->exposed.empty()) {
            copy.exposed = mapping->exposed;
            copy.created = mapping->created;
            found.push_back({copy.id, mapping->exposed, mapping->created});
        }
    }
    if (set.state == SetState::Committing && found.size() == set.copies.size()) {
        co_await services.store.markExposed(set.row, std::move(found));
    }
}

Task<LostCopies> deleteExposed(Services& services, ServerSession& session, ShadowCopySet set) {
    LostCopies lost;
    for (const Snapshot& copy : set.copies) {
        if (copy.state == CopyState::Deleted || copy.exposed.empty()) {
            continue;
        }
        const std::string remains = co_await deleteCopy(services, session, copy);
        if (!remains.empty()) {
            lost.push_back({copy.id, remains, copy.created});
        }
    }
    co_return lost;
}

/// The copies of a set that the server can't expose since the shares are there: its power went
/// after it had made them, and before it wrote down that the set is exposed (seen on Samba 4.17).
/// When they are removed by hand it can, and a delete goes on from there. All or none are there.
Task<LostCopies> shownUnknowingly(ServerSession& session, ShadowCopySet set) {
    LostCopies lost;
    for (Snapshot& copy : set.copies) {
        copy.exposed = exposedName(copy.source.share, copy.snapshotId);
        const bool isThere = co_await session.hasShare(copy.exposed);
        if (!isThere) {
            co_return LostCopies();
        }
        const auto mapping = co_await askMapping(session, set.setId, copy.snapshotId, copy.source);
        if (!mapping || !mapping->exposed.empty()) {
            co_return LostCopies();
        }
        lost.push_back({copy.id, exposedRemains(copy), {}, copy.exposed});
    }
    co_return lost;
}

Task<LostCopies> settleCommitting(Services& services, ServerSession& session, ShadowCopySet set) {
    FreshWorkers workers(services, session);
    Reply<ExposeShadowCopySet> reply;
    Reaction reaction = Reaction::UnknownSet;
    for (bool again = true; again;) {
        reply = co_await tryExpose(session, set.setId);
        reaction = reactionTo(ExposeShadowCopySet::opnum, reply.hresult);
        again = false;
        if (reaction == Reaction::UnknownSet) {
            again = co_await workers.next();
        }
    }
    const bool refused = reaction == Reaction::UnknownSet || reply.hresult == hresult::kBadState;
    if (reaction != Reaction::Done && !refused) {
        LostCopies shown = co_await shownUnknowingly(session, std::move(set));
        if (shown.empty()) {
            throw session.failure<ExposeShadowCopySet>(reply.hresult);
        }
        co_return shown;
    }
    // BAD_STATE is also the answer for a set that is exposed already, so the copies are looked for
    // in both cases.
    co_await mapCopies(services, session, set);
    LostCopies lost = co_await deleteExposed(services, session, set);
    if (!refused) {
        co_return lost;
    }
    co_await abortSet(session, set.setId);
    co_await checkThatStartWorks(services, session, set.job);
    const bool wasExposed = std::any_of(set.copies.begin(),
                                        set.copies.end(),
                                        [](const Snapshot& copy) { return !copy.exposed.empty(); });
    if (wasExposed) {
        co_return lost;
    }
    if (reaction == Reaction::UnknownSet) {
        co_return co_await findRemains(services, session, std::move(set), Doubt::Some);
    }
    // It was not committed. But a commit of several shares may have failed half-way, and a set that
    // goes back to Added leaves what was taken (seen on Samba 4.17).
    if (set.copies.size() > 1) {
        co_return co_await findRemains(services, session, std::move(set), Doubt::None);
    }
    co_return lost;
}

Task<LostCopies> settleByState(Services& services, ServerSession& session, ShadowCopySet set) {
    switch (set.state) {
    case SetState::Started:
        co_await abortSet(session, set.setId);
        break;
    case SetState::Committing:
        co_return co_await settleCommitting(services, session, std::move(set));
    case SetState::Exposed:
        co_await mapCopies(services, session, set);
        co_return co_await deleteExposed(services, session, std::move(set));
    case SetState::Complete:
    case SetState::Settled:
        break;
    }
    co_return LostCopies();
}

/// The server has refused. What is left then, when it has done so too often.
/// @throws refused  it may be asked again
Task<LostCopies>
giveUp(Services& services, ServerSession& session, ShadowCopySet set, Error refused) {
    // Another client's set that is in the way says nothing of ours.
    if (!refused.hresult() || refused.hresult() == hresult::kSetInProgress) {
        throw Error(refused);
    }
    const unsigned attempts = co_await services.store.countAttempt(set.row);
    if (attempts < kMostAttempts) {
        throw Error(refused);
    }
    // What it had written down until now.
    for (const ShadowCopySet& recorded : services.store.listUnsettledSets()) {
        if (recorded.row == set.row) {
            set = recorded;
        }
    }
    LostCopies lost;
    for (const Snapshot& copy : set.copies) {
        if (copy.exposed.empty() || copy.state == CopyState::Deleted) {
            continue;
        }
        bool present = true; // also where the server does not tell
        try {
            present = co_await session.hasShare(copy.exposed);
        } catch (const Error&) {
            session.cancellation().throwIfRequested();
        }
        const std::string directory = co_await findDirectory(session, copy);
        const std::string remains = present ? exposedRemains(copy) : directory;
        if (!remains.empty()) {
            lost.push_back({copy.id, remains, copy.created});
        }
    }
    if (set.state == SetState::Committing) {
        lost = co_await findRemains(services, session, set, Doubt::Some);
    }
    co_return lost;
}

/// For the journal and the job: nothing when nothing is left.
std::optional<Error> reportOf(Services& services,
                              const ShadowCopySet& set,
                              const LostCopies& lost,
                              const std::optional<Error>& refused) {
    std::optional<Error> report;
    if (!lost.empty()) {
        std::vector<Snapshot> copies;
        for (const db::LostCopy& copy : lost) {
            copies.push_back(services.store.findSnapshot(copy.id).value());
        }
        report = lostError(copies);
    }
    if (refused) {
        const std::string what = "given up shadow copy set " + set.setId.text() + " on " +
                                 set.server.text() + " after " + std::to_string(kMostAttempts) +
                                 " attempts to settle it: " + refused->what();
        const std::string left = report ? std::string("; ") + report->what() : "";
        report = Error(Errc::LostOnServer, what + left)
                     .withHint(report ? report->hint() : refused->hint());
    }
    return report;
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

Task<std::string> deleteCopy(Services& services, ServerSession& session, Snapshot copy) {
    FreshWorkers workers(services, session);
    bool mayExpose = true;
    if (copy.exposed.empty()) { // lost, or in a delete of a lost one that was cut short
        copy.exposed = co_await expose(session, copy);
        mayExpose = false;
    }
    while (!copy.exposed.empty()) {
        const std::uint32_t result = co_await tryDelete(session, copy);
        const Reaction reaction = reactionTo(DeleteShareMapping::opnum, result);
        if (reaction == Reaction::Done) {
            co_return std::string();
        }
        // Samba says E_FAIL, again and again, when the snapshot was removed by hand.
        const Error failure = session.failure<DeleteShareMapping>(result);
        const bool present = co_await session.hasShare(copy.exposed);
        const bool isUnexposed = result == hresult::kBadState;
        if (isUnexposed && present) { // see shownUnknowingly()
            co_return exposedRemains(copy);
        }
        if (isUnexposed && mayExpose) {
            copy.exposed = co_await expose(session, copy);
            mayExpose = false;
            continue;
        }
        if (!present) {
            log::info(failure.what() + std::string("; share '") + copy.exposed + "' is gone");
            break;
        }
        if (reaction != Reaction::UnknownSet) {
            throw Error(failure);
        }
        const bool again = co_await workers.next();
        if (!again) {
            co_return exposedRemains(copy);
        }
    }
    co_return co_await findDirectory(session, copy);
}

Task<std::optional<Error>>
settleSet(Services& services, ServerSession& session, ShadowCopySet set) {
    if (set.state == SetState::Complete || set.state == SetState::Settled) {
        co_return std::nullopt;
    }
    LostCopies lost;
    std::optional<Error> refused;
    try {
        lost = co_await settleByState(services, session, set);
    } catch (const Error& error) {
        refused = error;
    }
    if (refused) {
        lost = co_await giveUp(services, session, set, *refused);
    }
    co_await services.store.markSettled(set.row, lost);
    const std::optional<Error> report = reportOf(services, set, lost, refused);
    if (report) {
        log::error(report->what());
    } else {
        log::info("settled shadow copy set " + set.setId.text() + " on " + set.server.text() +
                  ", which was " + std::string(setStateName(set.state)));
    }
    co_return report;
}

Task<std::vector<Error>> settleLeftovers(Services& services, ServerSession& session) {
    std::vector<Error> left;
    std::vector<ShadowCopySet> sets = services.store.listUnsettledSets();
    // Sets that an Abort removes go first: they would be in the way of the look whether a set can
    // be started, which the others may need.
    std::stable_partition(sets.begin(), sets.end(), [](const ShadowCopySet& set) {
        return set.state == SetState::Started;
    });
    for (const ShadowCopySet& set : sets) {
        if (set.server != session.server()) {
            continue;
        }
        const std::optional<Error> report = co_await settleSet(services, session, set);
        if (report) {
            left.push_back(*report);
        }
    }
    co_return left;
}

} // namespace fsrvp::jobs
