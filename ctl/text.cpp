// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <cwchar>

namespace fsrvp::ctl {
namespace {

struct Character {
    std::size_t bytes = 1;
    int width = -1; ///< -1: not printable
};

/// What turns the direction of the text around it: a name could show as another one.
bool isBidiControl(wchar_t c) {
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/// The character at the beginning of a text that is not empty.
Character firstCharacter(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) {
        return {1, first >= 0x20 && first != 0x7f ? 1 : -1};
    }
    std::mbstate_t state{};
    wchar_t wide = 0;
    const std::size_t bytes = std::mbrtowc(&wide, text.data(), text.size(), &state);
    if (bytes == 0 || bytes > text.size()) {
        return {};
    }
    return {bytes, isBidiControl(wide) ? -1 : wcwidth(wide)};
}

constexpr std::string_view kReset = "\x1b[0m";

std::string_view codeOf(Tone tone) {
    switch (tone) {
    case Tone::Bold:
        return "\x1b[1m";
    case Tone::Good:
        return "\x1b[32m";
    case Tone::Busy:
        return "\x1b[33m";
    case Tone::Bad:
        return "\x1b[31m";
    case Tone::Faint:
        return "\x1b[2m";
    case Tone::Plain:
        break;
    }
    return "";
}

std::string_view environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

} // namespace

void useUtf8() {
    std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Character character = firstCharacter(text);
        if (character.width >= 0) {
            out += text.substr(0, character.bytes);
        } else {
            for (const char c : text.substr(0, character.bytes)) {
                std::array<char, 8> escaped{};
                std::snprintf(escaped.data(),
                              escaped.size(),
                              "\\x%02x",
                              static_cast<unsigned>(static_cast<unsigned char>(c)));
                out += escaped.data();
            }
        }
        text.remove_prefix(character.bytes);
    }
    return out;
}

std::size_t displayWidth(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const Character character = firstCharacter(text);
        width += static_cast<std::size_t>(std::max(0, character.width));
        text.remove_prefix(character.bytes);
    }
    return width;
}

std::string localTime(const std::optional<TimeUs>& time) {
    if (!time) {
        return "-";
    }
    const std::time_t whole =
        std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(*time));
    std::tm local{};
    localtime_r(&whole, &local);
    std::array<char, 40> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
    return text.data();
}

std::optional<TimeUs> parseRfc3339(std::string_view text) {
    constexpr std::string_view kForm = "0000-00-00T00:00:00.000000Z";
    if (text.size() != kForm.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        const bool fits = kForm[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == kForm[i];
        if (!fits) {
            return std::nullopt;
        }
    }
    const auto number = [text](std::size_t at, std::size_t length) {
        int value = 0;
        std::from_chars(text.data() + at, text.data() + at + length, value);
        return value;
    };
    using namespace std::chrono;
    const year_month_day day(year(number(0, 4)),
                             month(static_cast<unsigned>(number(5, 2))),
                             std::chrono::day(static_cast<unsigned>(number(8, 2))));
    if (!day.ok()) {
        return std::nullopt;
    }
    return TimeUs(sys_days(day)) + hours(number(11, 2)) + minutes(number(14, 2)) +
           seconds(number(17, 2)) + microseconds(number(20, 6));
}

Colour colourFor(int fd) {
    const bool wanted = environment("NO_COLOR").empty() && environment("TERM") != "dumb" &&
                        !environment("TERM").empty();
    return wanted && isatty(fd) == 1 ? Colour::On : Colour::Off;
}

std::string paint(std::string_view text, Tone tone, Colour colour) {
    if (colour == Colour::Off || tone == Tone::Plain) {
        return std::string(text);
    }
    return std::string(codeOf(tone)) + std::string(text) + std::string(kReset);
}

Tone toneOf(std::string_view state) {
    if (state == "exposed" || state == "done") {
        return Tone::Good;
    }
    if (state == "creating" || state == "deleting" || state == "queued" || state == "running") {
        return Tone::Busy;
    }
    if (state == "deleted" || state == "cancelled") {
        return Tone::Faint;
    }
    return Tone::Bad;
}

std::string
renderTable(const std::vector<std::string>& header, std::vector<Row> rows, Colour colour) {
    std::vector<std::size_t> widths;
    Row titles;
    for (const std::string& title : header) {
        widths.push_back(displayWidth(title));
        titles.push_back({title, Tone::Bold});
    }
    for (Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i].text = printable(row[i].text);
            widths[i] = std::max(widths[i], displayWidth(row[i].text));
        }
    }
    std::string out;
    const auto write = [&](const Row& row) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += paint(row[i].text, row[i].tone, colour);
            if (i + 1 < row.size()) {
                out.append(widths[i] - displayWidth(row[i].text) + 2, ' ');
            }
        }
        out += '\n';
    };
    write(titles);
    std::for_each(rows.begin(), rows.end(), write);
    return out;
}

} // namespace fsrvp::ctl
