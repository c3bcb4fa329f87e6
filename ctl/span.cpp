// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/span.hpp"

#include "daemon/base/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace fsrvp::ctl {
namespace {

using std::chrono::seconds;

constexpr std::array<std::pair<std::string_view, seconds>, 16> kUnits{{
    {"", seconds(1)},
    {"s", seconds(1)},
    {"sec", seconds(1)},
    {"second", seconds(1)},
    {"seconds", seconds(1)},
    {"m", seconds(60)},
    {"min", seconds(60)},
    {"minute", seconds(60)},
    {"minutes", seconds(60)},
    {"h", seconds(3600)},
    {"hr", seconds(3600)},
    {"hour", seconds(3600)},
    {"hours", seconds(3600)},
    {"d", seconds(86400)},
    {"day", seconds(86400)},
    {"days", seconds(86400)},
}};
// The daemon counts microseconds in 63 bits.
constexpr std::int64_t kLongest = 9'000'000'000'000;

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw Error(Errc::InvalidArgument, "'" + std::string(text) + "' is no time span: " + why)
        .withHint("write it as 90, 90s, 5min or 1h");
}

bool isBlank(char c) {
    return c == ' ' || c == '\t';
}

bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

template <class Predicate> std::string_view take(std::string_view& rest, Predicate belongs) {
    const auto end = std::find_if_not(rest.begin(), rest.end(), belongs);
    const std::string_view taken = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest.remove_prefix(taken.size());
    return taken;
}

} // namespace

seconds parseSpan(std::string_view text) {
    std::string_view rest = text;
    std::int64_t total = 0;
    take(rest, isBlank);
    while (!rest.empty()) {
        std::int64_t number = 0;
        const char* const end = rest.data() + rest.size();
        const auto parsed = std::from_chars(rest.data(), end, number);
        if (parsed.ec == std::errc::result_out_of_range) {
            refuse(text, "it is too long");
        }
        if (parsed.ec != std::errc() || number < 0) {
            refuse(text, "a number is missing");
        }
        rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
        take(rest, isBlank);
        const std::string_view name = take(rest, isLetter);
        const auto* const unit =
            std::find_if(kUnits.begin(), kUnits.end(), [name](const auto& known) {
                return known.first == name;
            });
        if (unit == kUnits.end()) {
            refuse(text, "the units are s, min, h and d");
        }
        take(rest, isBlank);
        if (number > (kLongest - total) / unit->second.count()) {
            refuse(text, "it is too long");
        }
        total += number * unit->second.count();
    }
    if (total == 0) {
        refuse(text, "it must be a second at least");
    }
    return seconds(total);
}

} // namespace fsrvp::ctl
