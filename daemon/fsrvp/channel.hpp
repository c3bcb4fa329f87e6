// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/stub.hpp"

#include <chrono>
#include <cstdint>
#include <span>

namespace fsrvp {

/// A bound connection to a server's FSRVP interface: the seam between the protocol and what
/// carries it. Blocking; one call at a time.
class Channel {
  public:
    virtual ~Channel() = default;

    /// Sends one request's stub and gives the response's.
    /// @throws Error(Unreachable)  the connection is gone; whether the server acted is unknown
    /// @throws Error(TimedOut)     likewise, after `timeout`
    /// @throws Error(AccessDenied, NotSupported, Protocol, …)  the server answered with an RPC
    /// fault After any of them but a fault the channel is unusable.
    virtual Stub call(std::uint16_t opnum,
                      std::span<const std::byte> stub,
                      std::chrono::milliseconds timeout) = 0;
};

/// One typed call.
template <class Op>
Reply<Op> call(Channel& channel, const typename Op::In& in, std::chrono::milliseconds timeout) {
    return decodeReply<Op>(channel.call(Op::opnum, encodeRequest<Op>(in), timeout));
}

} // namespace fsrvp
