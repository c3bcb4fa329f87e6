// SPDX-License-Identifier: GPL-3.0-or-later
// Packets as the other process on an agent's socket may send them. The first byte says whose they
// are: even a request's, odd an answer's.
#include "daemon/agent/messages.hpp"
#include "daemon/base/packet.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace fsrvp;
using namespace fsrvp::agent;

void demand(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_agent_messages: %s\n", what);
        std::abort();
    }
}

/// What fn gives, or nothing when it refuses; any exception but Error(Protocol) is a finding.
template <class Fn> auto unlessRefused(Fn&& fn) -> std::optional<decltype(fn())> {
    try {
        return fn();
    } catch (const Error& error) {
        demand(error.code() == Errc::Protocol, "an error that is not a protocol error");
        return std::nullopt;
    }
}

/// A message that is taken is the same after our own encoding.
template <class Decode> void check(std::string_view packet, Decode decode) {
    const auto message = unlessRefused([&] { return decode(packet); });
    if (!message) {
        return;
    }
    const std::string canonical = encode(*message);
    const auto again = unlessRefused([&] { return decode(canonical); });
    // Escapes may make it longer than what was read.
    if (canonical.size() <= kMaxPacket) {
        demand(again.has_value(), "our own encoding is refused");
        demand(encode(*again) == canonical, "encoding changes a message");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return -1;
    }
    const std::string_view packet(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] % 2 == 0) {
        check(packet, decodeRequest);
    } else {
        check(packet, decodeAnswer);
    }
    return 0;
}
