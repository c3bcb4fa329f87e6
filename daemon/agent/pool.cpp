// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/pool.hpp"

#include "daemon/base/boot_clock.hpp"
#include "daemon/base/packet.hpp"

#include <sys/epoll.h>

#include <utility>

namespace fsrvp::agent {

struct Pool::Impl {
    Impl(EventLoop& l, Launcher& la, PoolTimes t) : loop(l), launcher(la), times(t) {}

    EventLoop& loop;
    Launcher& launcher;
    PoolTimes times;

    struct PerServer {
        std::shared_ptr<Connection::State> idle;
        EventSource lingerEnd;
        std::optional<BootClock::time_point> closedAt;
    };

    std::map<ServerId, PerServer> servers;

    void giveBack(const std::shared_ptr<Connection::State>& state);
    void drop(PerServer& entry);
};

/// One agent's socket. Alive as long as its Connection or the pool's idle place holds it.
struct Connection::State : std::enable_shared_from_this<Connection::State> {
    State(EventLoop& l, UniqueFd s, Access how)
        : loop(l), socket(std::move(s)), access(std::move(how)) {}

    EventLoop& loop;
    UniqueFd socket;
    Access access;
    std::string identity;
    std::weak_ptr<Pool::Impl> pool;
    EventSource readable;
    std::optional<OneShot<Answer>> pending;
    bool usable = true;
    bool lingered = false;

    void listen() {
        readable = loop.watch(socket.get(), EPOLLIN, [this](std::uint32_t) { onReadable(); });
    }

    void onReadable() {
        try {
            const std::optional<std::string> packet = receivePacket(socket.get());
            if (!packet) {
                throw Error(Errc::Unreachable, "the agent has ended unexpectedly")
                    .withHint("see the journal for what ended fsrvp-agent");
            }
            if (!pending) {
                throw Error(Errc::Protocol, "the agent spoke without being asked");
            }
            // Before the request is let go: one that can't be read fails it.
            Answer answer = decodeAnswer(*packet);
            std::exchange(pending, std::nullopt)->set(std::move(answer));
        } catch (const Error& error) {
            close(error);
        }
    }

    /// Ends the agent; a request under way gets `reason`.
    void close(const Error& reason) {
        usable = false;
        readable.reset();
        socket.reset();
        if (pending) {
            std::exchange(pending, std::nullopt)->fail(std::make_exception_ptr(reason));
        }
    }
};

namespace {

/// Ends the agent unless its request got an answer that leaves it usable: also when the coroutine
/// that waits for one is destroyed.
class InFlight {
  public:
    explicit InFlight(std::shared_ptr<Connection::State> state) : state_(std::move(state)) {}

    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

    ~InFlight() {
        if (state_) {
            state_->close(Error(Errc::Cancelled, "given up"));
        }
    }

    void finish() noexcept { state_.reset(); }

  private:
    std::shared_ptr<Connection::State> state_;
};

} // namespace

Connection& Connection::operator=(Connection&& other) noexcept {
    if (this != &other) {
        Connection old(std::exchange(state_, std::move(other.state_)));
    }
    return *this;
}

Connection::~Connection() {
    if (!state_) {
        return;
    }
    if (const std::shared_ptr<Pool::Impl> pool = state_->pool.lock()) {
        pool->giveBack(state_);
    }
}

Task<bool> Connection::isDfsRoot(std::string share,
                                 std::chrono::milliseconds timeout,
                                 Cancellation& cancellation) {
    Request message;
    message.call = AskForDfs{std::move(share)};
    message.timeout = timeout;
    const std::shared_ptr<State> state = state_;
    Answer answer = co_await request(state, std::move(message), cancellation);
    co_return expect<Probed>(*state, std::move(answer)).present;
}

Task<std::vector<std::string>> Connection::listGmtDirectories(std::string share,
                                                              std::string first,
                                                              std::string last,
                                                              std::chrono::milliseconds timeout,
                                                              Cancellation& cancellation) {
    Request message;
    message.call = ListGmtDirectories{std::move(share), std::move(first), std::move(last)};
    message.timeout = timeout;
    const std::shared_ptr<State> state = state_;
    Answer answer = co_await request(state, std::move(message), cancellation);
    GmtDirectories found = expect<GmtDirectories>(*state, std::move(answer));
    co_return std::move(found.names);
}

Task<std::vector<std::string>> Connection::resolve(std::string host,
                                                   std::chrono::milliseconds timeout,
                                                   Cancellation& cancellation) {
    Request message;
    message.call = Resolve{std::move(host)};
    message.timeout = timeout;
    const std::shared_ptr<State> state = state_;
    Answer answer = co_await request(state, std::move(message), cancellation);
    co_return expect<Addresses>(*state, std::move(answer)).addresses;
}

const std::string& Connection::identity() const noexcept {
    return state_->identity;
}

bool Connection::isUsable() const noexcept {
    return state_->usable;
}

bool Connection::hasLingered() const noexcept {
    return state_->lingered;
}

void Connection::abandon() noexcept {
    close(*state_);
}

void Connection::close(State& state) noexcept {
    state.close(Error(Errc::Cancelled, "given up"));
}

Task<Answer>
Connection::request(std::shared_ptr<State> state, Request request, Cancellation& cancellation) {
    cancellation.throwIfRequested();
    if (!state->usable) {
        throw Error(Errc::Unreachable, "the connection to the server is gone");
    }
    const OneShot<Answer> answer(state->loop);
    state->pending = answer;
    InFlight inFlight(state);
    const EventSource deadline = state->loop.after(request.timeout, [state, &request] {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(request.timeout).count();
        state->close(Error(Errc::TimedOut,
                           "the server did not answer within " + std::to_string(seconds) + " s"));
    });
    {
        const Secret packet(encode(request));
        sendPacket(state->socket.get(), packet.reveal());
    }
    Answer received = co_await awaitOr(answer, cancellation);
    // What a resolver says has nothing to do with the connection.
    if (!std::holds_alternative<Error>(received) || std::holds_alternative<Resolve>(request.call)) {
        inFlight.finish();
    }
    co_return received;
}

Task<Shares> Connection::listShares(ListShares which,
                                    std::chrono::milliseconds timeout,
                                    Cancellation& cancellation) {
    Request message;
    message.call = std::move(which);
    message.timeout = timeout;
    const std::shared_ptr<State> state = state_;
    Answer answer = co_await request(state, std::move(message), cancellation);
    co_return expect<Shares>(*state, std::move(answer));
}

Task<bool> Connection::probeShare(std::string share,
                                  std::chrono::milliseconds timeout,
                                  Cancellation& cancellation) {
    Request message;
    message.call = ProbeShare{std::move(share)};
    message.timeout = timeout;
    const std::shared_ptr<State> state = state_;
    Answer answer = co_await request(state, std::move(message), cancellation);
    co_return expect<Probed>(*state, std::move(answer)).present;
}

Pool::Pool(EventLoop& loop, Launcher& launcher, PoolTimes times)
    : impl_(std::make_shared<Impl>(loop, launcher, times)) {
}

Pool::~Pool() = default;

void Pool::Impl::drop(PerServer& entry) {
    entry.lingerEnd.reset();
    entry.idle.reset();
    entry.closedAt = BootClock::now();
}

void Pool::Impl::giveBack(const std::shared_ptr<Connection::State>& state) {
    PerServer& entry = servers[state->access.server];
    if (!state->usable) {
        drop(entry);
        return;
    }
    state->lingered = true;
    entry.idle = state;
    entry.lingerEnd =
        loop.after(times.linger, [this, server = state->access.server] { drop(servers[server]); });
}

Task<Connection>
Pool::connect(Access access, std::chrono::milliseconds timeout, Cancellation& cancellation) {
    const std::shared_ptr<Impl> impl = impl_;
    Impl::PerServer& entry = impl->servers[access.server];
    if (entry.idle) {
        const std::shared_ptr<Connection::State> idle = std::exchange(entry.idle, nullptr);
        entry.lingerEnd.reset();
        if (idle->usable && idle->access == access) {
            co_return Connection(idle);
        }
        entry.closedAt = BootClock::now();
    }
    if (entry.closedAt) {
        const auto since = BootClock::now() - *entry.closedAt;
        if (since < impl->times.gapAfterClose) {
            const auto wait =
                std::chrono::ceil<std::chrono::microseconds>(impl->times.gapAfterClose - since);
            co_await sleepFor(impl->loop, wait, cancellation);
        }
    }
    const auto state =
        std::make_shared<Connection::State>(impl->loop, impl->launcher.launch(), access);
    state->pool = impl;
    state->listen();
    Connection connection(state);
    Request message;
    message.call = Connect{std::move(access)};
    message.timeout = timeout;
    Answer answer = co_await Connection::request(state, std::move(message), cancellation);
    state->identity = Connection::expect<Connected>(*state, std::move(answer)).identity;
    co_return connection;
}

template <class Expected>
Task<Expected> Pool::askOnce(Request request, Cancellation& cancellation) {
    // Not of the pool's: it goes when this ends.
    const auto state =
        std::make_shared<Connection::State>(impl_->loop, impl_->launcher.launch(), Access());
    state->listen();
    Answer answer = co_await Connection::request(state, std::move(request), cancellation);
    co_return Connection::expect<Expected>(*state, std::move(answer));
}

Task<std::vector<std::string>>
Pool::resolve(std::string host, std::chrono::milliseconds timeout, Cancellation& cancellation) {
    Request message;
    message.call = Resolve{std::move(host)};
    message.timeout = timeout;
    Addresses found = co_await askOnce<Addresses>(std::move(message), cancellation);
    co_return std::move(found.addresses);
}

Task<Greeting>
Pool::greet(ServerId server, std::chrono::milliseconds timeout, Cancellation& cancellation) {
    Request message;
    message.call = Greet{std::move(server)};
    message.timeout = timeout;
    return askOnce<Greeting>(std::move(message), cancellation);
}

Task<Tickets>
Pool::getTickets(Login login, std::chrono::milliseconds timeout, Cancellation& cancellation) {
    Request message;
    message.call = GetTickets{std::move(login)};
    message.timeout = timeout;
    return askOnce<Tickets>(std::move(message), cancellation);
}

} // namespace fsrvp::agent
