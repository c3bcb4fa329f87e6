// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/span.hpp"
#include "daemon/base/error.hpp"

#include <gtest/gtest.h>

namespace fsrvp::ctl {
namespace {

using std::chrono::seconds;

struct GoodSpan {
    const char* text;
    seconds expected;
};

class ReadableSpan : public testing::TestWithParam<GoodSpan> {};

TEST_P(ReadableSpan, IsRead) {
    EXPECT_EQ(parseSpan(GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Span,
                         ReadableSpan,
                         testing::Values(GoodSpan{"90", seconds(90)},
                                         GoodSpan{"90s", seconds(90)},
                                         GoodSpan{"1sec", seconds(1)},
                                         GoodSpan{"5min", seconds(300)},
                                         GoodSpan{"5 m", seconds(300)},
                                         GoodSpan{"1h", seconds(3600)},
                                         GoodSpan{"2 hours", seconds(7200)},
                                         GoodSpan{"1d", seconds(86400)},
                                         GoodSpan{" 1h 30min ", seconds(5400)},
                                         GoodSpan{"1min30s", seconds(90)},
                                         GoodSpan{"1min 30", seconds(90)}));

class UnreadableSpan : public testing::TestWithParam<const char*> {};

TEST_P(UnreadableSpan, IsRefused) {
    try {
        parseSpan(GetParam());
        FAIL() << "it was read";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidArgument);
        EXPECT_TRUE(std::string(error.what()).starts_with("'" + std::string(GetParam()) + "'"));
        EXPECT_FALSE(error.hint().empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Span,
                         UnreadableSpan,
                         testing::Values("",
                                         " ",
                                         "0",
                                         "0min",
                                         "min",
                                         "-5",
                                         "+5",
                                         "1.5h",
                                         "5ms",
                                         "5 fortnights",
                                         "5min,",
                                         "infinity",
                                         "99999999999999999999",
                                         "9223372036854775807h",
                                         "9000000000000 1"));

} // namespace
} // namespace fsrvp::ctl
