// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/ndr/codec.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace fsrvp {

using Stub = std::vector<std::byte>;

/// A response: its out parameters, which are present on errors too, and its HRESULT. Success is 0
/// and nothing else (FSRVP_E_WAIT_TIMEOUT has no top bit).
template <class Op> struct Reply {
    typename Op::Out out;
    std::uint32_t hresult = 0;
};

template <class Op> Stub encodeRequest(const typename Op::In& in) {
    ndr::Writer writer;
    ndr::Encoder encoder(writer);
    Op::In::fields(encoder, in);
    return std::move(writer).take();
}

template <class Op> Stub encodeReply(const Reply<Op>& reply) {
    ndr::Writer writer;
    ndr::Encoder encoder(writer);
    Op::Out::fields(encoder, reply.out);
    writer.u32(reply.hresult);
    return std::move(writer).take();
}

/// @throws Error(Protocol)
template <class Op> typename Op::In decodeRequest(std::span<const std::byte> stub) {
    typename Op::In in;
    ndr::Reader reader(stub);
    ndr::Decoder decoder(reader);
    Op::In::fields(decoder, in);
    reader.expectEnd();
    return in;
}

/// @throws Error(Protocol)
template <class Op> Reply<Op> decodeReply(std::span<const std::byte> stub) {
    Reply<Op> reply;
    ndr::Reader reader(stub);
    ndr::Decoder decoder(reader);
    Op::Out::fields(decoder, reply.out);
    reply.hresult = reader.u32();
    reader.expectEnd();
    return reply;
}

} // namespace fsrvp
