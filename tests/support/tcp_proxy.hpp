// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace fsrvp::test {

/// Carries SMB connections to a server on loopback, and stops at a chosen message. While it holds,
/// connections stay open and nothing passes in either direction.
class TcpProxy {
  public:
    explicit TcpProxy(std::uint16_t server);
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    /// The nth message from a client from now on (1: the next) does not reach the server. While
    /// there are connections, only theirs count, not those of later ones. False when there are
    /// none; the same of the next two.
    bool holdRequest(std::size_t nth);
    /// The nth message reaches the server, what that answers does not reach the client.
    bool holdReply(std::size_t nth);
    /// Holds nothing, and counts what holdRequest() would.
    bool count();
    /// Messages from clients since count().
    std::size_t counted() const;
    /// Whether the message has come; of a reply, that the server has done what it was told.
    bool isHeld() const;
    /// False when it is not within ten seconds.
    bool waitUntilHeld() const;
    /// Passes on the request that is held; now it is its answer that does not reach the client.
    void letRequestGo();
    /// Passes on what is held, and all that comes after it.
    void letGo();
    /// The same, with bits of the answer's body flipped.
    void garble();
    /// Ends all connections, with what is held; new ones pass everything. Both is so on return.
    void cut();

  private:
    struct Link {
        UniqueFd client;
        UniqueFd server;
        std::string toServer; ///< read, and not a whole message yet, or held
        std::string toClient;
        std::size_t number = 0; ///< 1: the first connection
    };

    static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t kFarAway = kNever - 1; // counted down, and never reached

    void run();
    bool arm(std::size_t nth, bool passesRequest);
    /// Has the thread do what the flag says, and waits until it has taken it back.
    void tell(bool& flag);
    void accept();
    bool fromClient(Link& link);
    bool fromServer(Link& link);
    bool passRequests(Link& link);
    bool passReplies(Link& link);
    /// Does what other threads have asked for. False when that is the end.
    bool obey();

    std::uint16_t server_;
    std::uint16_t port_ = 0;
    UniqueFd listener_;
    UniqueFd wakeUp_;
    std::list<Link> links_; ///< of the thread; changed under the lock
    std::size_t accepted_ = 0;

    mutable std::mutex mutex_; ///< guards what follows
    bool stopping_ = false;
    bool cutting_ = false;
    bool lettingGo_ = false;
    bool lettingRequestGo_ = false;
    bool garbling_ = false;
    std::size_t left_ = kNever;        ///< messages that still pass
    std::size_t lastCounted_ = kNever; ///< of the connections
    bool passesRequest_ = false;
    bool holds_ = false;
    bool held_ = false;

    std::thread thread_; ///< last: it uses all the others
};

} // namespace fsrvp::test
