// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/snapshot.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::ctl {

/// Lets wcwidth(3) know UTF-8, whatever the user's locale says: what we print is UTF-8. Once, at
/// the start.
void useUtf8();

/// The text with everything that could move the cursor or is not UTF-8 written as \xNN: names and
/// descriptions come from servers and from other users.
std::string printable(std::string_view text);
/// Columns that a printable text takes on a terminal.
std::size_t displayWidth(std::string_view text);

/// "2026-11-22 08:30:00" in the local time zone, "-" for none.
std::string localTime(const std::optional<TimeUs>& time);
/// Reads what rfc3339() of daemon/model/snapshot_json.hpp writes; nothing for anything else.
std::optional<TimeUs> parseRfc3339(std::string_view text);

enum class Colour { Off, On };
/// On when the descriptor is a terminal that knows colours and NO_COLOR is not set.
Colour colourFor(int fd);

enum class Tone { Plain, Bold, Good, Busy, Bad, Faint };
std::string paint(std::string_view text, Tone tone, Colour colour);
/// The tone of a snapshot's or job's state.
Tone toneOf(std::string_view state);

struct Cell {
    std::string text; ///< made printable by the table
    Tone tone = Tone::Plain;
};

using Row = std::vector<Cell>;

/// Columns two spaces apart, as wide as their widest cell, under a header; a line a row.
std::string
renderTable(const std::vector<std::string>& header, std::vector<Row> rows, Colour colour);

} // namespace fsrvp::ctl
