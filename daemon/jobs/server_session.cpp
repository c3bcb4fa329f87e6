// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/server_session.hpp"

namespace fsrvp::jobs {

ServerSession::ServerSession(Services& services, ServerAccount account, Cancellation& cancellation)
    : services_(services), account_(std::move(account)), cancellation_(cancellation),
      config_(services.config()), timeouts_(config_->settings(server().host).timeouts) {
}

Task<void> ServerSession::connect() {
    if (connection_ && connection_->isUsable()) {
        co_return;
    }
    connection_.reset();
    std::optional<Error> failure;
    try {
        Access access = co_await services_.credentials.access(account_, cancellation_);
        connection_ =
            co_await services_.pool.connect(std::move(access), timeouts_.connect, cancellation_);
    } catch (const Error& error) {
        failure = cancellation_.isRequested() ? error : error.withContext(server().text());
    }
    if (failure) {
        throw Error(*failure);
    }
}

void ServerSession::abandon() noexcept {
    if (connection_) {
        connection_->abandon();
        connection_.reset();
    }
}

Task<std::vector<std::string>> ServerSession::addressesOf(std::string host) {
    co_await connect();
    std::vector<std::string> addresses;
    try {
        addresses =
            co_await connection_->resolve(std::move(host), timeouts_.connect, cancellation_);
    } catch (const Error& error) {
        if (error.code() != Errc::NameNotResolved) {
            throw;
        }
    }
    co_return addresses;
}

Task<void> ServerSession::requireNoDfsRoot(Unc source) {
    co_await connect();
    bool isRoot = false;
    try {
        isRoot = co_await connection_->isDfsRoot(source.share, timeouts_.connect, cancellation_);
    } catch (const Error& error) {
        throw error.withContext("asking what " + source.text() + " is");
    }
    if (isRoot) {
        throw Error(Errc::NotSupported,
                    source.text() + " is the root of a DFS namespace: its folders lie in other "
                                    "shares, which a snapshot of it would not have")
            .withHint("name the server and share that the path leads to");
    }
}

Task<bool> ServerSession::hasShare(std::string share) {
    co_await connect();
    try {
        co_return co_await connection_->probeShare(share, timeouts_.connect, cancellation_);
    } catch (const Error& error) {
        throw error.withContext("looking for share '" + share + "' on " + server().text());
    }
}

Task<std::vector<std::string>>
ServerSession::gmtDirectories(std::string share, std::string first, std::string last) {
    co_await connect();
    try {
        co_return co_await connection_->listGmtDirectories(
            share, std::move(first), std::move(last), timeouts_.call, cancellation_);
    } catch (const Error& error) {
        throw error.withContext("looking into share '" + share + "' on " + server().text());
    }
}

Task<std::chrono::seconds> ServerSession::clockAhead() {
    try {
        const Greeting greeting =
            co_await services_.pool.greet(server(), timeouts_.connect, cancellation_);
        co_return greeting.clockAhead;
    } catch (const Error& error) {
        throw error.withContext("asking " + server().text() + " for its time");
    }
}

Task<agent::Shares> ServerSession::pageOfShares(agent::ListShares which,
                                                std::chrono::milliseconds timeout) {
    co_await connect();
    try {
        co_return co_await connection_->listShares(std::move(which), timeout, cancellation_);
    } catch (const Error& error) {
        throw error.withContext("listing the shares of " + server().text());
    }
}

Task<agent::Shares> ServerSession::shares(std::uint32_t limit) {
    agent::ListShares first;
    first.limit = limit;
    co_return co_await pageOfShares(std::move(first), timeouts_.connect);
}

Task<std::vector<std::string>> ServerSession::allShares() {
    constexpr std::uint32_t kPage = 10'000; // a packet holds fewer
    std::vector<std::string> names;
    for (;;) {
        agent::ListShares next;
        next.limit = kPage;
        next.after = names.empty() ? "" : names.back();
        // Samba reads thousands of shares from its registry before it answers.
        const agent::Shares page = co_await pageOfShares(std::move(next), timeouts_.call);
        names.insert(names.end(), page.names.begin(), page.names.end());
        if (!page.more) {
            co_return names;
        }
        if (page.names.empty()) {
            throw Error(Errc::Protocol, "server " + server().text() + " has a share without end");
        }
    }
}

} // namespace fsrvp::jobs
