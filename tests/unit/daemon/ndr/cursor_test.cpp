// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/ndr/cursor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace fsrvp::ndr {
namespace {

std::vector<std::byte> bytesOf(std::initializer_list<unsigned> values) {
    std::vector<std::byte> out;
    for (const unsigned value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    return out;
}

std::vector<std::byte> joined(std::vector<std::byte> a, const std::vector<std::byte>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// A string's header and units as they are on the wire.
std::vector<std::byte> stringStub(std::uint32_t maxCount,
                                  std::uint32_t offset,
                                  std::uint32_t actualCount,
                                  std::u16string_view units) {
    Writer writer;
    writer.u32(maxCount);
    writer.u32(offset);
    writer.u32(actualCount);
    std::vector<std::byte> stub = std::move(writer).take();
    for (const char16_t unit : units) {
        stub.push_back(static_cast<std::byte>(unit & 0xffU));
        stub.push_back(static_cast<std::byte>(unit >> 8U));
    }
    return stub;
}

using namespace std::string_view_literals;

template <class Fn> void expectProtocolError(Fn&& fn, std::string_view part) {
    try {
        fn();
        ADD_FAILURE() << "no error with '" << part << "'";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol);
        EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos)
            << error.what();
    }
}

TEST(Reader, ReadsLittleEndianIntegers) {
    const auto stub = bytesOf({0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 0xff});
    Reader reader(stub);

    EXPECT_EQ(reader.u32(), 0x12345678U);
    EXPECT_EQ(reader.u64(), 0xff02030405060708U);
    EXPECT_NO_THROW(reader.expectEnd());
}

TEST(Reader, AlignsFromTheStubsStartWhateverThePadHolds) {
    const auto stub = bytesOf({0xaa, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xbb, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,    0,    0,    0});
    Reader reader(stub);
    std::array<std::uint8_t, 1> one{};

    reader.bytes(one);
    EXPECT_EQ(one[0], 0xaa);
    EXPECT_EQ(reader.u32(), 1U);
    reader.bytes(one);
    EXPECT_EQ(one[0], 0xbb);
    EXPECT_EQ(reader.u64(), 2U);
    EXPECT_NO_THROW(reader.expectEnd());
}

TEST(Reader, RefusesIntegersThatAreCutShortAndNamesTheOffset) {
    const auto stub = bytesOf({1, 0, 0, 0, 2, 0, 0});
    Reader reader(stub);
    EXPECT_EQ(reader.u32(), 1U);

    expectProtocolError([&] { (void)reader.u32(); }, "byte 4 of 7");
}

TEST(Reader, RefusesAPadThatIsCutShort) {
    const auto stub = bytesOf({1, 2});
    Reader reader(stub);
    std::array<std::uint8_t, 1> one{};
    reader.bytes(one);

    expectProtocolError([&] { reader.align(4); }, "byte 1 of 2");
}

TEST(Reader, AlignsToNothingAtABoundary) {
    const auto stub = bytesOf({1, 0, 0, 0});
    Reader reader(stub);
    reader.align(8);
    EXPECT_EQ(reader.u32(), 1U);
    EXPECT_NO_THROW(reader.align(4));
}

TEST(Reader, RefusesEverythingFromAnEmptyStub) {
    std::array<std::uint8_t, 16> sixteen{};
    const std::span<const std::byte> nothing;
    expectProtocolError([&] { (void)Reader(nothing).u32(); }, "cut short");
    expectProtocolError([&] { (void)Reader(nothing).u64(); }, "cut short");
    expectProtocolError([&] { (void)Reader(nothing).string(); }, "cut short");
    expectProtocolError([&] { Reader(nothing).bytes(sixteen); }, "cut short");
    EXPECT_NO_THROW(Reader(nothing).expectEnd());
}

TEST(Reader, RefusesBytesLeftOver) {
    const auto stub = bytesOf({1, 0, 0, 0, 9});
    Reader reader(stub);
    (void)reader.u32();

    expectProtocolError([&] { reader.expectEnd(); }, "left over");
}

TEST(Reader, ReadsAStringWithoutItsNul) {
    const auto stub = stringStub(3, 0, 3, u"ab\0"sv);
    EXPECT_EQ(Reader(stub).string(), u"ab");
}

TEST(Reader, ReadsAStringWhoseMaximumIsLargerThanItsLength) {
    const auto stub = stringStub(0xffffffff, 0, 3, u"ab\0"sv);
    EXPECT_EQ(Reader(stub).string(), u"ab");
}

TEST(Reader, ReadsTheEmptyString) {
    const auto stub = stringStub(1, 0, 1, u"\0"sv);
    EXPECT_EQ(Reader(stub).string(), u"");
}

TEST(Reader, AlignsAStringsHeader) {
    const auto stub = joined(bytesOf({1, 0xff, 0xff, 0xff}), stringStub(2, 0, 2, u"x\0"sv));
    Reader reader(stub);
    std::array<std::uint8_t, 1> one{};
    reader.bytes(one);
    EXPECT_EQ(reader.string(), u"x");
}

struct BadString {
    std::uint32_t maxCount;
    std::uint32_t offset;
    std::uint32_t actualCount;
    std::u16string units;
    const char* why;
};

class RefusedString : public testing::TestWithParam<BadString> {};

TEST_P(RefusedString, SaysWhy) {
    const BadString& bad = GetParam();
    const auto stub = stringStub(bad.maxCount, bad.offset, bad.actualCount, bad.units);
    expectProtocolError([&] { (void)Reader(stub).string(); }, bad.why);
}

INSTANTIATE_TEST_SUITE_P(Strings,
                         RefusedString,
                         testing::Values(BadString{3, 1, 3, std::u16string(u"ab\0"sv), "offset"},
                                         BadString{2, 0, 3, std::u16string(u"ab\0"sv), "maximum"},
                                         BadString{0, 0, 0, u"", "length is 0"},
                                         BadString{3, 0, 0, u"", "length is 0"},
                                         BadString{3, 0, 3, u"abc", "NUL"},
                                         BadString{3, 0, 3, u"ab", "cut short"},
                                         // 2 * count would be 0 and 2 in 32 bits
                                         BadString{0x80000000, 0, 0x80000000, u"ab", "length"},
                                         BadString{0x80000001, 0, 0x80000001, u"ab", "length"},
                                         BadString{0xffffffff, 0, 0xffffffff, u"ab", "length"}));

TEST(Reader, TakesTheLongestStringAndNotOneUnitMore) {
    std::u16string units(kMaxStringUnits, u'x');
    units.back() = u'\0';
    const auto longest = stringStub(kMaxStringUnits, 0, kMaxStringUnits, units);
    EXPECT_EQ(Reader(longest).string().size(), kMaxStringUnits - 1);

    units.insert(units.begin(), u'x');
    const auto longer = stringStub(kMaxStringUnits + 1, 0, kMaxStringUnits + 1, units);
    expectProtocolError([&] { (void)Reader(longer).string(); }, "length");
}

TEST(Writer, WritesLittleEndianWithZeroPads) {
    Writer writer;
    const std::array<std::uint8_t, 1> one{0xaa};
    writer.bytes(one);
    writer.u32(0x12345678);
    writer.bytes(one);
    writer.u64(0xff02030405060708);

    EXPECT_EQ(std::move(writer).take(),
              bytesOf({0xaa, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0xaa, 0, 0, 0,
                       0,    0, 0, 0, 8,    7,    6,    5,    4,    3, 2, 0xff}));
}

TEST(Writer, WritesAStringWithEqualCountsAndNoTailPad) {
    Writer writer;
    writer.string(u"a\u00fc");

    EXPECT_EQ(std::move(writer).take(), stringStub(3, 0, 3, u"a\u00fc\0"sv));
}

TEST(Writer, PadsBehindAStringOnlyForTheNextItem) {
    Writer writer;
    writer.string(u"ab"); // 12 + 6 bytes
    writer.u32(1);

    EXPECT_EQ(std::move(writer).take(),
              joined(stringStub(3, 0, 3, u"ab\0"sv), bytesOf({0, 0, 1, 0, 0, 0})));
}

TEST(Writer, AlignsToNothingAtABoundary) {
    Writer writer;
    writer.align(8);
    writer.u64(1);
    writer.align(8);
    EXPECT_EQ(std::move(writer).take().size(), 8U);
}

} // namespace
} // namespace fsrvp::ndr
