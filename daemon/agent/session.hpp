// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/agent/messages.hpp"
#include "daemon/smb/backend.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::agent {

/// The agent's side: carries out requests on a backend. Knows no process and no socket.
class Session {
  public:
    explicit Session(smb::Backend& backend) noexcept : backend_(backend) {}

    /// Never throws for what the request or the server did: that is an Error in the reply.
    Answer handle(const Request& request);

  private:
    Answer run(const Connect& call, std::chrono::milliseconds timeout);
    Answer run(const Resolve& call, std::chrono::milliseconds timeout);
    Answer run(const Greet& call, std::chrono::milliseconds timeout);
    Answer run(const GetTickets& call, std::chrono::milliseconds timeout);
    Answer run(const Operation& call, std::chrono::milliseconds timeout);
    Answer run(const ListShares& call, std::chrono::milliseconds timeout);
    Answer run(const ProbeShare& call, std::chrono::milliseconds timeout);
    Answer run(const AskForDfs& call, std::chrono::milliseconds timeout);
    Answer run(const ListGmtDirectories& call, std::chrono::milliseconds timeout);
    const Access& access() const;

    smb::Backend& backend_;
    std::optional<Access> access_; ///< since Connect
    std::unique_ptr<Channel> channel_;
    std::vector<std::string> shares_; ///< sorted, as the server said last
};

/// Reads requests from the socket and answers them until the other side hangs up.
/// `onRequest` is told of each request's time-out before it is carried out, and of its end (0).
void serve(int socket,
           smb::Backend& backend,
           const std::function<void(std::chrono::milliseconds)>& onRequest);

} // namespace fsrvp::agent
