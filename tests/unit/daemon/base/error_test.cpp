// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fsrvp {
namespace {

TEST(Errc, EachHasANameOfItsOwnThatLeadsBack) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kErrcCount; ++i) {
        const auto code = static_cast<Errc>(i);
        EXPECT_FALSE(errcName(code).empty()) << i;
        EXPECT_TRUE(names.insert(errcName(code)).second) << errcName(code);
        EXPECT_EQ(errcFromName(errcName(code)), code);
    }
}

TEST(Errc, NamesAreTheEnumerators) {
    EXPECT_EQ(errcName(Errc::Failed), "Failed");
    EXPECT_EQ(errcName(Errc::NotAuthorized), "NotAuthorized");
    EXPECT_EQ(errcName(Errc::TimedOut), "TimedOut");
    EXPECT_EQ(errcName(Errc::DaemonUnreachable), "DaemonUnreachable");
}

TEST(Errc, UnknownNamesHaveNoCode) {
    EXPECT_EQ(errcFromName(""), std::nullopt);
    EXPECT_EQ(errcFromName("notfound"), std::nullopt);
    EXPECT_EQ(errcFromName("NotFound "), std::nullopt);
}

TEST(Error, KeepsCodeResultAndHintUnderMoreContext) {
    const Error inner = Error(Errc::Busy, "a set is in progress", 0x80042316).withHint("wait");

    const Error outer = inner.withContext("cannot start a shadow copy set on fs1");

    EXPECT_STREQ(outer.what(), "cannot start a shadow copy set on fs1: a set is in progress");
    EXPECT_EQ(outer.code(), Errc::Busy);
    EXPECT_EQ(outer.hresult(), 0x80042316U);
    EXPECT_EQ(outer.hint(), "wait");
}

TEST(Error, WithHintChangesTheHintOnly) {
    const Error error = Error(Errc::Failed, "m", 5).withHint("old").withHint("new");

    EXPECT_EQ(error.hint(), "new");
    EXPECT_STREQ(error.what(), "m");
    EXPECT_EQ(error.hresult(), 5U);
}

TEST(Error, HasNoResultAndNoHintUnlessGiven) {
    const Error error(Errc::Failed, "m");

    EXPECT_EQ(error.hresult(), std::nullopt);
    EXPECT_EQ(error.hint(), "");
}

} // namespace
} // namespace fsrvp
