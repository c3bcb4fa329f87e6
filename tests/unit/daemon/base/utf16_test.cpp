// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/base/utf16.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fsrvp {
namespace {

using namespace std::string_literals;

struct Pair {
    std::string utf8;
    std::u16string utf16;
};

class BothForms : public testing::TestWithParam<Pair> {};

TEST_P(BothForms, BecomeEachOther) {
    EXPECT_EQ(toUtf16(GetParam().utf8), GetParam().utf16);
    EXPECT_EQ(toUtf8(GetParam().utf16), GetParam().utf8);
}

// The first and the last character of each length, and what lies beside the surrogates.
INSTANTIATE_TEST_SUITE_P(Characters,
                         BothForms,
                         testing::Values(Pair{"", u""},
                                         Pair{"data", u"data"},
                                         Pair{"a\0b"s, u"a\0b"s},
                                         Pair{"\x7f", u"\u007f"},
                                         Pair{"\xc2\x80", u"\u0080"},
                                         Pair{"s\xc3\xbc\xc3\x9f", u"s\u00fc\u00df"},
                                         Pair{"\xdf\xbf", u"\u07ff"},
                                         Pair{"\xe0\xa0\x80", u"\u0800"},
                                         Pair{"\xe6\x97\xa5", u"\u65e5"},
                                         Pair{"\xed\x9f\xbf", u"\ud7ff"},
                                         Pair{"\xee\x80\x80", u"\ue000"},
                                         Pair{"\xef\xbf\xbf", u"\uffff"},
                                         Pair{"\xf0\x90\x80\x80", u"\U00010000"},
                                         Pair{"\xf0\x9f\x92\xbe!", u"\U0001f4be!"},
                                         Pair{"\xf4\x8f\xbf\xbf", u"\U0010ffff"}));

TEST(Utf16, EveryCharacterSurvivesTheWayThereAndBack) {
    for (char32_t c = 1; c <= 0x10ffff; ++c) {
        if (c >= 0xd800 && c <= 0xdfff) {
            continue;
        }
        std::u16string text;
        if (c < 0x10000) {
            text = static_cast<char16_t>(c);
        } else {
            text = static_cast<char16_t>(0xd800 + ((c - 0x10000) >> 10U));
            text += static_cast<char16_t>(0xdc00 + ((c - 0x10000) & 0x3ffU));
        }
        ASSERT_EQ(toUtf16(toUtf8(text)), text) << "U+" << std::hex << static_cast<unsigned>(c);
    }
}

class NotUtf8 : public testing::TestWithParam<std::string> {};

TEST_P(NotUtf8, IsRefused) {
    try {
        (void)toUtf16(GetParam());
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidArgument);
    }
}

INSTANTIATE_TEST_SUITE_P(Bytes,
                         NotUtf8,
                         testing::Values("\x80",             // a continuation alone
                                         "a\xbf",            //
                                         "\xc3",             // cut short
                                         "\xe6\x97",         //
                                         "\xf0\x9f\x92",     //
                                         "\xc3(",            // no continuation
                                         "\xe6\x97(",        //
                                         "\xc0\x80",         // overlong
                                         "\xc1\xbf",         //
                                         "\xe0\x9f\xbf",     //
                                         "\xf0\x8f\xbf\xbf", //
                                         "\xed\xa0\x80",     // surrogates
                                         "\xed\xbf\xbf",     //
                                         "\xf4\x90\x80\x80", // beyond U+10FFFF
                                         "\xf8\x88\x80\x80\x80",
                                         "\xfe",
                                         "\xff"));

TEST(Utf16, NamesTheByteThatIsNotUtf8) {
    try {
        (void)toUtf16("abc\xff");
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("byte 3"), std::string::npos) << error.what();
    }
}

class LoneSurrogate : public testing::TestWithParam<std::vector<char16_t>> {};

TEST_P(LoneSurrogate, IsAProtocolError) {
    try {
        (void)toUtf8(std::u16string(GetParam().begin(), GetParam().end()));
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol);
    }
}

INSTANTIATE_TEST_SUITE_P(Units,
                         LoneSurrogate,
                         testing::Values(std::vector<char16_t>{0xd800},
                                         std::vector<char16_t>{0xdfff},
                                         std::vector<char16_t>{'a', 0xdbff, 'b'},
                                         std::vector<char16_t>{0xdc00, 0xd800},
                                         std::vector<char16_t>{0xd800, 0xd800},
                                         std::vector<char16_t>{0xd800, 0xdc00, 0xdc00}));

} // namespace
} // namespace fsrvp
