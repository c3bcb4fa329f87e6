// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/guid.hpp"
#include "daemon/model/context.hpp"
#include "daemon/model/credential_origin.hpp"
#include "daemon/model/server_id.hpp"
#include "daemon/model/unc.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp {

/// Microseconds since the epoch, UTC; on D-Bus `t`, in SQL *_us.
using TimeUs = std::chrono::sys_time<std::chrono::microseconds>;

/// How far our record of a shadow copy set is; only forward. See docs/reliability.md for what is
/// done with each when its job ends early.
enum class SetState {
    Started,    ///< StartShadowCopySet has answered; copies may have been added
    Committing, ///< CommitShadowCopySet is about to be sent or was
    Exposed,    ///< ExposeShadowCopySet and GetShareMapping have answered
    Complete,   ///< RecoveryCompleteShadowCopySet has answered; its copies are snapshots
    Settled,    ///< given up, and seen that nothing of it is left on the server
};
std::string_view setStateName(SetState state) noexcept;
std::optional<SetState> parseSetState(std::string_view name) noexcept;

enum class CopyState {
    Creating,     ///< its set is not Complete yet
    Exposed,      ///< a usable snapshot
    Deleting,     ///< DeleteShareMapping is about to be sent or was
    Deleted,      ///< gone from the server; kept as history
    Failed,       ///< its set was settled; never became a snapshot
    LostOnServer, ///< something of it is on the server that FSRVP can't reach any more
};
std::string_view copyStateName(CopyState state) noexcept;
std::optional<CopyState> parseCopyState(std::string_view name) noexcept;

/// One shadow copy, as `list` shows it: a row of table shadow_copy with its set and server.
struct Snapshot {
    std::int64_t id = 0;     ///< our sequence number, never used again
    std::int64_t setRow = 0; ///< row of its shadow_copy_set
    Guid snapshotId;         ///< the server's ShadowCopyId
    Guid setId;              ///< the server's ShadowCopySetId
    ServerId server;
    Unc source;                      ///< as sent in AddToShadowCopySet
    std::string exposed;             ///< bare name of the exposed share; empty before Exposed
    std::optional<TimeUs> created;   ///< the server's CreationTimestamp
    std::optional<TimeUs> completed; ///< our time of completion; orders and ages snapshots
    ShadowCopyContext context = ShadowCopyContext::NasRollback;
    bool writable = false;
    CopyState state = CopyState::Creating;
    std::string remains; ///< LostOnServer: what is left and where, for people
    std::string description;
    std::map<std::string, std::string> labels;
    std::optional<std::string> policy;
    std::uint32_t ownerUid = 0;
    CredentialOrigin credential;                ///< as whom it was taken
    std::vector<std::string> mountPoints;       ///< where it is mounted now
    std::vector<std::string> absentMountPoints; ///< where it is to be mounted and is not
};

/// Whether it has an exposed share that can be mounted.
inline bool isMountable(const Snapshot& snapshot) {
    return snapshot.state == CopyState::Exposed ||
           (snapshot.state == CopyState::LostOnServer && !snapshot.exposed.empty());
}

/// A shadow copy set that some job has to finish or settle.
struct ShadowCopySet {
    std::int64_t row = 0;
    std::int64_t job = 0;
    ServerId server;
    Guid setId; ///< the server's
    SetState state = SetState::Started;
    CredentialOrigin credential;
    unsigned attempts = 0;            ///< how often the server refused to settle it
    TimeUs started{};                 ///< when StartShadowCopySet had answered
    std::optional<TimeUs> committing; ///< when CommitShadowCopySet was about to be sent
    std::vector<Snapshot> copies;     ///< none before Committing
};

} // namespace fsrvp
