// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/gmt_name.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace fsrvp {
namespace {

constexpr std::string_view kForm = "@GMT-0000.00.00-00.00.00"; // 0: any digit

bool hasForm(std::string_view name) {
    if (name.size() != kForm.size()) {
        return false;
    }
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool isDigit = name[i] >= '0' && name[i] <= '9';
        if (kForm[i] == '0' ? !isDigit : name[i] != kForm[i]) {
            return false;
        }
    }
    return true;
}

int numberAt(std::string_view name, std::size_t place, std::size_t digits) {
    int number = 0;
    std::from_chars(name.data() + place, name.data() + place + digits, number);
    return number;
}

} // namespace

std::string gmtName(std::chrono::sys_seconds time) {
    const std::time_t whole = std::chrono::system_clock::to_time_t(time);
    std::tm utc{};
    gmtime_r(&whole, &utc);
    std::array<char, 40> text{};
    std::strftime(text.data(), text.size(), "@GMT-%Y.%m.%d-%H.%M.%S", &utc);
    return text.data();
}

std::optional<std::chrono::sys_seconds> parseGmtName(std::string_view name) {
    if (!hasForm(name)) {
        return std::nullopt;
    }
    std::tm utc{};
    utc.tm_year = numberAt(name, 5, 4) - 1900;
    utc.tm_mon = numberAt(name, 10, 2) - 1;
    utc.tm_mday = numberAt(name, 13, 2);
    utc.tm_hour = numberAt(name, 16, 2);
    utc.tm_min = numberAt(name, 19, 2);
    utc.tm_sec = numberAt(name, 22, 2);
    const auto time = std::chrono::floor<std::chrono::seconds>(
        std::chrono::system_clock::from_time_t(timegm(&utc)));
    // No 31st of February: timegm() takes that for a day of March.
    return gmtName(time) == name ? std::optional(time) : std::nullopt;
}

} // namespace fsrvp
