// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/agent/messages.hpp"
#include "daemon/base/cancellation.hpp"
#include "daemon/base/event_loop.hpp"
#include "daemon/base/launcher.hpp"
#include "daemon/base/task.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/stub.hpp"
#include "daemon/ndr/json_codec.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace fsrvp::agent {

/// Spacing of connections to one server. Samba's FSRVP runs in several workers that each read
/// their state once, and hears of a connection's end late (seen on 4.17: 100 ms), so a connection
/// is kept for the next job a little while, and a new one waits after the last has gone.
struct PoolTimes {
    std::chrono::milliseconds linger{2000};
    std::chrono::milliseconds gapAfterClose{1000};
};

/// One agent with its FSRVP pipe open, in use by one job. Every failure of a request (not a
/// server's HRESULT, nor a name that is unknown) makes it unusable; letting it go then ends the
/// agent, else it goes back to its pool.
class Connection {
  public:
    struct State;

    explicit Connection(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

    Connection(Connection&&) noexcept = default;
    Connection& operator=(Connection&& other) noexcept;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Carries out one FSRVP operation and gives its reply, whatever its HRESULT.
    /// @throws Error: no answer (Unreachable, TimedOut), a fault, or the cancellation's reason
    template <class Op>
    Task<Reply<Op>>
    call(typename Op::In in, std::chrono::milliseconds timeout, Cancellation& cancellation);

    /// A page of the server's shares.
    Task<Shares>
    listShares(ListShares which, std::chrono::milliseconds timeout, Cancellation& cancellation);
    /// Whether the server has that share.
    Task<bool>
    probeShare(std::string share, std::chrono::milliseconds timeout, Cancellation& cancellation);

    /// Whether that share is the root of a DFS namespace, as far as the server tells.
    Task<bool>
    isDfsRoot(std::string share, std::chrono::milliseconds timeout, Cancellation& cancellation);
    /// The directories of snapshots in a share's root, as ListGmtDirectories says.
    Task<std::vector<std::string>> listGmtDirectories(std::string share,
                                                      std::string first,
                                                      std::string last,
                                                      std::chrono::milliseconds timeout,
                                                      Cancellation& cancellation);
    /// The addresses of a host, by the agent of this connection; of another host too.
    /// @throws Error(NameNotResolved), which leaves the connection usable; else as the others
    Task<std::vector<std::string>>
    resolve(std::string host, std::chrono::milliseconds timeout, Cancellation& cancellation);

    /// As whom: Connected's identity.
    const std::string& identity() const noexcept;

    bool isUsable() const noexcept;
    /// Whether it lingered since another job, so that its server may have gone meanwhile.
    bool hasLingered() const noexcept;
    /// Ends the agent: this connection shall not be used again.
    void abandon() noexcept;

  private:
    static Task<Answer>
    request(std::shared_ptr<State> state, Request request, Cancellation& cancellation);
    /// @throws Error: the answer's own, or Protocol for another kind of answer, which ends the
    /// agent
    template <class Expected> static Expected expect(State& state, Answer answer);
    static void close(State& state) noexcept;
    friend class Pool;

    std::shared_ptr<State> state_;
};

/// The agents: at most one a server. Who connects must know that nobody else does for that server
/// (jobs/turns.hpp).
class Pool {
  public:
    Pool(EventLoop& loop, Launcher& launcher, PoolTimes times = {});
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool();

    /// The idle connection to that server if there is one with just that access, else a new one.
    /// @throws Error as Backend::openPipe says, or the cancellation's reason
    Task<Connection>
    connect(Access access, std::chrono::milliseconds timeout, Cancellation& cancellation);

    // What needs no connection; each with an agent of its own. @throws Error as Backend says, or
    // the cancellation's reason.
    Task<std::vector<std::string>>
    resolve(std::string host, std::chrono::milliseconds timeout, Cancellation& cancellation);
    Task<Greeting>
    greet(ServerId server, std::chrono::milliseconds timeout, Cancellation& cancellation);
    Task<Tickets>
    getTickets(Login login, std::chrono::milliseconds timeout, Cancellation& cancellation);

    struct Impl;

  private:
    /// Starts an agent, asks it once, and ends it.
    template <class Expected> Task<Expected> askOnce(Request request, Cancellation& cancellation);

    std::shared_ptr<Impl> impl_;
};

template <class Expected> Expected Connection::expect(State& state, Answer answer) {
    if (auto* error = std::get_if<Error>(&answer)) {
        throw Error(*error);
    }
    if (auto* expected = std::get_if<Expected>(&answer)) {
        return std::move(*expected);
    }
    close(state);
    throw Error(Errc::Protocol, "the agent answered something else than was asked");
}

template <class Op>
Task<Reply<Op>> Connection::call(typename Op::In in,
                                 std::chrono::milliseconds timeout,
                                 Cancellation& cancellation) {
    ndr::ToJson encoder;
    Op::In::fields(encoder, in);
    Request message;
    message.call = Operation{std::string(Op::name), std::move(encoder).take()};
    message.timeout = timeout;
    const std::shared_ptr<State> state = state_;
    Answer answer = co_await request(state, std::move(message), cancellation);
    const auto result = expect<OperationResult>(*state, std::move(answer));
    Reply<Op> reply;
    reply.hresult = result.hresult;
    try {
        ndr::FromJson decoder(result.out);
        Op::Out::fields(decoder, reply.out);
    } catch (const Error&) {
        close(*state);
        throw;
    }
    co_return reply;
}

} // namespace fsrvp::agent
