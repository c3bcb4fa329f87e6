// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fsrvp {

/// The results that servers send (MS-FSRVP 2.2.4, and what Samba and Windows send besides).
namespace hresult {
inline constexpr std::uint32_t kOk = 0x00000000;
inline constexpr std::uint32_t kWaitTimeout = 0x00000102;
inline constexpr std::uint32_t kWaitFailed = 0xffffffff;
inline constexpr std::uint32_t kFail = 0x80004005;
inline constexpr std::uint32_t kOutOfMemory = 0x8007000e;
inline constexpr std::uint32_t kAccessDenied = 0x80070005;
inline constexpr std::uint32_t kInvalidArgument = 0x80070057;
inline constexpr std::uint32_t kBadState = 0x80042301;
inline constexpr std::uint32_t kBadId = 0x80042302;
inline constexpr std::uint32_t kObjectNotFound = 0x80042308;
inline constexpr std::uint32_t kNotSupported = 0x8004230c;
inline constexpr std::uint32_t kObjectAlreadyExists = 0x8004230d;
inline constexpr std::uint32_t kUnexpectedProviderError = 0x8004230f;
inline constexpr std::uint32_t kNotExposedYet = 0x80042311;
inline constexpr std::uint32_t kSetInProgress = 0x80042316;
inline constexpr std::uint32_t kUnsupportedContext = 0x8004231b;
inline constexpr std::uint32_t kAgentTimeout = 0x80042500;
inline constexpr std::uint32_t kSetIdMismatch = 0x80042501;
} // namespace hresult

/// What is known of one result.
struct HresultRow {
    std::uint32_t value;
    std::string_view name; ///< as in the specification
    Errc code;
    std::string_view meaning; ///< "another shadow copy set is being created on the server"
    std::string_view hint;    ///< what to try; empty: the error table's
};

/// The result's row, or that of E_FAIL's kind for one that nobody has documented.
const HresultRow& hresultRow(std::uint32_t value) noexcept;

/// "operation: meaning (NAME)", with the code, the HRESULT and the hint.
Error hresultError(std::string_view operation, std::uint32_t value);

/// What the client does about a result. Where servers differ from the specification or from each
/// other, this is where it is written down.
enum class Reaction {
    Done,         ///< success
    Fail,         ///< report it
    RetryLater,   ///< another set is in progress: back off, then the same again
    RepeatCall,   ///< the server is still at it: send the same call again
    RetryNewSet,  ///< this set can't succeed; a new one a second later may
    UnknownSet,   ///< the server (or the worker we talk to) does not know the set
    UnknownShare, ///< the server has no such share
    BadContext,   ///< the server does not take the context
};
Reaction reactionTo(std::uint16_t opnum, std::uint32_t value) noexcept;

} // namespace fsrvp
