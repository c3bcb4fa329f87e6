// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/reconcile.hpp"

#include "daemon/base/log.hpp"
#include "daemon/base/text.hpp"
#include "daemon/jobs/delete_copies.hpp"
#include "daemon/jobs/foreign.hpp"
#include "daemon/jobs/mounting.hpp"
#include "daemon/jobs/remains.hpp"
#include "daemon/jobs/settle.hpp"
#include "daemon/model/exposed_name.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace fsrvp::jobs {
namespace {

std::string nameOf(const Snapshot& copy) {
    return "snapshot " + std::to_string(copy.id) + " of " + copy.source.text();
}

/// What has to do with one server.
class ServerLook {
  public:
    ServerLook(Services& services, Job& job, ServerId server, const ReconcileWish& wish)
        : services_(services), job_(job), server_(std::move(server)), wish_(wish) {}

    Task<Outcome> run();

  private:
    /// A copy that the server did not know when it was asked.
    struct Unknown {
        Snapshot copy;
        bool isShared = false; ///< its share is there all the same
    };

    Task<void> look();
    /// What the part throws is an error of the outcome, and ends nothing else.
    Task<void> attempt(Task<void> part);
    Task<void> finishDeletes();
    Task<void> askAs(ServerAccount account);
    Task<void> askAgain();
    Task<void> ask(ServerSession& session, Snapshot copy);
    Task<bool> hasShare(ServerSession& session, std::string share);
    Task<void> compare(ServerSession& session, Snapshot copy, Mapping mapping);
    Task<void> judge(Unknown unknown);
    Task<void> keepAsLost(Snapshot copy, std::string remains);
    Task<void> forget(Snapshot copy);
    void addTrouble();

    std::set<ServerAccount> accounts();
    std::vector<Snapshot> copiesOf(const ServerAccount& account);
    void add(const Snapshot& copy, FindingStatus status, std::string hint = {});
    /// @throws the reason when the job is cancelled
    void fail(const Error& error);

    Services& services_;
    Job& job_;
    ServerId server_;
    const ReconcileWish& wish_;
    Outcome outcome_;
    std::optional<ListedShares> listed_;
    std::vector<Unknown> unknown_;
};

void ServerLook::add(const Snapshot& copy, FindingStatus status, std::string hint) {
    outcome_.findings.push_back(
        Finding{server_.text(), copy.id, copy.exposed, status, std::move(hint)});
}

void ServerLook::fail(const Error& error) {
    job_.cancellation().throwIfRequested();
    outcome_.errors.push_back(error);
}

std::set<ServerAccount> ServerLook::accounts() {
    std::set<ServerAccount> accounts;
    for (const ShadowCopySet& set : services_.store.listUnsettledSets()) {
        if (set.server == server_) {
            accounts.insert({set.server, set.credential});
        }
    }
    for (const Snapshot& copy : services_.store.listOnServer(server_)) {
        accounts.insert({copy.server, copy.credential});
    }
    if (accounts.empty()) {
        accounts.insert({server_, CredentialOrigin()});
    }
    return accounts;
}

std::vector<Snapshot> ServerLook::copiesOf(const ServerAccount& account) {
    std::vector<Snapshot> copies = services_.store.listOnServer(server_);
    std::erase_if(
        copies, [&account](const Snapshot& copy) { return copy.credential != account.credential; });
    return copies;
}

Task<Outcome> ServerLook::run() {
    std::optional<Error> failure;
    try {
        co_await look();
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) {
        outcome_.errors.push_back(*failure);
    }
    std::stable_sort(
        outcome_.findings.begin(), outcome_.findings.end(), [](const Finding& a, const Finding& b) {
            return (a.id == 0) == (b.id == 0) ? a.id < b.id : b.id == 0;
        });
    addTrouble();
    co_return std::move(outcome_);
}

Task<void> ServerLook::look() {
    co_await finishDeletes();
    const ServerTurns::Turn turn = co_await services_.servers.enter(server_, job_.cancellation());
    job_.setPhase(Phase::Check);
    for (const ServerAccount& account : accounts()) {
        co_await attempt(askAs(account));
    }
    co_await askAgain();
    for (const Unknown& unknown : unknown_) {
        co_await attempt(judge(unknown));
    }
    if (listed_) {
        const std::vector<Finding> foreign = foreignShares(services_.store, server_, *listed_);
        outcome_.findings.insert(outcome_.findings.end(), foreign.begin(), foreign.end());
    }
}

Task<void> ServerLook::attempt(Task<void> part) {
    try {
        co_await std::move(part);
    } catch (const Error& error) {
        fail(error);
    }
}

/// A delete that ended early is for the next one to finish; it takes the server's turn itself.
Task<void> ServerLook::finishDeletes() {
    std::map<ServerAccount, std::vector<Snapshot>> byAccount;
    for (const Snapshot& copy : services_.store.listDeleting()) {
        if (copy.server == server_) {
            byAccount[{copy.server, copy.credential}].push_back(copy);
        }
    }
    for (const auto& [account, copies] : byAccount) {
        const Outcome deleted = co_await deleteCopies(services_, job_, account, copies);
        for (const Snapshot& copy : copies) {
            if (std::count(deleted.ids.begin(), deleted.ids.end(), copy.id) > 0) {
                add(copy, FindingStatus::Deleted, "its delete had begun before");
                outcome_.ids.push_back(copy.id);
            }
        }
        for (const Error& error : deleted.errors) {
            fail(error);
        }
    }
}

Task<void> ServerLook::askAs(ServerAccount account) {
    ServerSession session(services_, account, job_.cancellation());
    co_await session.connect();
    std::optional<Error> unsettled;
    try {
        co_await settleLeftovers(services_, session);
    } catch (const Error& error) {
        unsettled = error;
    }
    if (unsettled) {
        job_.cancellation().throwIfRequested();
        log::warning("cannot settle what is left on " + server_.text() +
                     " yet: " + unsettled->what());
    }
    if (!listed_) {
        const std::vector<std::string> shares = co_await session.allShares();
        listed_.emplace();
        for (const std::string& share : shares) {
            listed_->emplace(asciiLower(share), share);
        }
    }
    for (const Snapshot& copy : copiesOf(account)) {
        if (copy.state == CopyState::Exposed || copy.state == CopyState::LostOnServer) {
            co_await ask(session, copy);
        }
    }
    if (!unknown_.empty()) {
        session.abandon();
    }
}

/// Once for all that were unknown: a wait is for the server, not for a snapshot.
Task<void> ServerLook::askAgain() {
    const std::shared_ptr<const Config> config = services_.config();
    // The pool itself waits before it connects again.
    const std::array<std::chrono::seconds, 2> waits{
        std::chrono::seconds(0), config->settings(server_.host).timeouts.workersEnd};
    for (const std::chrono::seconds wait : waits) {
        if (unknown_.empty()) {
            co_return;
        }
        job_.setPhase(Phase::Wait);
        co_await sleepFor(services_.loop, wait, job_.cancellation());
        job_.setPhase(Phase::Check);
        std::map<ServerAccount, std::vector<Snapshot>> byAccount;
        for (Unknown& unknown : std::exchange(unknown_, {})) {
            const ServerAccount account{server_, unknown.copy.credential};
            byAccount[account].push_back(std::move(unknown.copy));
        }
        for (const auto& [account, copies] : byAccount) {
            std::optional<Error> failure;
            try {
                ServerSession session(services_, account, job_.cancellation());
                for (const Snapshot& copy : copies) {
                    co_await ask(session, copy);
                }
                session.abandon();
            } catch (const Error& error) {
                failure = error;
            }
            if (failure) {
                fail(*failure);
            }
        }
    }
}

Task<void> ServerLook::ask(ServerSession& session, Snapshot copy) {
    const auto mapping = co_await askMapping(session, copy.setId, copy.snapshotId, copy.source);
    if (mapping && mapping->exposed.empty()) {
        const bool isShared = co_await hasShare(session, copy.exposed);
        if (isShared) { // and the server does not know that it is: it lost its power in an Expose
            co_await keepAsLost(copy, exposedRemains(copy));
            co_return;
        }
    }
    if (mapping) {
        co_await compare(session, std::move(copy), *mapping);
        co_return;
    }
    if (copy.exposed.empty() && listed_) { // lost before its name was known
        copy.exposed = shareOf(copy.snapshotId, *listed_);
    }
    Unknown unknown;
    unknown.isShared = co_await hasShare(session, copy.exposed);
    unknown.copy = std::move(copy);
    unknown_.push_back(std::move(unknown));
}

/// A share that is not browseable is not in the list.
Task<bool> ServerLook::hasShare(ServerSession& session, std::string share) {
    if (share.empty()) {
        co_return false;
    }
    if (listed_ && listed_->contains(asciiLower(share))) {
        co_return true;
    }
    co_return co_await session.hasShare(std::move(share));
}

Task<void> ServerLook::compare(ServerSession& session, Snapshot copy, Mapping mapping) {
    const std::string before = copy.state == CopyState::LostOnServer
                                   ? "it was lost-on-server"
                                   : "it was recorded as " + shellWord(copy.exposed);
    const bool isAsRecorded = copy.state == CopyState::Exposed && copy.exposed == mapping.exposed;
    const bool isShared = co_await hasShare(session, mapping.exposed);
    if (!isAsRecorded && !mapping.exposed.empty()) {
        db::ExposedCopy record;
        record.id = copy.id;
        record.exposed = mapping.exposed;
        record.created = mapping.created;
        copy.exposed = mapping.exposed;
        co_await services_.store.setMapping(std::move(record), job_.record().id);
        outcome_.ids.push_back(copy.id);
    }
    if (!isShared) {
        add(copy,
            FindingStatus::Unshared,
            "nobody can read it any more; delete it: fsrvpctl delete " + std::to_string(copy.id));
    } else if (isAsRecorded) {
        add(copy, FindingStatus::Ok);
    } else {
        add(copy, FindingStatus::Repaired, before);
    }
}

Task<void> ServerLook::judge(Unknown unknown) {
    const Snapshot& copy = unknown.copy;
    std::string remains = exposedRemains(copy);
    if (!unknown.isShared) {
        ServerSession session(services_, {server_, copy.credential}, job_.cancellation());
        remains = co_await whatIsLeft(services_, session, copy);
    }
    if (!remains.empty()) {
        co_await keepAsLost(copy, std::move(remains));
        co_return;
    }
    if (!wish_.forgetMissing) {
        add(copy,
            FindingStatus::Missing,
            "forget it: fsrvpctl reconcile --forget-missing " + server_.text());
        co_return;
    }
    std::optional<Error> failure;
    try {
        co_await forget(copy);
    } catch (const Error& error) {
        failure = error.withContext("cannot forget " + nameOf(copy));
    }
    if (failure) {
        add(copy, FindingStatus::Missing, failure->what());
        fail(*failure);
    } else {
        add(copy, FindingStatus::Forgotten);
        outcome_.ids.push_back(copy.id);
    }
}

Task<void> ServerLook::keepAsLost(Snapshot copy, std::string remains) {
    if (copy.state != CopyState::LostOnServer || copy.remains != remains) {
        db::LostCopy lost;
        lost.id = copy.id;
        lost.remains = remains;
        co_await services_.store.markLost(std::move(lost), job_.record().id);
    }
    copy.remains = std::move(remains);
    add(copy, FindingStatus::LostOnServer, copy.remains + "; on the server: " + cureFor(copy));
}

Task<void> ServerLook::forget(Snapshot copy) {
    const SnapshotTurns::Turn turn =
        co_await services_.snapshots.enter(copy.id, job_.cancellation());
    co_await unmountBeforeDelete(services_, job_, copy);
    co_await services_.store.setCopyState(copy.id, CopyState::Deleted, job_.record().id);
}

void ServerLook::addTrouble() {
    std::map<FindingStatus, unsigned> counts;
    unsigned total = 0;
    for (const Finding& finding : outcome_.findings) {
        if (isTrouble(finding.status)) {
            ++counts[finding.status];
            ++total;
        }
    }
    if (total == 0) {
        return;
    }
    std::string text;
    for (const auto& [status, count] : counts) {
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " +
                std::string(findingStatusName(status));
    }
    outcome_.errors.push_back(
        Error(Errc::Partial, "on " + server_.text() + " not all snapshots are as recorded: " + text)
            .withHint("see what fsrvpctl reconcile says of each"));
}

Task<Outcome> lookAt(Services& services, Job& job, ServerId server, const ReconcileWish& wish) {
    ServerLook look(services, job, std::move(server), wish);
    Outcome outcome = co_await look.run();
    co_return outcome;
}

} // namespace

Task<Outcome> reconcile(Services& services, Job& job, ReconcileWish wish) {
    if (wish.servers.empty()) {
        wish.servers = services.store.listServers();
    }
    std::vector<Task<Outcome>> parts;
    const std::set<ServerId> servers(wish.servers.begin(), wish.servers.end());
    for (const ServerId& server : servers) {
        parts.push_back(lookAt(services, job, server, wish));
    }
    if (parts.empty()) {
        co_return Outcome();
    }
    Outcome outcome = co_await together(services.loop, std::move(parts));
    if (job.cancellation().isRequested() && !outcome.errors.empty()) {
        // It was cut short: why is all there is to say, and what was seen is not the whole.
        outcome.errors.erase(outcome.errors.begin() + 1, outcome.errors.end());
        outcome.findings.clear();
    }
    co_return outcome;
}

} // namespace fsrvp::jobs
