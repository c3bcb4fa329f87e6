// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fss_state.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/text.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/model/gmt_name.hpp"

#include <algorithm>
#include <utility>

namespace fsrvp::fakes {
namespace {

std::function<FssTime()> steppingClock() {
    using namespace std::chrono;
    return [now = FssTime(sys_days(year(2026) / 1 / 1))]() mutable {
        return std::exchange(now, now + seconds(2));
    };
}

/// Calls fn.template operator()<Op>() for that operation.
template <class Fn> void withOperation(std::uint16_t opnum, Fn&& fn) {
    if (opnum >= kOperationCount) {
        // nca_s_op_rng_error
        throw Error(Errc::NotSupported, "the server has no operation " + std::to_string(opnum));
    }
    forEachOperation([&]<class Op>() {
        if (Op::opnum == opnum) {
            fn.template operator()<Op>();
        }
    });
}

} // namespace

FssState::FssState(FssOptions options) : options_(std::move(options)) {
    if (!options_.clock) {
        options_.clock = steppingClock();
    }
}

Stub FssState::answer(std::uint16_t opnum, std::span<const std::byte> stub) {
    Stub reply;
    withOperation(opnum, [&]<class Op>() {
        const typename Op::In in = decodeRequest<Op>(stub);
        Reply<Op> typed;
        typed.hresult =
            access_ == FssAccess::Denied ? hresult::kAccessDenied : act(Op{}, in, typed.out);
        reply = encodeReply<Op>(typed);
    });
    return reply;
}

Stub FssState::refusal(std::uint16_t opnum, std::uint32_t hresult) {
    Stub reply;
    withOperation(opnum, [&]<class Op>() {
        Reply<Op> typed;
        typed.hresult = hresult;
        reply = encodeReply<Op>(typed);
    });
    return reply;
}

void FssState::addShare(FssShare share) {
    if (share.volume.empty()) {
        share.volume = "volume of " + share.name;
    }
    shares_.push_back(std::move(share));
}

void FssState::breakShare(const std::string& name) {
    for (FssShare& share : shares_) {
        if (share.name == name) {
            share.snapshots = FssShare::Snapshots::Failing;
        }
    }
}

void FssState::removeExposedShare(const std::string& name) {
    std::erase(exposed_, name);
}

void FssState::removeFromDisk(const Guid& shadowCopyId) {
    std::erase_if(disk_, [&](const FssSnapshot& s) { return s.shadowCopyId == shadowCopyId; });
}

void FssState::expireSequence() {
    std::erase_if(sets_, isBeforeExposed);
    context_.reset();
}

void FssState::restartWorker() {
    std::erase_if(sets_, [](const FssSet& set) { return set.state < FssSetState::Committed; });
    context_.reset();
}

void FssState::forgetSets() {
    sets_.clear();
    context_.reset();
}

std::vector<std::string> FssState::directories(const std::string& share) const {
    std::vector<std::string> names;
    for (const FssSnapshot& snapshot : disk_) {
        const bool isOfShare = asciiLower(snapshot.share) == asciiLower(share);
        if (isOfShare && options_.directories == FssOptions::Directories::Shown) {
            names.push_back(gmtName(snapshot.time));
        }
    }
    return names;
}

} // namespace fsrvp::fakes
