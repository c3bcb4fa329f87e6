// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/gmt_name.hpp"

#include <gtest/gtest.h>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;

TEST(GmtName, IsThatOfVfsBtrfs) {
    const std::chrono::sys_seconds time = std::chrono::sys_days(2026y / 2 / 3) + 4h + 5min + 6s;

    EXPECT_EQ(gmtName(time), "@GMT-2026.02.03-04.05.06");
    EXPECT_EQ(parseGmtName("@GMT-2026.02.03-04.05.06"), time);
}

TEST(GmtName, OfAnythingElseHasNoTime) {
    for (const char* name : {"",
                             "@GMT-",
                             "@GMT-2026.02.03-04.05.6",
                             "@GMT-2026.02.03-04.05.066",
                             "@GMT-2026.02.03 04.05.06",
                             "@gmt-2026.02.03-04.05.06",
                             "@GMT-2026.02.31-04.05.06",
                             "@GMT-2026.02.03-24.05.06",
                             "@GMT-2026.00.03-04.05.06",
                             "@GMT-+026.02.03-04.05.06"}) {
        EXPECT_EQ(parseGmtName(name), std::nullopt) << name;
    }
}

} // namespace
} // namespace fsrvp
