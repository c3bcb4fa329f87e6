// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/config/credentials_file.hpp"
#include "tests/unit/daemon/config/config_dir.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::config {
namespace {

using namespace std::string_literals;

/// user|domain|password, or the message of the failure.
std::string outcomeOf(const std::string& text) {
    try {
        const Credentials found = parseCredentials(text, "cred");
        return found.user + "|" + found.domain + "|" + found.password.reveal();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Configuration);
        return error.what();
    }
}

struct Case {
    std::string text;
    std::string outcome;
};

class CredentialsText : public testing::TestWithParam<Case> {};

TEST_P(CredentialsText, IsReadAsMountCifsDoesOrRefused) {
    EXPECT_EQ(outcomeOf(GetParam().text), GetParam().outcome);
}

// What mount.cifs 7.0 takes was seen with `mount.cifs -f -v`.
INSTANTIATE_TEST_SUITE_P(
    Accepted,
    CredentialsText,
    testing::Values(Case{"username=joe\npassword=pw\ndomain=LAB\n", "joe|LAB|pw"},
                    Case{"user=joe\npass=pw\ndom=LAB", "joe|LAB|pw"},
                    Case{"PassWord=pw\nUSER=joe\n", "joe||pw"},
                    Case{"password=pw\n", "||pw"},
                    Case{"user=joe\npassword=\n", "joe||"},
                    Case{"  \tusername = joe b \npassword= p w \n", " joe b || p w "},
                    Case{"\n \n# a comment\n  #user=jim\nuser=joe\npass=a#b\n", "joe||a#b"},
                    Case{"user=\"joe\"\npass=a=b,c\\\n", "\"joe\"||a=b,c\\"},
                    Case{"user=LAB\\joe\npass=\xC3\xBC\n", "LAB\\joe||\xC3\xBC"}));

INSTANTIATE_TEST_SUITE_P(
    Refused,
    CredentialsText,
    testing::Values(
        Case{"", "cred: no line password="},
        Case{"user=joe\n", "cred: no line password="},
        Case{"user=joe\nS3cret\n", "cred:2: no 'key=value'"},
        Case{"user=joe\n\nS3cret=x\npassword=pw",
             "cred:3: unknown key; username, password and domain are known"},
        Case{"passwd=pw", "cred:1: unknown key; username, password and domain are known"},
        Case{"pass word=pw", "cred:1: unknown key; username, password and domain are known"},
        Case{"\xEF\xBB\xBFuser=joe\npass=pw",
             "cred:1: unknown key; username, password and domain are known"},
        Case{"user=joe\nusername=jim\npass=pw", "cred:2: the key is given twice"},
        Case{"user=joe\r\npass=pw\r\n",
             "cred:1: the line ends with CR LF; mount.cifs would take the CR for a part of the "
             "value"},
        Case{"user=joe\npass=p\0w"s, "cred:2: a zero byte"},
        Case{"user=joe\npass=\xfc\n", "cred:2: not valid UTF-8"}));

TEST(CredentialsFile, CutAnywhereParsesOrFails) {
    const std::string whole = "# c\nusername = J\xC3\xBCrgen\npassword= p w\ndomain=LAB\n";

    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const std::string outcome = outcomeOf(whole.substr(0, size));
        EXPECT_TRUE(outcome.find("cred:") == 0 || outcome.find(" J\xC3\xBCrgen||") == 0 ||
                    outcome.find(" J\xC3\xBCrgen|") == 0)
            << size << ": " << outcome;
    }
}

TEST(CredentialsFile, MustNotBeReadableByOthers) {
    const test::ConfigDir dir;
    const std::string path = dir.write("cred", "user=joe\npassword=pw\n", 0644);

    try {
        readCredentialsFile(path);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.what(),
                  "cannot use " + path + ": it is open to group or others (mode 0644)");
        EXPECT_EQ(error.hint(), "run: chmod go= " + path);
    }
}

TEST(CredentialsFile, IsReadFromDisk) {
    const test::ConfigDir dir;

    const Credentials found = readCredentialsFile(dir.write("cred", "user=joe\npassword=pw\n"));

    EXPECT_EQ(found.user, "joe");
    EXPECT_EQ(found.password, Secret("pw"));
}

} // namespace
} // namespace fsrvp::config
