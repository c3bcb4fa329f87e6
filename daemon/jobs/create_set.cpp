// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/create_set.hpp"

#include "daemon/base/log.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/utf16.hpp"
#include "daemon/jobs/mapping.hpp"
#include "daemon/jobs/owner.hpp"
#include "daemon/jobs/remains.hpp"
#include "daemon/jobs/settle.hpp"

#include <algorithm>
#include <array>

namespace fsrvp::jobs {
namespace {

using std::chrono::seconds;

// How long an ended or cancelled job may still work on leaving nothing behind; after that the next
// job on the server, or the next start, settles the set.
constexpr seconds kSettleTime{90};

} // namespace

const CreateSet::Step CreateSet::kSteps[] = {
    {Phase::Connect, &CreateSet::connect},
    {Phase::Check, &CreateSet::check},
    {Phase::Start, &CreateSet::start},
    {Phase::Add, &CreateSet::add},
    {Phase::Prepare, &CreateSet::prepare},
    {Phase::Commit, &CreateSet::commit},
    {Phase::Expose, &CreateSet::expose},
    {Phase::Map, &CreateSet::map},
    {Phase::Recover, &CreateSet::recover},
};

CreateSet::CreateSet(Services& services,
                     Job& job,
                     ServerAccount account,
                     std::vector<Unc> sources,
                     SnapshotOptions options)
    : services_(services), job_(job), sources_(std::move(sources)), options_(std::move(options)),
      session_(services, std::move(account), job.cancellation()) {
}

std::string CreateSet::what() const {
    std::string text = "cannot take a snapshot of ";
    for (const Unc& source : sources_) {
        text += &source == &sources_.front() ? "" : ", ";
        text += source.text();
    }
    return text;
}

Task<std::vector<std::int64_t>> CreateSet::run() {
    const ServerTurns::Turn turn =
        co_await services_.servers.enter(session_.server(), job_.cancellation());
    for (bool retried = false;; retried = true) {
        const std::optional<Error> failure = co_await runSteps();
        if (!failure) {
            co_return ids_;
        }
        const bool retry =
            !retried && failure->hresult() && phase_ == Phase::Commit &&
            reactionTo(CommitShadowCopySet::opnum, *failure->hresult()) == Reaction::RetryNewSet;
        if (co_await finishOrSettle(*failure)) {
            co_return ids_;
        }
        if (!retry) {
            throw withLeft(*failure).withContext(what());
        }
        log::info("the commit of a set on " + session_.server().text() +
                  " failed; trying once more with a new set: " + failure->what());
    }
}

/// The error, and what is left on the server all the same.
Error CreateSet::withLeft(const Error& failure) const {
    std::string text = failure.what();
    std::string hint;
    for (const Error& left : left_) {
        text += std::string("; ") + left.what();
        hint += (hint.empty() ? "" : "; ") + left.hint();
    }
    return left_.empty() ? failure : Error(failure.code(), text, failure.hresult()).withHint(hint);
}

Task<std::optional<Error>> CreateSet::runSteps() {
    setId_ = Guid();
    setRow_.reset();
    copies_.clear();
    ids_.clear();
    try {
        for (const Step& step : kSteps) {
            job_.cancellation().throwIfRequested();
            phase_ = step.phase;
            job_.setPhase(phase_);
            co_await (this->*step.run)();
            if (owner_) {
                session_.disconnect();
                break;
            }
        }
    } catch (const Error& error) {
        co_return error;
    }
    co_return std::nullopt;
}

Task<void> CreateSet::connect() {
    for (int attempt = 0;; ++attempt) {
        co_await session_.connect();
        try {
            co_await settleLeftovers(services_, session_);
            co_return;
        } catch (const Error& error) {
            if (error.hresult() != hresult::kSetInProgress) {
                throw;
            }
        }
        co_await backOff(attempt, hresult::kSetInProgress);
        job_.setPhase(Phase::Connect);
    }
}

Task<void> CreateSet::check() {
    for (Unc& source : sources_) {
        co_await checkOne(source);
    }
}

Task<void> CreateSet::checkOne(Unc& source) {
    ShareOnly in;
    in.shareName = toUtf16(source.wire());
    const auto reply = co_await session_.call<IsPathSupported>(in);
    const Reaction reaction = reactionTo(IsPathSupported::opnum, reply.hresult);
    if (reaction == Reaction::UnknownShare) {
        const Error unknown(Errc::NotFound,
                            "server " + session_.server().text() + " has no share '" +
                                source.share + "'",
                            reply.hresult);
        const std::string hint = co_await otherShares();
        throw unknown.withHint(hint);
    }
    if (reaction != Reaction::Done) {
        throw session_.failure<IsPathSupported>(reply.hresult).withContext(source.text());
    }
    if (!reply.out.supportedByThisProvider) {
        throw hresultError(source.text(), hresult::kNotSupported);
    }
    co_await session_.requireNoDfsRoot(source);
    if (reply.out.ownerMachineName.value) {
        co_await checkOwner(source, toUtf8(*reply.out.ownerMachineName.value));
    }
}

Task<void> CreateSet::checkOwner(Unc& source, std::string owner) {
    const ShareOwner found = co_await findOwner(session_, std::move(owner));
    const bool isFirst = &source == &sources_.front();
    if (!isFirst && found.elsewhere != owner_) {
        throw Error(Errc::NotSupported,
                    "the shares are on different machines: " + sources_.front().text() + " on " +
                        owner_.value_or(session_.server()).text() + ", " + source.text() + " on " +
                        found.elsewhere.value_or(session_.server()).text())
            .withHint("take their snapshots one by one");
    }
    owner_ = found.elsewhere;
    if (!found.nameHere.empty()) {
        // Servers know their shares by name; Windows knows no address for its own.
        source.server = found.nameHere;
    }
}

/// Which shares there are instead; empty when the server does not tell, which is no error of its
/// own here.
Task<std::string> CreateSet::otherShares() {
    std::optional<agent::Shares> known;
    try {
        known = co_await session_.shares(12);
    } catch (const Error&) {
        job_.cancellation().throwIfRequested();
    }
    if (!known) {
        co_return std::string();
    }
    std::string names;
    for (const std::string& name : known->names) {
        names += names.empty() ? name : ", " + name;
    }
    co_return "it has " + (names.empty() ? "none" : names) + (known->more ? ", …" : "");
}

Task<void> CreateSet::backOff(int attempt, std::uint32_t result) {
    // Every SetContext of ours restarts the timer that ends a dead client's set, so the last wait
    // is longer than the 60 s after which an idle worker of Samba's ends, and the set with it.
    constexpr std::array<seconds, 6> waits{
        seconds(1), seconds(2), seconds(4), seconds(8), seconds(15), seconds(65)};
    const auto index = std::min<std::size_t>(static_cast<std::size_t>(attempt), waits.size() - 1);
    session_.abandon();
    job_.setPhase(Phase::Wait);
    std::optional<Error> end;
    try {
        co_await sleepFor(services_.loop, waits[index], job_.cancellation());
    } catch (const Error& error) {
        end = error;
    }
    if (end && end->code() == Errc::TimedOut) {
        // What kept the job from its end says more than that its time is over.
        const Error inProgress = session_.failure<StartShadowCopySet>(result);
        throw withLostInTheWay(services_.store, session_.server(), inProgress);
    }
    if (end) {
        throw Error(*end);
    }
    job_.setPhase(Phase::Start);
}

Task<void> CreateSet::start() {
    co_await services_.spacing.wait(session_.server(), sources_, job_.cancellation());
    SetContext::In context;
    context.context =
        static_cast<std::uint32_t>(options_.context) | (options_.writable ? kAttrAutoRecovery : 0);
    StartShadowCopySet::In in;
    for (int attempt = 0;; ++attempt) {
        const auto contextSet = co_await session_.call<SetContext>(context);
        std::uint32_t result = contextSet.hresult;
        if (reactionTo(SetContext::opnum, result) == Reaction::BadContext) {
            throw Error(Errc::UnsupportedContext,
                        "server " + session_.server().text() + " does not take context " +
                            std::string(contextName(options_.context)) +
                            (options_.writable ? ", read-write" : ""),
                        result);
        }
        if (result == hresult::kOk) {
            in.clientShadowCopySetId = Guid::random();
            const auto started = co_await session_.call<StartShadowCopySet>(in);
            result = started.hresult;
            setId_ = started.out.shadowCopySetId;
        }
        if (result == hresult::kOk) {
            break;
        }
        setId_ = Guid();
        if (reactionTo(StartShadowCopySet::opnum, result) != Reaction::RetryLater) {
            throw contextSet.hresult == hresult::kOk ? session_.failure<StartShadowCopySet>(result)
                                                     : session_.failure<SetContext>(result);
        }
        co_await backOff(attempt, result);
    }
    setRow_ = co_await services_.store.insertSet(
        job_.record().id, session_.account(), setId_, options_.context, options_.writable);
}

Task<void> CreateSet::add() {
    for (const Unc& source : sources_) {
        AddToShadowCopySet::In in;
        in.clientShadowCopyId = Guid::random();
        in.shadowCopySetId = setId_;
        in.shareName = toUtf16(source.wire());
        // The server names the snapshot at some moment of this call: the last possible one counts,
        // which is now when it gets no answer.
        services_.spacing.added(session_.server(), source);
        const auto reply = co_await session_.call<AddToShadowCopySet>(in);
        services_.spacing.added(session_.server(), source);
        if (reactionTo(AddToShadowCopySet::opnum, reply.hresult) != Reaction::Done) {
            throw session_.failure<AddToShadowCopySet>(reply.hresult).withContext(source.text());
        }
        copies_.push_back({reply.out.shadowCopyId, source});
    }
}

Task<void> CreateSet::prepare() {
    PrepareShadowCopySet::In in;
    in.shadowCopySetId = setId_;
    in.timeOutInMilliseconds = session_.serverTimeout<PrepareShadowCopySet>();
    co_await session_.must<PrepareShadowCopySet>(in);
}

Task<void> CreateSet::commit() {
    ids_ = co_await services_.store.markCommitting(
        *setRow_, copies_, options_.labelling, job_.record().ownerUid);
    CommitShadowCopySet::In in;
    in.shadowCopySetId = setId_;
    in.timeOutInMilliseconds = session_.serverTimeout<CommitShadowCopySet>();
    co_await session_.must<CommitShadowCopySet>(in);
}

Task<void> CreateSet::expose() {
    ExposeShadowCopySet::In in;
    in.shadowCopySetId = setId_;
    in.timeOutInMilliseconds = session_.serverTimeout<ExposeShadowCopySet>();
    co_await session_.must<ExposeShadowCopySet>(in);
}

Task<void> CreateSet::map() {
    std::vector<db::ExposedCopy> exposed;
    for (std::size_t i = 0; i < copies_.size(); ++i) {
        GetShareMapping::In in;
        in.shadowCopyId = copies_[i].snapshotId;
        in.shadowCopySetId = setId_;
        in.shareName = toUtf16(copies_[i].source.wire());
        const auto out = co_await session_.must<GetShareMapping>(in);
        const std::optional<Mapping> mapping = mappingIn(out);
        if (!mapping) {
            throw Error(Errc::Protocol,
                        "server " + session_.server().text() +
                            " did not say under which name it exposed the snapshot of " +
                            copies_[i].source.text());
        }
        exposed.push_back({ids_[i], mapping->exposed, mapping->created});
    }
    co_await services_.store.markExposed(*setRow_, std::move(exposed));
}

Task<void> CreateSet::recover() {
    SetOnly in;
    in.shadowCopySetId = setId_;
    co_await session_.must<RecoveryCompleteShadowCopySet>(in);
    co_await services_.store.markComplete(*setRow_, now());
}

/// After a failure: true when the set could still be completed, false when nothing of it is left
/// or it will be settled later.
Task<bool> CreateSet::finishOrSettle(const Error& failure) {
    if (setId_.isNil()) {
        co_return false;
    }
    session_.disconnect();
    job_.setPhase(Phase::Settle);
    // The job's own cancellation may be what brought us here, so this work has its own.
    Cancellation limit;
    const EventSource timer = services_.loop.after(kSettleTime, [&limit] {
        limit.request(Error(Errc::TimedOut, "settling took longer than 90 s"));
    });
    ServerSession session(services_, session_.account(), limit);
    bool finished = false;
    std::optional<Error> trouble;
    try {
        finished = co_await settleWith(session, !job_.cancellation().isRequested());
    } catch (const Error& error) {
        trouble = error;
    }
    if (trouble) {
        log::warning("cannot settle shadow copy set " + setId_.text() + " on " +
                     session_.server().text() + " after '" + failure.what() +
                     "', will try before the next job there: " + trouble->what());
    }
    co_return finished;
}

/// False when the database can't take it: then the copies are no snapshots, and go.
Task<bool> CreateSet::tryMarkComplete() {
    try {
        co_await services_.store.markComplete(*setRow_, now());
        co_return true;
    } catch (const Error& error) {
        log::error(error.what());
        co_return false;
    }
}

Task<bool> CreateSet::settleWith(ServerSession& session, bool mayFinish) {
    if (!setRow_) { // started on the server, but the database could not take it
        co_await abortSet(session, setId_);
        co_return false;
    }
    for (const ShadowCopySet& set : services_.store.listUnsettledSets()) {
        if (set.row != *setRow_) {
            continue;
        }
        if (mayFinish && set.state == SetState::Exposed) {
            SetOnly in;
            in.shadowCopySetId = setId_;
            const auto reply = co_await session.call<RecoveryCompleteShadowCopySet>(in);
            // BAD_STATE: the first one arrived, only its answer did not.
            const bool isDone =
                reply.hresult == hresult::kOk || reply.hresult == hresult::kBadState;
            if (isDone) {
                const bool isRecorded = co_await tryMarkComplete();
                if (isRecorded) {
                    co_return true;
                }
            }
        }
        const std::optional<Error> left = co_await settleSet(services_, session, set);
        if (left) {
            left_.push_back(*left);
        }
    }
    co_return false;
}

} // namespace fsrvp::jobs
