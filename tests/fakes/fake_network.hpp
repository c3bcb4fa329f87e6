// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/boot_clock.hpp"
#include "daemon/base/error.hpp"
#include "daemon/smb/backend.hpp"
#include "tests/fakes/fss_server.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::fakes {

/// What becomes of an agent right after its server has acted on a call.
struct AgentFate {
    enum class Kind {
        Killed, ///< it ends, as by SIGKILL
        Held,   ///< it keeps the answer to itself until the daemon hangs up
    };
    Kind kind = Kind::Killed;
    std::function<void()> began; ///< called in the agent's thread when it comes to that
};

/// The file servers of a test, by host name, and what happens to agents that speak to them. All
/// members may be called from any thread.
class FakeNetwork {
  public:
    FakeNetwork() = default;
    FakeNetwork(const FakeNetwork&) = delete;
    FakeNetwork& operator=(const FakeNetwork&) = delete;

    /// Adds a server with these shares, each on a volume of its own. It lives as long as this.
    FssServer&
    addServer(const std::string& host, std::vector<std::string> shares, FssOptions options = {});
    FssServer& server(const std::string& host) const;
    std::vector<std::string> hosts() const;

    /// The nth call of Op from now (1: the next) on any server has that fate, once.
    template <class Op> void afterCall(AgentFate fate, unsigned nth = 1) {
        addFate(Op::opnum, std::move(fate), nth);
    }

    bool hasFates() const;
    /// The next question for shares, listing, probing or looking into one, ends with this error.
    void failShareQuestion(const Error& error);

    /// What resolving that name gives; a host that was added has 192.0.2.1 unless told otherwise.
    void setAddresses(const std::string& host, std::vector<std::string> addresses);

    /// The server also lists a share of that name, of which its FSRVP knows nothing.
    void addShareName(const std::string& host, const std::string& share);

    /// Shares of that name, on every server, are roots of DFS namespaces.
    void setDfsRoot(const std::string& share);

    /// How far the clocks of all servers are before ours, as they say when greeted.
    void setClockAhead(std::chrono::seconds ahead);

    /// When openPipe() was called for that host, and with which user names.
    std::vector<BootClock::time_point> connectTimes(const std::string& host) const;
    std::vector<std::string> users(const std::string& host) const;

  private:
    friend class FakeBackend;

    struct Host {
        std::unique_ptr<FssServer> server;
        std::vector<std::string> shares;
        std::vector<BootClock::time_point> connectTimes;
        std::vector<std::string> users;
    };

    void addFate(std::uint16_t opnum, AgentFate fate, unsigned nth);
    std::optional<AgentFate> fateAfter(std::uint16_t opnum);
    FssServer& opened(const ServerId& server, const Login& login);
    void failIfTold();
    std::vector<std::string> shareNames(const ServerId& server);
    std::vector<std::string> directories(const ServerId& server, const std::string& share);
    std::chrono::seconds clockAhead() const;
    std::vector<std::string> addressesOf(const std::string& host);
    bool isDfsRoot(const std::string& share);
    Host& hostOf(const std::string& host);

    mutable std::mutex mutex_;
    // All below is guarded by mutex_.
    std::map<std::string, Host> hosts_;
    std::map<std::string, std::vector<std::string>> addresses_;
    std::set<std::string> dfsRoots_;
    std::map<std::uint16_t, std::pair<unsigned, AgentFate>> fates_; // calls left until it comes
    std::optional<Error> shareQuestionError_;
    std::chrono::seconds clockAhead_{0};
};

/// An agent's view of the network, through its socket's other end.
class FakeBackend final : public smb::Backend {
  public:
    /// @param socket  the agent's end, borrowed: how it knows that the daemon hung up, and dies
    FakeBackend(FakeNetwork& network, int socket) : network_(network), socket_(socket) {}

    smb::Pipe openPipe(const Access& access, std::chrono::milliseconds timeout) override;
    std::vector<std::string> resolve(const std::string& host) override;
    Greeting greet(const ServerId& server, std::chrono::milliseconds timeout) override;
    Tickets getTickets(const Login& login) override;
    bool isDfsRoot(const Access& access,
                   const std::string& share,
                   std::chrono::milliseconds timeout) override;
    std::vector<std::string> listShares(const Access& access,
                                        std::chrono::milliseconds timeout) override;
    std::vector<std::string> listGmtDirectories(const Access& access,
                                                const std::string& share,
                                                std::chrono::milliseconds timeout) override;
    smb::SharePresence probeShare(const Access& access,
                                  const std::string& share,
                                  std::chrono::milliseconds timeout) override;

    /// Ends the agent's connection, also one that hangs in a call. From any thread.
    void cut();

  private:
    class FatedChannel;

    FakeNetwork& network_;
    int socket_;
    std::mutex mutex_;
    FssServer* server_ = nullptr; // guarded by mutex_
};

} // namespace fsrvp::fakes
