// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/agent/pool.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "daemon/jobs/services.hpp"

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>

namespace fsrvp::jobs {

/// One job's calls to one server: connects when there is something to call, knows the time each
/// operation may take. The job must have the server's turn.
class ServerSession {
  public:
    ServerSession(Services& services, ServerAccount account, Cancellation& cancellation);

    /// @throws Error whose message begins with the server
    Task<void> connect();

    /// Lets the connection go; the next call makes or reuses one.
    void disconnect() noexcept { connection_.reset(); }

    /// Ends the connection for good: the next call makes a new one.
    void abandon() noexcept;

    /// The operation's reply, whatever its HRESULT. One that asks for the same call again
    /// (Reaction::RepeatCall) is followed three times.
    template <class Op> Task<Reply<Op>> call(typename Op::In in);
    /// The operation's output. @throws hresultError() unless it succeeded
    template <class Op> Task<typename Op::Out> must(typename Op::In in);

    /// The addresses of a host, or none when nobody knows the name.
    Task<std::vector<std::string>> addressesOf(std::string host);

    /// As whom it is connected, which it must be.
    const std::string& identity() const noexcept { return connection_->identity(); }

    /// Snapshots of the root of a DFS namespace have nothing of what its folders lead to.
    /// @throws Error(NotSupported) the share is one
    Task<void> requireNoDfsRoot(Unc source);

    /// Whether the server has that share.
    Task<bool> hasShare(std::string share);
    /// The directories of snapshots in a share's root, from the name `first` to `last`.
    Task<std::vector<std::string>>
    gmtDirectories(std::string share, std::string first, std::string last);
    /// How far the server's clock is before ours.
    Task<std::chrono::seconds> clockAhead();
    /// The first `limit` of the server's shares.
    Task<agent::Shares> shares(std::uint32_t limit);
    /// All that the server lists, in the order of their bytes.
    Task<std::vector<std::string>> allShares();

    /// "CommitShadowCopySet on fs1: … (NAME)".
    template <class Op> Error failure(std::uint32_t hresult) const {
        return hresultError(std::string(Op::name) + " on " + server().text(), hresult);
    }

    /// TimeOutInMilliseconds for the operations that have it.
    template <class Op> std::uint32_t serverTimeout() const {
        return static_cast<std::uint32_t>(std::chrono::milliseconds(ownTime<Op>()).count());
    }

    /// How long to be without a connection, so that workers of Samba's that are idle end.
    std::chrono::seconds workersEnd() const noexcept { return timeouts_.workersEnd; }

    const ServerId& server() const noexcept { return account_.server; }

    /// What servers.d says of it.
    const ServerSettings& settings() const { return config_->settings(server().host); }

    const ServerAccount& account() const noexcept { return account_; }

    Cancellation& cancellation() noexcept { return cancellation_; }

  private:
    Task<agent::Shares> pageOfShares(agent::ListShares which, std::chrono::milliseconds timeout);

    /// The configured time of operations that take long, else that of a call.
    template <class Op> std::chrono::seconds ownTime() const {
        if constexpr (std::same_as<Op, PrepareShadowCopySet>) {
            return timeouts_.prepare;
        } else if constexpr (std::same_as<Op, CommitShadowCopySet>) {
            return timeouts_.commit;
        } else if constexpr (std::same_as<Op, ExposeShadowCopySet>) {
            return timeouts_.expose;
        } else {
            return timeouts_.call;
        }
    }

    /// The server gives up first where it can: MS-FSRVP 3.2.2 ends a call after 180 s, but the
    /// waits of Prepare and Expose are longer.
    template <class Op> std::chrono::milliseconds rpcTimeout() const {
        constexpr bool waits = requires(typename Op::In in) {
            in.timeOutInMilliseconds;
        };
        constexpr std::chrono::seconds margin{waits ? 30 : 0};
        return std::max(timeouts_.call, ownTime<Op>() + margin);
    }

    Services& services_;
    ServerAccount account_;
    Cancellation& cancellation_;
    std::shared_ptr<const Config> config_;
    Timeouts timeouts_;
    std::optional<agent::Connection> connection_;
    bool hasAnswered_ = false; ///< a call of this session has
};

template <class Op> Task<Reply<Op>> ServerSession::call(typename Op::In in) {
    constexpr int kRepeats = 3;
    Reply<Op> reply;
    // A server that was restarted while our connection lingered has cut it. The first call of a
    // job, which this is then, is none that must not be sent twice: it asks, or settles, or
    // deletes.
    bool mayBeStale = !hasAnswered_;
    for (int attempt = 0; attempt <= kRepeats; ++attempt) {
        co_await connect();
        std::optional<Error> lost;
        try {
            reply = co_await connection_->call<Op>(in, rpcTimeout<Op>(), cancellation_);
        } catch (const Error& error) {
            lost = error.withContext(std::string(Op::name) + " on " + server().text());
        }
        if (lost) {
            mayBeStale = mayBeStale && connection_->hasLingered();
            disconnect();
            if (mayBeStale && lost->code() == Errc::Unreachable) {
                continue;
            }
            throw Error(*lost);
        }
        hasAnswered_ = true;
        if (reactionTo(Op::opnum, reply.hresult) != Reaction::RepeatCall) {
            break;
        }
    }
    co_return reply;
}

template <class Op> Task<typename Op::Out> ServerSession::must(typename Op::In in) {
    Reply<Op> reply = co_await call<Op>(std::move(in));
    if (reactionTo(Op::opnum, reply.hresult) != Reaction::Done) {
        throw failure<Op>(reply.hresult);
    }
    co_return std::move(reply.out);
}

} // namespace fsrvp::jobs
