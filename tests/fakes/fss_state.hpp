// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "daemon/fsrvp/stub.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::fakes {

using FssTime = std::chrono::sys_time<std::chrono::seconds>;

/// A share of the fake server.
struct FssShare {
    std::string name;
    std::string volume; ///< empty: one of its own
    /// Failing: only the commit shows it.
    enum class Snapshots { Supported, Unsupported, Failing } snapshots = Snapshots::Supported;
};

enum class FssAccess { Granted, Denied };

struct FssOptions {
    /// OwnerMachineName, and the host in ShareNameUNC.
    std::string netbiosName = "LABSRV";
    /// The server's time, asked once for each AddToShadowCopySet. Empty: a clock that starts at
    /// 2026-01-01 00:00:00 UTC and goes on by two seconds each time, so that no two snapshots
    /// fall in one second. Give a fixed one to make them collide.
    std::function<FssTime()> clock;
    /// How GetShareMapping spells ShadowCopyShareName: bare as Samba does, or as a UNC.
    enum class ExposedName { Bare, Unc } exposedName = ExposedName::Bare;
    /// Whether snapshots are directories in the root of their share, as with vfs_btrfs.
    enum class Directories { Shown, Hidden } directories = Directories::Shown;
};

/// The states of a set, MS-FSRVP 3.1.1.2.
enum class FssSetState { Started, Added, Committed, Exposed, Recovered };

struct FssCopy {
    Guid id;             ///< the server's
    std::string share;   ///< as configured
    FssTime added;       ///< CreationTimestamp, and names the snapshot
    std::string exposed; ///< bare name; empty before Exposed
};

struct FssSet {
    Guid id; ///< the server's
    std::uint32_t context = 0;
    FssSetState state = FssSetState::Started;
    std::vector<FssCopy> copies; ///< without the deleted ones
};

/// Only one such set is there at a time.
inline bool isBeforeExposed(const FssSet& set) {
    return set.state < FssSetState::Exposed;
}

/// A snapshot on a volume, whether or not a set still knows it.
struct FssSnapshot {
    Guid shadowCopyId;
    std::string share;
    FssTime time; ///< one a second and share, as with vfs_btrfs
    enum class Mode { ReadOnly, ReadWrite } mode = Mode::ReadOnly;
};

/// What the agent of a Samba 4.17 server knows and answers, as it was measured. Not
/// thread-safe; use FssServer.
class FssState {
  public:
    explicit FssState(FssOptions options);

    /// Answers one request. @throws Error(NotSupported) for an opnum over 12 and Error(Protocol)
    /// for a stub that does not decode: what a channel makes of the server's faults
    Stub answer(std::uint16_t opnum, std::span<const std::byte> stub);
    /// The reply of an operation that failed so: out parameters zero and NULL.
    static Stub refusal(std::uint16_t opnum, std::uint32_t hresult);

    void addShare(FssShare share);
    void breakShare(const std::string& name);
    void removeExposedShare(const std::string& name);
    void removeFromDisk(const Guid& shadowCopyId);

    void setAccess(FssAccess access) { access_ = access; }

    void expireSequence();
    void restartWorker();
    void forgetSets();

    /// Names of directories in the root of that share.
    std::vector<std::string> directories(const std::string& share) const;

    const std::vector<FssSet>& sets() const { return sets_; }

    const std::vector<std::string>& exposedShares() const { return exposed_; }

    const std::vector<FssSnapshot>& onDisk() const { return disk_; }

  private:
    // One for each operation; the first parameter only tells which.
    std::uint32_t act(GetSupportedVersion, const Nothing& in, GetSupportedVersion::Out& out);
    std::uint32_t act(SetContext, const SetContext::In& in, Nothing& out);
    std::uint32_t
    act(StartShadowCopySet, const StartShadowCopySet::In& in, StartShadowCopySet::Out& out);
    std::uint32_t
    act(AddToShadowCopySet, const AddToShadowCopySet::In& in, AddToShadowCopySet::Out& out);
    std::uint32_t act(CommitShadowCopySet, const SetAndTimeout& in, Nothing& out);
    std::uint32_t act(ExposeShadowCopySet, const SetAndTimeout& in, Nothing& out);
    std::uint32_t act(RecoveryCompleteShadowCopySet, const SetOnly& in, Nothing& out);
    std::uint32_t act(AbortShadowCopySet, const SetOnly& in, Nothing& out);
    std::uint32_t act(IsPathSupported, const ShareOnly& in, IsPathSupported::Out& out);
    std::uint32_t act(IsPathShadowCopied, const ShareOnly& in, IsPathShadowCopied::Out& out);
    std::uint32_t act(GetShareMapping, const GetShareMapping::In& in, GetShareMapping::Out& out);
    std::uint32_t act(DeleteShareMapping, const DeleteShareMapping::In& in, Nothing& out);
    std::uint32_t act(PrepareShadowCopySet, const SetAndTimeout& in, Nothing& out);

    FssSet* findSet(const Guid& id);
    const FssShare* findShare(std::u16string_view unc) const;
    const std::string& volumeOf(const std::string& share) const;
    bool takeSnapshot(const FssSet& set, const FssCopy& copy);
    ndr::Unique<ShareMapping1> mappingOf(const FssSet& set, const FssCopy& copy) const;

    FssOptions options_;
    FssAccess access_ = FssAccess::Granted;
    std::optional<std::uint32_t> context_; // of the worker, not of a connection
    std::vector<FssShare> shares_;
    std::vector<FssSet> sets_;
    std::vector<std::string> exposed_;
    std::vector<FssSnapshot> disk_;
};

} // namespace fsrvp::fakes
