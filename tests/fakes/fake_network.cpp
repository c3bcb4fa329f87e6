// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fake_network.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>

namespace fsrvp::fakes {

FssServer& FakeNetwork::addServer(const std::string& host,
                                  std::vector<std::string> shares,
                                  FssOptions options) {
    const std::lock_guard lock(mutex_);
    Host& entry = hosts_[host];
    entry.server = std::make_unique<FssServer>(std::move(options));
    for (const std::string& share : shares) {
        entry.server->addShare(share);
    }
    entry.shares = std::move(shares);
    return *entry.server;
}

FssServer& FakeNetwork::server(const std::string& host) const {
    const std::lock_guard lock(mutex_);
    return *hosts_.at(host).server;
}

std::vector<std::string> FakeNetwork::hosts() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& entry : hosts_) {
        names.push_back(entry.first);
    }
    return names;
}

void FakeNetwork::addFate(std::uint16_t opnum, AgentFate fate, unsigned nth) {
    const std::lock_guard lock(mutex_);
    fates_.insert_or_assign(opnum, std::pair(nth, std::move(fate)));
}

bool FakeNetwork::hasFates() const {
    const std::lock_guard lock(mutex_);
    return !fates_.empty();
}

std::optional<AgentFate> FakeNetwork::fateAfter(std::uint16_t opnum) {
    const std::lock_guard lock(mutex_);
    const auto place = fates_.find(opnum);
    if (place == fates_.end() || --place->second.first > 0) {
        return std::nullopt;
    }
    AgentFate fate = std::move(place->second.second);
    fates_.erase(place);
    return fate;
}

void FakeNetwork::failShareQuestion(const Error& error) {
    const std::lock_guard lock(mutex_);
    shareQuestionError_ = error;
}

FakeNetwork::Host& FakeNetwork::hostOf(const std::string& host) {
    const auto place = hosts_.find(host);
    if (place == hosts_.end()) {
        throw Error(Errc::NameNotResolved, "the name '" + host + "' is unknown");
    }
    return place->second;
}

FssServer& FakeNetwork::opened(const ServerId& server, const Login& login) {
    const std::lock_guard lock(mutex_);
    Host& host = hostOf(server.host);
    host.connectTimes.push_back(BootClock::now());
    host.users.push_back(login.user);
    return *host.server;
}

void FakeNetwork::failIfTold() {
    if (shareQuestionError_) {
        const Error error = *shareQuestionError_;
        shareQuestionError_.reset();
        throw Error(error);
    }
}

std::vector<std::string> FakeNetwork::directories(const ServerId& server,
                                                  const std::string& share) {
    const std::lock_guard lock(mutex_);
    failIfTold();
    return hostOf(server.host).server->directories(share);
}

void FakeNetwork::setClockAhead(std::chrono::seconds ahead) {
    const std::lock_guard lock(mutex_);
    clockAhead_ = ahead;
}

std::chrono::seconds FakeNetwork::clockAhead() const {
    const std::lock_guard lock(mutex_);
    return clockAhead_;
}

std::vector<std::string> FakeNetwork::shareNames(const ServerId& server) {
    const std::lock_guard lock(mutex_);
    failIfTold();
    const Host& host = hostOf(server.host);
    std::vector<std::string> names = host.server->exposedShares();
    names.insert(names.end(), host.shares.begin(), host.shares.end());
    return names;
}

void FakeNetwork::addShareName(const std::string& host, const std::string& share) {
    const std::lock_guard lock(mutex_);
    hostOf(host).shares.push_back(share);
}

void FakeNetwork::setAddresses(const std::string& host, std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex_);
    addresses_.insert_or_assign(host, std::move(addresses));
}

std::vector<std::string> FakeNetwork::addressesOf(const std::string& host) {
    const std::lock_guard lock(mutex_);
    const auto place = addresses_.find(host);
    if (place != addresses_.end()) {
        return place->second;
    }
    hostOf(host);
    return {"192.0.2.1"};
}

void FakeNetwork::setDfsRoot(const std::string& share) {
    const std::lock_guard lock(mutex_);
    dfsRoots_.insert(share);
}

bool FakeNetwork::isDfsRoot(const std::string& share) {
    const std::lock_guard lock(mutex_);
    return dfsRoots_.contains(share);
}

std::vector<BootClock::time_point> FakeNetwork::connectTimes(const std::string& host) const {
    const std::lock_guard lock(mutex_);
    return hosts_.at(host).connectTimes;
}

std::vector<std::string> FakeNetwork::users(const std::string& host) const {
    const std::lock_guard lock(mutex_);
    return hosts_.at(host).users;
}

/// Forwards to the server, then lets the agent's fate come over it.
class FakeBackend::FatedChannel final : public Channel {
  public:
    FatedChannel(FakeNetwork& network, int socket, std::unique_ptr<Channel> server)
        : network_(network), socket_(socket), server_(std::move(server)) {}

    Stub call(std::uint16_t opnum,
              std::span<const std::byte> stub,
              std::chrono::milliseconds timeout) override {
        Stub reply = server_->call(opnum, stub, timeout);
        const std::optional<AgentFate> fate = network_.fateAfter(opnum);
        if (!fate) {
            return reply;
        }
        if (fate->began) {
            fate->began();
        }
        if (fate->kind == AgentFate::Kind::Killed) {
            ::shutdown(socket_, SHUT_RDWR);
        } else {
            pollfd hangUp{socket_, POLLRDHUP, 0};
            ::poll(&hangUp, 1, -1);
        }
        throw Error(Errc::Unreachable, "the fake agent is gone");
    }

  private:
    FakeNetwork& network_;
    int socket_;
    std::unique_ptr<Channel> server_;
};

smb::Pipe FakeBackend::openPipe(const Access& access, std::chrono::milliseconds) {
    FssServer& peer = network_.opened(access.server, access.login);
    {
        const std::lock_guard lock(mutex_);
        server_ = &peer;
    }
    return {std::make_unique<FatedChannel>(network_, socket_, peer.connect()), access.login.user};
}

std::vector<std::string> FakeBackend::listShares(const Access& access, std::chrono::milliseconds) {
    return network_.shareNames(access.server);
}

std::vector<std::string> FakeBackend::listGmtDirectories(const Access& access,
                                                         const std::string& share,
                                                         std::chrono::milliseconds) {
    return network_.directories(access.server, share);
}

std::vector<std::string> FakeBackend::resolve(const std::string& host) {
    return network_.addressesOf(host);
}

Greeting FakeBackend::greet(const ServerId& server, std::chrono::milliseconds) {
    Greeting greeting;
    greeting.address = network_.addressesOf(server.host).front();
    greeting.dialect = "3.1.1";
    greeting.canEncrypt = true;
    greeting.requiresSigning = true;
    greeting.clockAhead = network_.clockAhead();
    return greeting;
}

Tickets FakeBackend::getTickets(const Login& login) {
    return {login.user + "@LAB.EXAMPLE", std::chrono::hours(10)};
}

bool FakeBackend::isDfsRoot(const Access&, const std::string& share, std::chrono::milliseconds) {
    return network_.isDfsRoot(share);
}

smb::SharePresence
FakeBackend::probeShare(const Access& access, const std::string& share, std::chrono::milliseconds) {
    const std::vector<std::string> names = network_.shareNames(access.server);
    const bool isThere = std::find(names.begin(), names.end(), share) != names.end();
    return isThere ? smb::SharePresence::Present : smb::SharePresence::Absent;
}

void FakeBackend::cut() {
    const std::lock_guard lock(mutex_);
    if (server_ != nullptr) {
        server_->cutConnections();
    }
}

} // namespace fsrvp::fakes
