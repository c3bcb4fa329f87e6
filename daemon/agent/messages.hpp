// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/login.hpp"
#include "daemon/model/server_id.hpp"

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

/// Opens the FSRVP pipe and asks for the protocol's versions. The first request of an agent, once:
/// it fixes server and login for its whole life.
struct Connect {
    ServerId server;
    Login login;
};

/// One FSRVP operation, by its name in the specification; `in` as ndr::ToJson writes it.
struct Operation {
    std::string name;
    nlohmann::json in;
};

/// The server's shares in alphabetical order, `limit` at most.
struct ListShares {
    std::uint32_t limit = 0;
};

/// Whether the server has a share of that name.
struct ProbeShare {
    std::string share;
};

struct Request {
    std::variant<Connect, Operation, ListShares, ProbeShare> call;
    std::chrono::milliseconds timeout{}; ///< the agent ends itself a little later
};

struct Connected {
    std::uint32_t minVersion = 0;
    std::uint32_t maxVersion = 0;
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

/// Error: the call did not get an answer from FSRVP (no connection, an RPC fault, bad input).
using Answer = std::variant<Connected, OperationResult, Shares, Probed, Error>;

/// The packet. That of a Connect holds the password: wipe() it after use.
std::string encode(const Request& request);
std::string encode(const Answer& answer);

/// @throws Error(Protocol) for anything that encode() does not write
Request decodeRequest(std::string_view packet);
Answer decodeAnswer(std::string_view packet);

} // namespace fsrvp::agent
