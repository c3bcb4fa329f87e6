// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"

#include <array>

namespace fsrvp {
namespace {

constexpr std::array<std::string_view, kErrcCount> kNames{
    "Failed",        "InvalidArgument", "InvalidSource",
    "NotFound",      "AlreadyExists",   "BadState",
    "Busy",          "NotSupported",    "UnsupportedContext",
    "AccessDenied",  "NotAuthorized",   "AuthenticationFailed",
    "NoCredential",  "NameNotResolved", "Unreachable",
    "TimedOut",      "Protocol",        "LostOnServer",
    "Configuration", "Database",        "Cancelled",
    "Partial",       "LimitsExceeded",  "DaemonUnreachable",
};
static_assert(!kNames.back().empty(), "every Errc has a name");

} // namespace

std::string_view errcName(Errc code) noexcept {
    return kNames[static_cast<std::size_t>(code)];
}

std::optional<Errc> errcFromName(std::string_view name) noexcept {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) {
            return static_cast<Errc>(i);
        }
    }
    return std::nullopt;
}

Error::Error(Errc code, const std::string& message, std::optional<std::uint32_t> hresult)
    : std::runtime_error(message), code_(code), hresult_(hresult) {
}

Error Error::withContext(std::string_view context) const {
    return Error(code_, std::string(context) + ": " + what(), hresult_).withHint(hint_);
}

Error Error::withHint(std::string_view hint) const {
    Error copy = *this;
    copy.hint_ = hint;
    return copy;
}

} // namespace fsrvp
