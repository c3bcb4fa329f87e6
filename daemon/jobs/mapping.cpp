// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/mapping.hpp"

#include "daemon/base/utf16.hpp"

namespace fsrvp::jobs {
namespace {

/// FILETIME: 100 ns since 1601-01-01 UTC.
TimeUs fromFileTime(std::int64_t ticks) {
    constexpr std::chrono::seconds kEpoch{11644473600};
    return TimeUs(std::chrono::microseconds(ticks / 10) - kEpoch);
}

} // namespace

std::optional<Mapping> mappingIn(const GetShareMapping::Out& reply) {
    const auto& told = reply.shareMapping1.value;
    if (!told || !told->shadowCopyShareName.value) {
        return std::nullopt;
    }
    Mapping mapping;
    mapping.exposed = exposedShareName(toUtf8(*told->shadowCopyShareName.value));
    mapping.created = fromFileTime(told->creationTimestamp);
    return mapping;
}

Task<std::optional<Mapping>>
askMapping(ServerSession& session, Guid setId, Guid copyId, Unc source) {
    GetShareMapping::In in;
    in.shadowCopyId = copyId;
    in.shadowCopySetId = setId;
    in.shareName = toUtf16(source.wire());
    const auto reply = co_await session.call<GetShareMapping>(in);
    const Reaction reaction = reactionTo(GetShareMapping::opnum, reply.hresult);
    if (reaction == Reaction::UnknownSet) {
        co_return std::nullopt;
    }
    if (reply.hresult == hresult::kNotExposedYet) {
        co_return Mapping();
    }
    if (reaction != Reaction::Done) {
        throw session.failure<GetShareMapping>(reply.hresult);
    }
    co_return mappingIn(reply.out).value_or(Mapping());
}

} // namespace fsrvp::jobs
