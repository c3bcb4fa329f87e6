// SPDX-License-Identifier: GPL-3.0-or-later

// What each operation does and answers.

#include "daemon/base/error.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/utf16.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/model/context.hpp"
#include "tests/fakes/fss_state.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace fsrvp::fakes {
namespace {

constexpr std::array<std::uint32_t, 4> kContexts{0x00, 0x09, 0x10, 0x19};
// Seconds from 1601-01-01, where the server's timestamps begin, to 1970-01-01.
constexpr std::int64_t kSecondsTo1970 = 11'644'473'600;

/// The share's part of a UNC as Samba cuts it: any host, and what comes behind the share dropped.
std::optional<std::string> shareOf(std::u16string_view unc) {
    std::string text;
    try {
        text = toUtf8(unc);
    } catch (const Error&) {
        return std::nullopt;
    }
    if (!text.starts_with("\\\\")) {
        return std::nullopt;
    }
    const std::size_t afterHost = text.find('\\', 2);
    if (afterHost == std::string::npos || afterHost == 2) {
        return std::nullopt;
    }
    const std::size_t end = text.find('\\', afterHost + 1);
    std::string share = text.substr(afterHost + 1, end - afterHost - 1);
    return share.empty() ? std::nullopt : std::optional(std::move(share));
}

FssCopy* findCopy(FssSet& set, const Guid& id) {
    const auto at = std::find_if(
        set.copies.begin(), set.copies.end(), [&id](const FssCopy& copy) { return copy.id == id; });
    return at == set.copies.end() ? nullptr : &*at;
}

bool isOfShare(const FssCopy& copy, std::u16string_view unc) {
    const std::optional<std::string> share = shareOf(unc);
    return share && asciiLower(*share) == asciiLower(copy.share);
}

std::string exposedName(const FssCopy& copy) {
    return copy.share + "@{" + copy.id.text() + "}" + (copy.share.ends_with('$') ? "$" : "");
}

} // namespace

FssSet* FssState::findSet(const Guid& id) {
    const auto at =
        std::find_if(sets_.begin(), sets_.end(), [&id](const FssSet& set) { return set.id == id; });
    return at == sets_.end() ? nullptr : &*at;
}

const FssShare* FssState::findShare(std::u16string_view unc) const {
    const std::optional<std::string> name = shareOf(unc);
    if (!name) {
        return nullptr;
    }
    const auto at = std::find_if(shares_.begin(), shares_.end(), [&name](const FssShare& share) {
        return asciiLower(share.name) == asciiLower(*name);
    });
    return at == shares_.end() ? nullptr : &*at;
}

const std::string& FssState::volumeOf(const std::string& share) const {
    return std::find_if(shares_.begin(),
                        shares_.end(),
                        [&share](const FssShare& known) { return known.name == share; })
        ->volume;
}

bool FssState::takeSnapshot(const FssSet& set, const FssCopy& copy) {
    // vfs_btrfs names the snapshot by the second of the Add, inside the volume.
    const bool isTaken = std::any_of(disk_.begin(), disk_.end(), [&](const FssSnapshot& other) {
        return other.time == copy.added && volumeOf(other.share) == volumeOf(copy.share);
    });
    const bool isBroken =
        std::any_of(shares_.begin(), shares_.end(), [&copy](const FssShare& share) {
            return share.name == copy.share && share.snapshots == FssShare::Snapshots::Failing;
        });
    if (isTaken || isBroken) {
        return false;
    }
    const bool writable = (set.context & kAttrAutoRecovery) != 0;
    disk_.push_back({copy.id,
                     copy.share,
                     copy.added,
                     writable ? FssSnapshot::Mode::ReadWrite : FssSnapshot::Mode::ReadOnly});
    return true;
}

ndr::Unique<ShareMapping1> FssState::mappingOf(const FssSet& set, const FssCopy& copy) const {
    const std::string host = "\\\\" + options_.netbiosName + "\\";
    const bool asUnc = options_.exposedName == FssOptions::ExposedName::Unc;
    ShareMapping1 mapping;
    mapping.shadowCopySetId = set.id;
    mapping.shadowCopyId = copy.id;
    mapping.shareNameUnc = ndr::UniqueString(toUtf16(host + copy.share));
    mapping.shadowCopyShareName = ndr::UniqueString(toUtf16((asUnc ? host : "") + copy.exposed));
    mapping.creationTimestamp =
        (copy.added.time_since_epoch().count() + kSecondsTo1970) * 10'000'000;
    return ndr::Unique<ShareMapping1>(std::move(mapping));
}

std::uint32_t FssState::act(GetSupportedVersion, const Nothing&, GetSupportedVersion::Out& out) {
    out.minVersion = 1;
    out.maxVersion = 1;
    return hresult::kOk;
}

std::uint32_t FssState::act(SetContext, const SetContext::In& in, Nothing&) {
    const std::uint32_t base = in.context & ~kAttrAutoRecovery;
    if (std::find(kContexts.begin(), kContexts.end(), base) == kContexts.end()) {
        return hresult::kInvalidArgument;
    }
    context_ = in.context;
    return hresult::kOk;
}

std::uint32_t
FssState::act(StartShadowCopySet, const StartShadowCopySet::In&, StartShadowCopySet::Out& out) {
    if (!context_) {
        return hresult::kBadState;
    }
    if (std::any_of(sets_.begin(), sets_.end(), isBeforeExposed)) {
        return hresult::kSetInProgress;
    }
    FssSet set;
    set.id = Guid::random();
    set.context = *context_;
    out.shadowCopySetId = set.id;
    sets_.push_back(std::move(set));
    return hresult::kOk;
}

std::uint32_t
FssState::act(AddToShadowCopySet, const AddToShadowCopySet::In& in, AddToShadowCopySet::Out& out) {
    FssSet* const set = findSet(in.shadowCopySetId);
    const FssShare* const share = findShare(in.shareName);
    if (set == nullptr || share == nullptr) {
        return hresult::kInvalidArgument;
    }
    if (share->snapshots == FssShare::Snapshots::Unsupported) {
        return hresult::kNotSupported;
    }
    if (set->state > FssSetState::Added) {
        return hresult::kBadState;
    }
    const bool sameVolume =
        std::any_of(set->copies.begin(), set->copies.end(), [this, share](const FssCopy& copy) {
            return volumeOf(copy.share) == share->volume;
        });
    if (sameVolume) {
        return hresult::kObjectAlreadyExists;
    }
    set->copies.push_back({Guid::random(), share->name, options_.clock(), ""});
    set->state = FssSetState::Added;
    out.shadowCopyId = set->copies.back().id;
    return hresult::kOk;
}

std::uint32_t FssState::act(PrepareShadowCopySet, const SetAndTimeout& in, Nothing&) {
    const FssSet* const set = findSet(in.shadowCopySetId);
    if (set == nullptr) {
        return hresult::kInvalidArgument;
    }
    return set->state == FssSetState::Added ? hresult::kOk : hresult::kBadState;
}

std::uint32_t FssState::act(CommitShadowCopySet, const SetAndTimeout& in, Nothing&) {
    FssSet* const set = findSet(in.shadowCopySetId);
    if (set == nullptr) {
        return hresult::kInvalidArgument;
    }
    if (set->state != FssSetState::Added) {
        return hresult::kBadState;
    }
    // All copies are tried; what was taken stays on the disk although the set goes back to Added.
    bool allTaken = true;
    for (const FssCopy& copy : set->copies) {
        allTaken = takeSnapshot(*set, copy) && allTaken;
    }
    if (!allTaken) {
        return hresult::kFail;
    }
    set->state = FssSetState::Committed;
    return hresult::kOk;
}

std::uint32_t FssState::act(ExposeShadowCopySet, const SetAndTimeout& in, Nothing&) {
    FssSet* const set = findSet(in.shadowCopySetId);
    if (set == nullptr) {
        return hresult::kInvalidArgument;
    }
    if (set->state != FssSetState::Committed) {
        return hresult::kBadState;
    }
    for (FssCopy& copy : set->copies) {
        copy.exposed = exposedName(copy);
        exposed_.push_back(copy.exposed);
    }
    set->state = FssSetState::Exposed;
    return hresult::kOk;
}

std::uint32_t FssState::act(RecoveryCompleteShadowCopySet, const SetOnly& in, Nothing&) {
    FssSet* const set = findSet(in.shadowCopySetId);
    if (set == nullptr) {
        return hresult::kInvalidArgument;
    }
    if (set->state != FssSetState::Exposed) {
        return hresult::kBadState;
    }
    set->state = FssSetState::Recovered;
    context_.reset();
    return hresult::kOk;
}

std::uint32_t FssState::act(AbortShadowCopySet, const SetOnly& in, Nothing&) {
    const FssSet* const set = findSet(in.shadowCopySetId);
    if (set == nullptr) {
        return hresult::kInvalidArgument;
    }
    // From Committed on, Samba says yes and does nothing.
    if (set->state < FssSetState::Committed) {
        std::erase_if(sets_, [&in](const FssSet& s) { return s.id == in.shadowCopySetId; });
    }
    return hresult::kOk;
}

std::uint32_t FssState::act(IsPathSupported, const ShareOnly& in, IsPathSupported::Out& out) {
    const FssShare* const share = findShare(in.shareName);
    if (share == nullptr) {
        return hresult::kInvalidArgument;
    }
    if (share->snapshots == FssShare::Snapshots::Unsupported) {
        return hresult::kNotSupported;
    }
    out.supportedByThisProvider.raw = 1;
    out.ownerMachineName = ndr::UniqueString(toUtf16(options_.netbiosName));
    return hresult::kOk;
}

std::uint32_t FssState::act(IsPathShadowCopied, const ShareOnly&, IsPathShadowCopied::Out&) {
    return hresult::kNotSupported;
}

std::uint32_t
FssState::act(GetShareMapping, const GetShareMapping::In& in, GetShareMapping::Out& out) {
    out.level = in.level;
    FssSet* const set = findSet(in.shadowCopySetId);
    if (set == nullptr) {
        return hresult::kInvalidArgument;
    }
    if (isBeforeExposed(*set)) {
        return hresult::kNotExposedYet;
    }
    const FssCopy* const copy = findCopy(*set, in.shadowCopyId);
    if (copy == nullptr || !isOfShare(*copy, in.shareName) || in.level != 1) {
        return hresult::kInvalidArgument;
    }
    out.shareMapping1 = mappingOf(*set, *copy);
    return hresult::kOk;
}

std::uint32_t FssState::act(DeleteShareMapping, const DeleteShareMapping::In& in, Nothing&) {
    FssSet* const set = findSet(in.shadowCopySetId);
    if (set == nullptr) {
        return hresult::kObjectNotFound;
    }
    if (isBeforeExposed(*set)) {
        return hresult::kBadState;
    }
    const FssCopy* const copy = findCopy(*set, in.shadowCopyId);
    if (copy == nullptr || !isOfShare(*copy, in.shareName)) {
        return hresult::kInvalidArgument;
    }
    // In Samba's order: the share goes first, and stays gone when the snapshot can't be deleted.
    std::erase(exposed_, copy->exposed);
    const std::size_t erased = std::erase_if(
        disk_, [&in](const FssSnapshot& s) { return s.shadowCopyId == in.shadowCopyId; });
    if (erased == 0) {
        return hresult::kFail;
    }
    std::erase_if(set->copies, [&in](const FssCopy& c) { return c.id == in.shadowCopyId; });
    if (set->copies.empty()) {
        std::erase_if(sets_, [&in](const FssSet& s) { return s.id == in.shadowCopySetId; });
    }
    return hresult::kOk;
}

} // namespace fsrvp::fakes
