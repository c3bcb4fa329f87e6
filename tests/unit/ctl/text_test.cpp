// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/text.hpp"
#include "daemon/model/snapshot_json.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <ctime>

namespace fsrvp::ctl {
namespace {

class Text : public testing::Test {
  protected:
    static void SetUpTestSuite() { useUtf8(); }
};

TEST_F(Text, CountsColumnsNotBytes) {
    EXPECT_EQ(displayWidth("data"), 4U);
    EXPECT_EQ(displayWidth("Übung"), 5U);
    EXPECT_EQ(displayWidth("写真"), 4U);
    EXPECT_EQ(displayWidth("e\u0301"), 1U); // an accent that combines takes no column
}

TEST_F(Text, EscapesWhatTurnsTheDirectionOfOtherText) {
    EXPECT_EQ(printable("a\u202eb\u2066c"), "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c");
    EXPECT_EQ(printable("\u05d0\u200f"), "\u05d0\u200f"); // says it of itself only
}

TEST_F(Text, EscapesWhatCouldMoveTheCursor) {
    EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
    EXPECT_EQ(printable("line\nbreak\t\x7f"), "line\\x0abreak\\x09\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b"); // CSI as one C1 character
    EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST_F(Text, EscapesBytesThatAreNotUtf8AndKeepsTheRest) {
    EXPECT_EQ(printable("\xff\xc3Übung写"), "\\xff\\xc3Übung写");
    EXPECT_EQ(printable("cut \xc3"), "cut \\xc3");
}

TEST_F(Text, AlignsColumnsByDisplayWidth) {
    const std::string table = renderTable({"ID", "SHARE", "STATE"},
                                          {{{"1"}, {"写真"}, {"exposed", Tone::Good}},
                                           {{"10"}, {"a-long-share"}, {"failed", Tone::Bad}}},
                                          Colour::Off);

    EXPECT_EQ(table,
              "ID  SHARE         STATE\n"
              "1   写真          exposed\n"
              "10  a-long-share  failed\n");
}

TEST_F(Text, AlignsEscapedCellsByWhatIsPrinted) {
    EXPECT_EQ(renderTable({"A", "B"}, {{{"\n"}, {"x"}}}, Colour::Off), "A     B\n\\x0a  x\n");
}

TEST_F(Text, ColoursDoNotChangeTheColumns) {
    EXPECT_EQ(renderTable({"STATE", "N"}, {{{"done", Tone::Good}, {"1"}}}, Colour::On),
              "\x1b[1mSTATE\x1b[0m  \x1b[1mN\x1b[0m\n\x1b[32mdone\x1b[0m   1\n");
}

TEST_F(Text, ReadsBackTheTimesOfJson) {
    const TimeUs time(std::chrono::microseconds(1'795'332'600'000'042));

    EXPECT_EQ(parseRfc3339(rfc3339(time)), time);
    EXPECT_EQ(parseRfc3339(""), std::nullopt);
    EXPECT_EQ(parseRfc3339("2026-11-22T07:30:00.000000+01:00"), std::nullopt);
    EXPECT_EQ(parseRfc3339("2026-11-22T07:30:00.000000Zulu"), std::nullopt);
    EXPECT_EQ(parseRfc3339("2026-02-30T07:30:00.000000Z"), std::nullopt);
    EXPECT_EQ(parseRfc3339("2026-11-22T07:30:00.00000 Z"), std::nullopt);
}

TEST_F(Text, ShowsTimesInTheLocalZone) {
    setenv("TZ", "XYZ-2", 1);
    tzset();

    EXPECT_EQ(localTime(TimeUs(std::chrono::seconds(1'795'332'600))), "2026-11-22 09:30:00");
    EXPECT_EQ(localTime(std::nullopt), "-");

    unsetenv("TZ");
    tzset();
}

TEST_F(Text, UsesNoColourOffATerminal) {
    EXPECT_EQ(colourFor(-1), Colour::Off);
}

} // namespace
} // namespace fsrvp::ctl
