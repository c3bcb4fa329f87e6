// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/config/json_file.hpp"
#include "daemon/config/object_reader.hpp"
#include "daemon/config/problems.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::config {
namespace {

using namespace std::string_literals;

std::string failureOf(const std::string& text) {
    try {
        JsonFile::parse(text, "f.json");
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Configuration);
        return error.what();
    }
    return "no failure";
}

const JsonNode& member(const JsonNode& node, std::size_t i) {
    return std::get<JsonNode::Object>(node.value).at(i).node;
}

TEST(JsonFile, KnowsTheLineOfEachKeyAndElement) {
    const JsonFile file = JsonFile::parse("// first\n{\n\"a\":\n 1\n,\n\"b\": [\n  2\n,\n  \"x\"],"
                                          "\n /* two\n lines */ \"c\": {\"d\": null}\n}\n",
                                          "f.json");
    const auto& list = std::get<JsonNode::Array>(member(file.root(), 1).value);

    EXPECT_EQ(file.root().line, 2U);
    EXPECT_EQ(member(file.root(), 0).line, 3U);
    EXPECT_EQ(member(file.root(), 1).line, 6U);
    EXPECT_EQ(list.at(0).line, 7U);
    EXPECT_EQ(list.at(1).line, 9U);
    EXPECT_EQ(member(file.root(), 2).line, 11U);
    EXPECT_EQ(member(member(file.root(), 2), 0).line, 11U);
}

TEST(JsonFile, TakesAByteOrderMarkAndUtf8) {
    const JsonFile file = JsonFile::parse("\xEF\xBB\xBF{\"user\": \"J\xC3\xBCrgen\"}", "f.json");

    EXPECT_EQ(std::get<std::string>(member(file.root(), 0).value), "J\xC3\xBCrgen");
}

struct BadText {
    std::string text;
    std::string message; ///< its beginning
};

class BadJson : public testing::TestWithParam<BadText> {};

TEST_P(BadJson, IsRefusedWithItsLine) {
    const std::string failure = failureOf(GetParam().text);

    EXPECT_EQ(failure.substr(0, GetParam().message.size()), GetParam().message) << failure;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    BadJson,
    testing::Values(
        BadText{"", "f.json:1: syntax error"},
        BadText{"\n\n", "f.json:2: syntax error"},
        BadText{"{\n\"a\": 1,\n}", "f.json:3: syntax error"},
        BadText{"{\n\"a\": 1", "f.json:2: syntax error"},
        BadText{"{\n\"a\": 01\n}", "f.json:2: syntax error"},
        BadText{"{\n\"a\": \"x\ny\"}", "f.json:2: syntax error"},
        BadText{"{\n\"a\": \"\xff\"}", "f.json:2: syntax error"},
        BadText{"{\n\"a\": \"\\ud800\"}", "f.json:2: syntax error"},
        BadText{"{}\n{}", "f.json:2: syntax error"},
        BadText{"{}\n]", "f.json:2: syntax error"},
        BadText{"{} /* open", "f.json:1: syntax error"},
        BadText{"{\n\"a\": 1e999}", "f.json:2: number overflow"},
        BadText{"{}\n\n\0 rest"s, "f.json:3: a zero byte"},
        BadText{"{\"a\": 1,\n\n\"a\": 2}", "f.json:3: key 'a': given twice, first on line 1"},
        BadText{"{\"t\": {\"a\": 1,\n\"a\": 2}}", "f.json:2: key 't.a': given twice, first on"},
        BadText{"[{}, [{\"a\": 1, \"a\": 2}]]", "f.json:1: key '[1][0].a': given twice"},
        BadText{"{\"a\\n\": 1,\"a\\n\": 2}", "f.json:1: key 'a?': given twice"},
        BadText{"{\n\"" + std::string(65, 'k') + "\": 1}", "f.json:2: a key of more than 64 bytes"},
        BadText{std::string(17, '['), "f.json:1: nested deeper than 16 levels"}));

TEST(JsonFile, TakesSixteenLevels) {
    EXPECT_NO_THROW(JsonFile::parse(std::string(16, '[') + std::string(16, ']'), "f.json"));
}

TEST(JsonFile, KeepsTheParsersMessageShortAndAscii) {
    const std::string failure = failureOf("\"" + std::string(5000, '\xfe'));

    EXPECT_LT(failure.size(), 250U);
    EXPECT_EQ(failure.find('\xfe'), std::string::npos);
}

struct Checked {
    std::string value;
    std::string message; ///< empty: fine
};

class IntegerValue : public testing::TestWithParam<Checked> {};

TEST_P(IntegerValue, IsWholeAndInRange) {
    const JsonFile file = JsonFile::parse("{\n\"n\": " + GetParam().value + "}", "f.json");
    Problems problems;
    ObjectReader reader(file, problems);
    std::string message;

    const auto value = reader.integer("n", 1, 9);
    try {
        problems.throwIfAny();
    } catch (const Error& error) {
        message = error.what();
    }

    EXPECT_EQ(value.has_value(), GetParam().message.empty());
    EXPECT_EQ(message, GetParam().message);
}

constexpr const char* kRange = "f.json:2: key 'n': must be a whole number from 1 to 9";
INSTANTIATE_TEST_SUITE_P(Table,
                         IntegerValue,
                         testing::Values(Checked{"1", ""},
                                         Checked{"9", ""},
                                         Checked{"0", kRange},
                                         Checked{"10", kRange},
                                         Checked{"-1", kRange},
                                         Checked{"2.0", kRange},
                                         Checked{"\"2\"", kRange},
                                         Checked{"true", kRange},
                                         Checked{"null", kRange},
                                         Checked{"[2]", kRange},
                                         Checked{"18446744073709551615", kRange},
                                         Checked{"99999999999999999999999", kRange}));

class TextValue : public testing::TestWithParam<Checked> {};

TEST_P(TextValue, IsAStringWithoutControlCharacters) {
    const JsonFile file = JsonFile::parse("{\"s\":\n" + GetParam().value + "}", "f.json");
    Problems problems;
    ObjectReader reader(file, problems);
    std::string message;

    const auto value = reader.text("s");
    try {
        problems.throwIfAny();
    } catch (const Error& error) {
        message = error.what();
    }

    EXPECT_EQ(value.has_value(), GetParam().message.empty());
    EXPECT_EQ(message, GetParam().message);
}

constexpr const char* kControl = "f.json:1: key 's': must not hold control characters";
INSTANTIATE_TEST_SUITE_P(Table,
                         TextValue,
                         testing::Values(Checked{"\"\"", ""},
                                         Checked{"\"a b\"", ""},
                                         Checked{"1", "f.json:1: key 's': must be a string"},
                                         Checked{"null", "f.json:1: key 's': must be a string"},
                                         Checked{"\"a\\u0000b\"", kControl},
                                         Checked{"\"a\\nb\"", kControl},
                                         Checked{"\"" + std::string(4097, 'x') + "\"",
                                                 "f.json:1: key 's': longer than 4096 bytes"}));

TEST(Problems, KeepsTheFirstTenMessagesAndTheirHints) {
    Problems problems;
    for (int i = 1; i <= 12; ++i) {
        const Error problem(Errc::Configuration, "p" + std::to_string(i));
        problems.add(i % 4 == 0 ? problem.withHint("h" + std::to_string(i)) : problem);
    }

    try {
        problems.throwIfAny();
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "p1; p2; p3; p4; p5; p6; p7; p8; p9; p10; and 2 more");
        EXPECT_EQ(error.hint(), "h4; h8");
    }
}

} // namespace
} // namespace fsrvp::config
