// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fsrvp {

/// What kind of failure an Error is. Each has one row in dbus/error_table.cpp, which gives its
/// D-Bus name, its exit status and what a person can do about it.
enum class Errc {
    Failed,
    InvalidArgument,
    InvalidSource,
    NotFound,
    AlreadyExists,
    BadState,
    Busy,
    NotSupported,
    UnsupportedContext,
    AccessDenied,
    NotAuthorized,
    AuthenticationFailed,
    NoCredential,
    NameNotResolved,
    Unreachable,
    TimedOut,
    Protocol,
    LostOnServer,
    Configuration,
    Database,
    Cancelled,
    Partial,
    LimitsExceeded,
    DaemonUnreachable,
};
inline constexpr std::size_t kErrcCount = static_cast<std::size_t>(Errc::DaemonUnreachable) + 1;

/// The enumerator's own name, "NotFound"; also its name on the agent's socket.
std::string_view errcName(Errc code) noexcept;
/// The code of that name, or nothing.
std::optional<Errc> errcFromName(std::string_view name) noexcept;

/// The one exception type that this project throws. what() is a whole sentence without its
/// full stop, lower case: "cannot expose shadow copy set 3f2a… on fs1: …".
class Error : public std::runtime_error {
  public:
    Error(Errc code, const std::string& message, std::optional<std::uint32_t> hresult = {});

    Errc code() const noexcept { return code_; }

    /// The server's FSRVP result as received, where a server gave one.
    std::optional<std::uint32_t> hresult() const noexcept { return hresult_; }

    /// What to try, where more is known than the error table says; else empty.
    const std::string& hint() const noexcept { return hint_; }

    /// The same error with "context: " before its message.
    Error withContext(std::string_view context) const;
    /// The same error with this hint.
    Error withHint(std::string_view hint) const;

  private:
    Errc code_;
    std::optional<std::uint32_t> hresult_;
    std::string hint_;
};

} // namespace fsrvp
