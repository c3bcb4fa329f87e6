// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/error_table.hpp"

#include "dbus/names.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace fsrvp {
namespace {

constexpr std::array<ErrorRow, kErrcCount> kRows{{
    {Errc::Failed, "see the journal of fsrvpd for what came before it", 1},
    {Errc::InvalidArgument, "", 2},
    {Errc::InvalidSource, "name the share as //server/share", 2},
    {Errc::NotFound, "", 3},
    {Errc::AlreadyExists, "", 1},
    {Errc::BadState, "try again; fsrvpd has settled what was begun", 1},
    {Errc::Busy, "wait for the other job or client to finish, or give a longer --timeout", 7},
    {Errc::NotSupported, "on the server, put the share on a volume that can take snapshots", 5},
    {Errc::UnsupportedContext, "try another --context", 5},
    {Errc::AccessDenied, "on the server, add the account to Backup Operators or Administrators", 4},
    {Errc::NotAuthorized, "run it as root", 4},
    {Errc::AuthenticationFailed, "check user, password and domain of this server in servers.d", 4},
    {Errc::NoCredential,
     "keep a login (fsrvpctl credential set) and name it in servers.d or by --credential",
     4},
    {Errc::NameNotResolved, "check the server's name, /etc/hosts and DNS", 9},
    {Errc::Unreachable, "check that the server is up and that its SMB port is open", 9},
    {Errc::TimedOut, "check the server and the network, or give a longer --timeout", 8},
    {Errc::Protocol, "this is no FSRVP answer: check what serves that port", 1},
    {Errc::LostOnServer, "remove on the server what the message names", 1},
    {Errc::Configuration, "mend the file and reload fsrvpd (SIGHUP)", 1},
    {Errc::Database, "check the disk that holds fsrvpd's state directory", 1},
    {Errc::Cancelled, "", 10},
    {Errc::Partial, "see each failure in the message; what succeeded stays", 6},
    {Errc::LimitsExceeded, "ask for less at once", 1},
    {Errc::DaemonUnreachable, "start it: systemctl start fsrvpd", 11},
}};

constexpr bool rowsAreInOrder() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].code) != i) {
            return false;
        }
    }
    return true;
}

static_assert(rowsAreInOrder(), "a row for every Errc, in its order");

constexpr std::string_view kHresultMark = " [hresult=0x";
constexpr std::string_view kHintMark = " (hint: ";

// The bus ends the connection of whoever sends over 32 MiB, and a message repeats what was asked.
constexpr std::size_t kLongestText = 256UL * 1024;

std::string shortened(std::string text) {
    if (text.size() > kLongestText) {
        std::size_t end = kLongestText;
        while ((static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) {
            --end; // not inside a character
        }
        text.resize(end);
        text += "\xe2\x80\xa6";
    }
    return text;
}

} // namespace

const ErrorRow& errorRow(Errc code) noexcept {
    return kRows[static_cast<std::size_t>(code)];
}

std::string errorBusName(Errc code) {
    return names::kErrorPrefix + std::string(errcName(code));
}

std::optional<Errc> errcFromBusName(std::string_view name) noexcept {
    const std::string_view prefix = names::kErrorPrefix;
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    return errcFromName(name.substr(prefix.size()));
}

std::string_view hintOf(const Error& error) noexcept {
    return error.hint().empty() ? errorRow(error.code()).hint : std::string_view(error.hint());
}

std::string errorToBusMessage(const Error& error) {
    std::string text = shortened(error.what());
    if (error.hresult()) {
        std::array<char, 16> digits{};
        std::snprintf(digits.data(), digits.size(), "%08x]", *error.hresult());
        text += kHresultMark;
        text += digits.data();
    }
    if (!error.hint().empty()) {
        text += kHintMark;
        text += error.hint();
        text += ')';
    }
    return text;
}

Error errorFromBus(std::string_view name, std::string_view message) {
    std::string hint;
    if (const std::size_t at = message.rfind(kHintMark);
        at != std::string_view::npos && message.ends_with(')')) {
        hint = message.substr(at + kHintMark.size());
        hint.pop_back();
        message = message.substr(0, at);
    }
    std::optional<std::uint32_t> hresult;
    if (const std::size_t at = message.rfind(kHresultMark); at != std::string_view::npos) {
        std::uint32_t value = 0;
        const char* first = message.data() + at + kHresultMark.size();
        const auto parsed = std::from_chars(first, message.data() + message.size(), value, 16);
        if (parsed.ec == std::errc() && parsed.ptr == message.data() + message.size() - 1 &&
            *parsed.ptr == ']') {
            hresult = value;
            message = message.substr(0, at);
        }
    }
    const std::optional<Errc> code = errcFromBusName(name);
    std::string text(message);
    if (!code) {
        text += " (" + std::string(name) + ")";
    }
    return Error(code.value_or(Errc::Failed), text, hresult).withHint(hint);
}

} // namespace fsrvp
