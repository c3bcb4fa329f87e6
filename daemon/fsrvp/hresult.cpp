// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/fsrvp/hresult.hpp"

#include "daemon/fsrvp/operations.hpp"

#include <array>

namespace fsrvp {
namespace {

using namespace hresult;

constexpr std::array kRows{
    HresultRow{kOk, "S_OK", Errc::Failed, "success", ""},
    HresultRow{kWaitTimeout,
               "FSRVP_E_WAIT_TIMEOUT",
               Errc::TimedOut,
               "the server was not ready within the time it was given",
               "try again, or raise the timeouts of this server in servers.d"},
    HresultRow{kWaitFailed,
               "FSRVP_E_WAIT_FAILED",
               Errc::Failed,
               "the server could not wait for its snapshot provider",
               "see the server's event log, then try again"},
    HresultRow{kFail,
               "E_FAIL",
               Errc::Failed,
               "the server failed and does not say why",
               "see the server's log (Samba: log.rpcd_fsrvp)"},
    HresultRow{kOutOfMemory,
               "E_OUTOFMEMORY",
               Errc::Failed,
               "the server is out of memory, or (TrueNAS) could not delete the snapshot",
               "see the server's log"},
    HresultRow{kAccessDenied,
               "E_ACCESSDENIED",
               Errc::AccessDenied,
               "the server does not let this account take snapshots of the share",
               ""},
    HresultRow{kInvalidArgument,
               "E_INVALIDARG",
               Errc::NotFound,
               "the server does not know the share, the set or the context",
               ""},
    HresultRow{kBadState,
               "FSRVP_E_BAD_STATE",
               Errc::BadState,
               "the server did not expect this call now; its sequence timer may have run out",
               ""},
    HresultRow{kBadId, "FSRVP_E_BAD_ID", Errc::NotFound, "the server does not know this id", ""},
    HresultRow{kObjectNotFound,
               "FSRVP_E_OBJECT_NOT_FOUND",
               Errc::NotFound,
               "the server does not know the share or the shadow copy",
               ""},
    HresultRow{kNotSupported,
               "FSRVP_E_NOT_SUPPORTED",
               Errc::NotSupported,
               "the share's volume can't take snapshots",
               "on the server, put the share on a volume that can (Samba: the root of a btrfs "
               "subvolume with 'vfs objects = btrfs' and 'btrfs: manipulate snapshots = yes')"},
    HresultRow{kObjectAlreadyExists,
               "FSRVP_E_OBJECT_ALREADY_EXISTS",
               Errc::AlreadyExists,
               "the share's volume is in the set already",
               "two shares on one volume can't be in one set: name them in two commands"},
    HresultRow{kUnexpectedProviderError,
               "VSS_E_UNEXPECTED_PROVIDER_ERROR",
               Errc::Failed,
               "the server's snapshot provider failed",
               "see the server's event log"},
    HresultRow{kNotExposedYet,
               "VSS_E_INVALID_XML_DOCUMENT",
               Errc::BadState,
               "the set is not exposed yet",
               ""},
    HresultRow{kSetInProgress,
               "FSRVP_E_SHADOW_COPY_SET_IN_PROGRESS",
               Errc::Busy,
               "another shadow copy set is being created on the server",
               "wait for the other client to finish, or give a longer --timeout"},
    HresultRow{kUnsupportedContext,
               "FSRVP_E_UNSUPPORTED_CONTEXT",
               Errc::UnsupportedContext,
               "the server does not take this context",
               ""},
    HresultRow{kAgentTimeout,
               "FSSAGENT_E_TIMEOUT",
               Errc::TimedOut,
               "the server could not commit in the time it was given",
               "try again when the server is less busy"},
    HresultRow{kSetIdMismatch,
               "FSRVP_E_SHADOWCOPYSET_ID_MISMATCH",
               Errc::NotFound,
               "the server does not know this shadow copy set",
               ""},
};

constexpr HresultRow kUndocumented{0,
                                   "undocumented",
                                   Errc::Failed,
                                   "the server sent a result that no document names",
                                   "see the server's log"};

constexpr int kAny = -1;

struct ReactionRow {
    int opnum;
    std::uint32_t value;
    Reaction reaction;
};

// The first row that fits counts.
constexpr std::array kReactions{
    ReactionRow{kAny, kOk, Reaction::Done},
    ReactionRow{kAny, kSetInProgress, Reaction::RetryLater},
    // MS-FSRVP 3.1.4.6: the set stays CreationInProgress and takes the same call again.
    ReactionRow{CommitShadowCopySet::opnum, kWaitTimeout, Reaction::RepeatCall},
    ReactionRow{CommitShadowCopySet::opnum, kAgentTimeout, Reaction::RepeatCall},
    ReactionRow{CommitShadowCopySet::opnum, kWaitFailed, Reaction::RepeatCall},
    ReactionRow{PrepareShadowCopySet::opnum, kWaitTimeout, Reaction::RepeatCall},
    ReactionRow{ExposeShadowCopySet::opnum, kWaitTimeout, Reaction::RepeatCall},
    // Samba's vfs_btrfs names a snapshot by the second of its AddToShadowCopySet; when the name is
    // taken, every commit of that set fails (seen on 4.17).
    ReactionRow{CommitShadowCopySet::opnum, kFail, Reaction::RetryNewSet},
    ReactionRow{SetContext::opnum, kUnsupportedContext, Reaction::BadContext},
    ReactionRow{IsPathSupported::opnum, kObjectNotFound, Reaction::UnknownShare},
    ReactionRow{kAny, kSetIdMismatch, Reaction::UnknownSet},
    ReactionRow{kAny, kObjectNotFound, Reaction::UnknownSet},
    ReactionRow{kAny, kBadId, Reaction::UnknownSet},
    // Samba has E_INVALIDARG for all of these; the specification OBJECT_NOT_FOUND,
    // UNSUPPORTED_CONTEXT and SHADOWCOPYSET_ID_MISMATCH. On Add it may be the set or the share.
    ReactionRow{IsPathSupported::opnum, kInvalidArgument, Reaction::UnknownShare},
    ReactionRow{SetContext::opnum, kInvalidArgument, Reaction::BadContext},
    ReactionRow{CommitShadowCopySet::opnum, kInvalidArgument, Reaction::UnknownSet},
    ReactionRow{ExposeShadowCopySet::opnum, kInvalidArgument, Reaction::UnknownSet},
    ReactionRow{RecoveryCompleteShadowCopySet::opnum, kInvalidArgument, Reaction::UnknownSet},
    ReactionRow{AbortShadowCopySet::opnum, kInvalidArgument, Reaction::UnknownSet},
    ReactionRow{GetShareMapping::opnum, kInvalidArgument, Reaction::UnknownSet},
    ReactionRow{DeleteShareMapping::opnum, kInvalidArgument, Reaction::UnknownSet},
    ReactionRow{PrepareShadowCopySet::opnum, kInvalidArgument, Reaction::UnknownSet},
};

} // namespace

const HresultRow& hresultRow(std::uint32_t value) noexcept {
    for (const HresultRow& row : kRows) {
        if (row.value == value) {
            return row;
        }
    }
    return kUndocumented;
}

Error hresultError(std::string_view operation, std::uint32_t value) {
    const HresultRow& row = hresultRow(value);
    std::string message(operation);
    message += ": ";
    message += row.meaning;
    message += " (";
    message += row.name;
    message += ")";
    return Error(row.code, message, value).withHint(row.hint);
}

Reaction reactionTo(std::uint16_t opnum, std::uint32_t value) noexcept {
    for (const ReactionRow& row : kReactions) {
        if (row.value == value && (row.opnum == kAny || row.opnum == opnum)) {
            return row.reaction;
        }
    }
    return Reaction::Fail;
}

} // namespace fsrvp
