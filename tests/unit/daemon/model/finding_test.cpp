// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/exposed_name.hpp"
#include "daemon/model/finding.hpp"

#include <gtest/gtest.h>

namespace fsrvp {
namespace {

constexpr const char* kGuid = "00112233-4455-6677-8899-aabbccddeeff";

std::string baseOf(const std::string& share) {
    const auto name = parseExposedName(share);
    return name ? name->base + " " + name->copy.text() : "none";
}

TEST(ExposedName, IsTheShareAndTheCopysGuid) {
    const std::string guid(kGuid);
    EXPECT_EQ(baseOf("data@{" + guid + "}"), "data " + guid);
    EXPECT_EQ(baseOf("my data@{00112233-4455-6677-8899-AABBCCDDEEFF}"), "my data " + guid);
    EXPECT_EQ(baseOf("a@{b@{" + guid + "}"), "a@{b " + guid);
    EXPECT_EQ(baseOf("hid$@{" + guid + "}$"), "hid$ " + guid);
}

TEST(ExposedName, IsMadeAsItIsTakenApart) {
    const std::string guid(kGuid);
    EXPECT_EQ(exposedName("my data", Guid::parse("{" + guid + "}")), "my data@{" + guid + "}");
    EXPECT_EQ(exposedName("hid$", Guid::parse("{" + guid + "}")), "hid$@{" + guid + "}$");
}

TEST(ExposedName, IsNothingElse) {
    const std::string guid(kGuid);
    for (const std::string& share : {std::string(),
                                     std::string("data"),
                                     "@{" + guid + "}",
                                     "data@" + guid,
                                     "data@{" + guid,
                                     "data@{" + guid + "}$",
                                     "data@{" + guid + "}x",
                                     "hid$@{" + guid + "}",
                                     "data@{" + guid.substr(1) + "}",
                                     "data@{g" + guid.substr(1) + "}"}) {
        EXPECT_EQ(baseOf(share), "none") << share;
    }
}

TEST(ShellWord, QuotesWhatAServerMayCallAShare) {
    EXPECT_EQ(shellWord("my data"), "'my data'");
    EXPECT_EQ(shellWord("x'; reboot; '"), R"('x'\''; reboot; '\''')");
}

// The names are on the bus and in JSON: they can't change any more.
TEST(FindingStatus, HasItsNames) {
    EXPECT_EQ(findingStatusName(FindingStatus::Ok), "ok");
    EXPECT_EQ(findingStatusName(FindingStatus::Repaired), "repaired");
    EXPECT_EQ(findingStatusName(FindingStatus::Adopted), "adopted");
    EXPECT_EQ(findingStatusName(FindingStatus::Deleted), "deleted");
    EXPECT_EQ(findingStatusName(FindingStatus::Forgotten), "forgotten");
    EXPECT_EQ(findingStatusName(FindingStatus::Missing), "missing");
    EXPECT_EQ(findingStatusName(FindingStatus::Unshared), "unshared");
    EXPECT_EQ(findingStatusName(FindingStatus::LostOnServer), "lost-on-server");
    EXPECT_EQ(findingStatusName(FindingStatus::Foreign), "foreign");
    EXPECT_EQ(parseFindingStatus("foreign"), FindingStatus::Foreign);
    EXPECT_EQ(parseFindingStatus("Ok"), std::nullopt);
}

} // namespace
} // namespace fsrvp
