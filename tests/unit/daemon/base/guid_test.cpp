// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/base/guid.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fsrvp {
namespace {

constexpr const char* kText = "00112233-4455-6677-8899-aabbccddeeff";
constexpr std::array<std::uint8_t, 16> kWire{
    0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

TEST(Guid, ParsesTextIntoWireOrder) {
    EXPECT_EQ(Guid::parse(kText).bytes, kWire);
}

TEST(Guid, WritesWireOrderAsText) {
    EXPECT_EQ(Guid{kWire}.text(), kText);
}

TEST(Guid, TakesBracesAndUpperCase) {
    EXPECT_EQ(Guid::parse("{00112233-4455-6677-8899-AABBCCDDEEFF}").bytes, kWire);
}

TEST(Guid, NilIsTheDefaultAndHasZeroText) {
    EXPECT_TRUE(Guid{}.isNil());
    EXPECT_EQ(Guid{}.text(), "00000000-0000-0000-0000-000000000000");
    EXPECT_FALSE(Guid::parse(kText).isNil());
}

TEST(Guid, RandomOnesAreVersion4AndDiffer) {
    std::set<Guid> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string text = Guid::random().text();
        EXPECT_EQ(text[14], '4') << text;
        EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
        EXPECT_TRUE(seen.insert(Guid::parse(text)).second) << text;
    }
}

class MalformedGuid : public testing::TestWithParam<const char*> {};

TEST_P(MalformedGuid, IsRefusedAndNamed) {
    try {
        (void)Guid::parse(GetParam());
        FAIL() << "accepted '" << GetParam() << "'";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidArgument);
        EXPECT_NE(std::string(error.what()).find(GetParam()), std::string::npos) << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Texts,
                         MalformedGuid,
                         testing::Values("",
                                         "{}",
                                         "00112233-4455-6677-8899-aabbccddeef",
                                         "00112233-4455-6677-8899-aabbccddeeff0",
                                         "{00112233-4455-6677-8899-aabbccddeeff",
                                         "00112233-4455-6677-8899-aabbccddeeff}",
                                         "(00112233-4455-6677-8899-aabbccddeeff)",
                                         "{{0112233-4455-6677-8899-aabbccddeeff}}",
                                         "0011223344556677-8899-aabbccddeeff---",
                                         "00112233445566778899aabbccddeeff",
                                         "0011223-34455-6677-8899-aabbccddeeff",
                                         "g0112233-4455-6677-8899-aabbccddeeff",
                                         "00112233-4455-6677-8899-aabbccddeef ",
                                         " 0112233-4455-6677-8899-aabbccddeeff",
                                         "0x112233-4455-6677-8899-aabbccddeeff"));

} // namespace
} // namespace fsrvp
