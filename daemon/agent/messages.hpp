// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/access.hpp"
#include "daemon/model/greeting.hpp"
#include "daemon/model/tickets.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What fsrvpd and fsrvp-agent say to each other: one JSON object a packet on a SOCK_SEQPACKET,
/// a request and then its reply, one at a time.
namespace fsrvp::agent {

/// Opens the FSRVP pipe and asks for the protocol's versions. Once in an agent's life: it fixes
/// whom it speaks to, and as whom.
struct Connect {
    Access access;
};

/// What a host name means. Needs no Connect; so do Greet and GetTickets not.
struct Resolve {
    std::string host;
};

/// Has the server say which SMB it speaks, before anybody logs in.
struct Greet {
    ServerId server;
};

/// Looks whether the login gets Kerberos tickets, and as whom.
struct GetTickets {
    Login login;
};

/// One FSRVP operation, by its name in the specification; `in` as ndr::ToJson writes it.
struct Operation {
    std::string name;
    nlohmann::json in;
};

/// The server's shares in the order of their bytes, `limit` at most, and as many as fit in a
/// packet.
struct ListShares {
    std::uint32_t limit = 0;
    std::string after; ///< only what comes after it: the last name of the page before
};

/// Whether the server has a share of that name.
struct ProbeShare {
    std::string share;
};

/// Whether that share is the root of a DFS namespace; the answer is Probed.
struct AskForDfs {
    std::string share;
};

/// The directories in a share's root that are named as snapshots are (model/gmt_name.hpp), from the
/// name `first` to `last`, the newest if they are many.
struct ListGmtDirectories {
    std::string share;
    std::string first;
    std::string last;
};

struct Request {
    std::variant<Connect,
                 Resolve,
                 Greet,
                 GetTickets,
                 Operation,
                 ListShares,
                 ProbeShare,
                 AskForDfs,
                 ListGmtDirectories>
        call;
    std::chrono::milliseconds timeout{}; ///< the agent ends itself a little later
};

struct Connected {
    std::uint32_t minVersion = 0;
    std::uint32_t maxVersion = 0;
    std::string identity; ///< who we are to the server: "LAB\\backup", "host$@LAB.EXAMPLE"
};

struct Addresses {
    std::vector<std::string> addresses; ///< as text, in the resolver's order; never empty
};

/// `out` as ndr::ToJson writes it; present on errors of the server too.
struct OperationResult {
    nlohmann::json out;
    std::uint32_t hresult = 0;
};

struct Shares {
    std::vector<std::string> names;
    bool more = false;
};

struct Probed {
    bool present = false;
};

struct GmtDirectories {
    std::vector<std::string> names; ///< the oldest first
};

/// Error: the call did not get an answer from FSRVP (no connection, an RPC fault, bad input).
using Answer = std::variant<Connected,
                            Addresses,
                            Greeting,
                            Tickets,
                            OperationResult,
                            Shares,
                            Probed,
                            GmtDirectories,
                            Error>;

/// The packet. One with a Login holds secrets: wipe() it after use.
std::string encode(const Request& request);
std::string encode(const Answer& answer);

/// @throws Error(Protocol) for anything that encode() does not write
Request decodeRequest(std::string_view packet);
Answer decodeAnswer(std::string_view packet);

} // namespace fsrvp::agent
