// SPDX-License-Identifier: GPL-3.0-or-later
// Stubs as a hostile server (or client) may send them. The first byte picks one of the 26 messages
// as allMessages() orders them, the rest is its stub.
#include "daemon/base/error.hpp"
#include "tests/unit/daemon/fsrvp/any_message.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace {

using namespace fsrvp;

void demand(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_ndr: %s\n", what);
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

void check(const AnyMessage& message, std::span<const std::byte> stub) {
    const auto canonical = unlessRefused([&] { return message.again(stub); });
    if (!canonical) {
        return;
    }
    // Pad bytes and a string's maximum count are not kept, so only from our own encoding on are
    // the bytes the same.
    const auto again = unlessRefused([&] { return message.again(*canonical); });
    demand(again == canonical, "our own encoding decodes to something else");
    demand(canonical->size() == stub.size(), "a stub and its encoding differ in length");

    // A string with a lone surrogate has no JSON; everything else comes back from it.
    const auto json = unlessRefused([&] { return message.toJson(stub); });
    if (json) {
        demand(message.toJson(*canonical) == *json, "encoding changes a value");
        const auto fromJson = unlessRefused([&] { return message.fromJson(*json); });
        demand(fromJson.has_value(), "our own JSON is refused");
        demand(message.toJson(*fromJson) == *json, "JSON changes a value");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return -1;
    }
    const auto messages = allMessages();
    check(messages[data[0] % messages.size()], std::as_bytes(std::span(data, size)).subspan(1));
    return 0;
}
