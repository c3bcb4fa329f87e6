// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/server_session.hpp"

namespace fsrvp::jobs {

ServerSession::ServerSession(Services& services, ServerId server, Cancellation& cancellation)
    : services_(services), server_(std::move(server)), cancellation_(cancellation),
      config_(services.config()), timeouts_(config_->settings(server_.host).timeouts) {
}

Task<void> ServerSession::connect() {
    if (connection_ && connection_->isUsable()) {
        co_return;
    }
    connection_.reset();
    std::optional<Error> failure;
    try {
        connection_ = co_await services_.pool.connect(
            server_, config_->login(server_), timeouts_.connect, cancellation_);
    } catch (const Error& error) {
        failure = cancellation_.isRequested() ? error : error.withContext(server_.text());
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

Task<bool> ServerSession::hasShare(std::string share) {
    co_await connect();
    try {
        co_return co_await connection_->probeShare(share, timeouts_.connect, cancellation_);
    } catch (const Error& error) {
        throw error.withContext("looking for share '" + share + "' on " + server_.text());
    }
}

Task<agent::Shares> ServerSession::shares(std::uint32_t limit) {
    co_await connect();
    try {
        co_return co_await connection_->listShares(limit, timeouts_.connect, cancellation_);
    } catch (const Error& error) {
        throw error.withContext("listing the shares of " + server_.text());
    }
}

} // namespace fsrvp::jobs
