// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/ndr/json_codec.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace fsrvp::ndr {
namespace {

using nlohmann::json;

struct Part : Declared {
    std::int64_t ticks = 0;

    static void fields(auto& codec, auto& m) { codec(Field{"Ticks", m.ticks}); }
};

struct Message : Declared {
    std::uint32_t count = 0;
    std::int32_t delta = 0;
    Bool32 flag;
    Guid id;
    std::u16string name;
    UniqueString owner;
    Unique<Part> part;

    static void fields(auto& codec, auto& m) {
        codec(Field{"Count", m.count},
              Field{"Delta", m.delta},
              Field{"Flag", m.flag},
              Field{"Id", m.id},
              Field{"Name", m.name},
              Field{"Owner", m.owner},
              Field{"Part", m.part});
    }
};

json toJson(const Message& message) {
    ToJson codec;
    Message::fields(codec, message);
    return std::move(codec).take();
}

Message fromJson(const json& object) {
    Message message;
    FromJson codec(object);
    Message::fields(codec, message);
    return message;
}

json sample() {
    return json{{"Count", 4294967295U},
                {"Delta", -2147483648},
                {"Flag", 2},
                {"Id", "00112233-4455-6677-8899-aabbccddeeff"},
                {"Name", "s\xc3\xbc\xc3\x9f \xf0\x9f\x92\xbe"},
                {"Owner", "LABSRV"},
                {"Part", {{"Ticks", std::numeric_limits<std::int64_t>::min()}}}};
}

TEST(JsonCodec, ReadsAndWritesEveryKindOfField) {
    const Message message = fromJson(sample());

    EXPECT_EQ(message.count, 4294967295U);
    EXPECT_EQ(message.delta, std::numeric_limits<std::int32_t>::min());
    EXPECT_EQ(message.flag.raw, 2U);
    EXPECT_EQ(message.name, u"s\u00fc\u00df \U0001f4be");
    ASSERT_TRUE(message.part.value);
    EXPECT_EQ(message.part.value->ticks, std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(toJson(message), sample());
}

TEST(JsonCodec, NullIsANullPointer) {
    json object = sample();
    object["Owner"] = nullptr;
    object["Part"] = nullptr;

    const Message message = fromJson(object);

    EXPECT_EQ(message.owner, UniqueString());
    EXPECT_FALSE(message.part.value);
    EXPECT_EQ(toJson(message), object);
}

TEST(JsonCodec, APointerThatIsReadEncodesAsPresent) {
    EXPECT_NE(fromJson(sample()).owner.referent, 0U);
}

TEST(JsonCodec, IgnoresKeysThatNoFieldHas) {
    json object = sample();
    object["Later"] = 1;

    EXPECT_EQ(toJson(fromJson(object)), sample());
}

struct Bad {
    const char* field;
    json value;
};

class RefusedValue : public testing::TestWithParam<Bad> {};

TEST_P(RefusedValue, IsAProtocolErrorThatNamesTheField) {
    json object = sample();
    object[GetParam().field] = GetParam().value;
    try {
        (void)fromJson(object);
        FAIL() << "accepted " << GetParam().value;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol);
        EXPECT_NE(std::string(error.what()).find("'" + std::string(GetParam().field) + "'"),
                  std::string::npos)
            << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Values,
                         RefusedValue,
                         testing::Values(Bad{"Count", -1},
                                         Bad{"Count", 4294967296},
                                         Bad{"Count", 1.5},
                                         Bad{"Count", 1.0},
                                         Bad{"Count", "1"},
                                         Bad{"Count", nullptr},
                                         Bad{"Count", true},
                                         Bad{"Delta", 2147483648},
                                         Bad{"Delta", -2147483649},
                                         Bad{"Flag", true},
                                         Bad{"Flag", -1},
                                         Bad{"Id", "not a guid"},
                                         Bad{"Id", 5},
                                         Bad{"Id", nullptr},
                                         Bad{"Name", 5},
                                         Bad{"Name", nullptr},
                                         Bad{"Name", "\xff"},
                                         Bad{"Owner", 5},
                                         Bad{"Owner", "\xff"},
                                         Bad{"Part", 5},
                                         Bad{"Part", json::object()},
                                         Bad{"Part", {{"Ticks", 9223372036854775808U}}},
                                         Bad{"Part", json::array({1})}));

class MissingField : public testing::TestWithParam<const char*> {};

TEST_P(MissingField, IsAProtocolErrorThatNamesTheField) {
    json object = sample();
    object.erase(GetParam());
    try {
        (void)fromJson(object);
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol);
        EXPECT_NE(std::string(error.what()).find(GetParam()), std::string::npos) << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Fields,
                         MissingField,
                         testing::Values("Count", "Delta", "Flag", "Id", "Name", "Owner", "Part"));

class NoObject : public testing::TestWithParam<json> {};

TEST_P(NoObject, IsAProtocolError) {
    try {
        (void)fromJson(GetParam());
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol);
    }
}

INSTANTIATE_TEST_SUITE_P(Values,
                         NoObject,
                         testing::Values(json(nullptr), json(1), json("x"), json::array()));

TEST(JsonCodec, RefusesToWriteALoneSurrogate) {
    Message message = fromJson(sample());
    message.name = std::u16string(1, char16_t{0xd800});

    EXPECT_THROW(toJson(message), Error);
}

} // namespace
} // namespace fsrvp::ndr
