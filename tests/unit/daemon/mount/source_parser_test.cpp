// SPDX-License-Identifier: GPL-3.0-or-later

// Names and URLs of shares. Paths: path_source_test.cpp.

#include "tests/unit/daemon/mount/source_parsing.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace fsrvp::mount {
namespace {

// ---- isPath, isMountable

TEST(IsPath, NeedsOneSlashOnly) {
    EXPECT_TRUE(isPath("/"));
    EXPECT_TRUE(isPath("/mnt/share"));
    EXPECT_TRUE(isPath("/\\fs1\\data"));
    EXPECT_FALSE(isPath(""));
    EXPECT_FALSE(isPath("mnt"));
    EXPECT_FALSE(isPath("//fs1/data"));
    EXPECT_FALSE(isPath("\\\\fs1\\data"));
    EXPECT_FALSE(isPath("smb://fs1/data"));
}

TEST(IsMountable, IsWhatMountCifsCanBeTold) {
    for (const std::string good :
         {"", "a", "a/b c", "...", ".a/b.", "s\xc3\xbc\xc3\x9f", "a=b@{c}%"}) {
        EXPECT_TRUE(isMountable(good)) << good;
    }
    for (const std::string bad :
         {"a,b", "a\\b", "a\nb", "a\x7f", "\xff", ".", "..", "a/..", "a/./b", "../a"}) {
        EXPECT_FALSE(isMountable(bad)) << bad;
    }
    EXPECT_FALSE(isMountable(std::string("a\0b", 3)));
}

// ---- //server/share and smb://server/share

struct Named {
    std::string text;
    std::string server;
    std::string share;
    std::string directory;
    std::optional<std::uint16_t> port;
};

class GoodName : public testing::TestWithParam<Named> {};

TEST_P(GoodName, IsTaken) {
    const Source source = parse(GetParam().text);

    EXPECT_EQ(source.unc.server, GetParam().server);
    EXPECT_EQ(source.unc.share, GetParam().share);
    EXPECT_EQ(source.directory, GetParam().directory);
    EXPECT_EQ(source.port, GetParam().port);
    EXPECT_EQ(source.baseOptions, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Unc,
    GoodName,
    testing::Values(Named{"//fs1/data", "fs1", "data", "", {}},
                    Named{"//fs1/data/", "fs1", "data", "", {}},
                    Named{"//fs1/data//", "fs1", "data", "", {}},
                    Named{"//fs1/data/a/b c/", "fs1", "data", "a/b c", {}},
                    Named{"//fs1/data//a///b", "fs1", "data", "a/b", {}},
                    Named{"\\\\fs1\\data", "fs1", "data", "", {}},
                    Named{"\\\\fs1\\data\\a\\b\\", "fs1", "data", "a/b", {}},
                    Named{"\\\\fs1\\data/a\\b", "fs1", "data", "a/b", {}},
                    Named{"//FS1/Data$/A", "FS1", "Data$", "A", {}},
                    Named{"//2001:db8::7/data/a", "2001:db8::7", "data", "a", {}},
                    Named{"//fs1/data/a%20b", "fs1", "data", "a%20b", {}},
                    Named{"//fs1/data@{x}/a@b", "fs1", "data@{x}", "a@b", {}}));

INSTANTIATE_TEST_SUITE_P(
    Url,
    GoodName,
    testing::Values(Named{"smb://fs1/data", "fs1", "data", "", {}},
                    Named{"SMB://fs1/data/", "fs1", "data", "", {}},
                    Named{"cifs://fs1/data", "fs1", "data", "", {}},
                    Named{"smb://fs1/data/a//b/", "fs1", "data", "a/b", {}},
                    Named{"smb://fs1:1445/data", "fs1", "data", "", 1445},
                    Named{"smb://fs1:1/data", "fs1", "data", "", 1},
                    Named{"smb://fs1:65535/data", "fs1", "data", "", 65535},
                    Named{"smb://fs1:/data", "fs1", "data", "", {}},
                    Named{"smb://[2001:db8::7]/data", "2001:db8::7", "data", "", {}},
                    Named{"smb://[::1]:1445/data/a", "::1", "data", "a", 1445},
                    Named{"smb://192.0.2.7:445/data", "192.0.2.7", "data", "", 445},
                    Named{"smb://user@fs1/data", "fs1", "data", "", {}},
                    Named{"smb://LAB;user@fs1:1445/data", "fs1", "data", "", 1445},
                    Named{"smb://@fs1/data", "fs1", "data", "", {}},
                    Named{"smb://f%731/my%20data/a%20b/%3F%23%25", "fs1", "my data", "a b/?#%", {}},
                    Named{
                        "smb://fs1/data%24/s%C3%BC%c3%9f", "fs1", "data$", "s\xc3\xbc\xc3\x9f", {}},
                    Named{"smb://fs1/data@{x}", "fs1", "data@{x}", "", {}}));

TEST(HugeSource, IsRefusedWithoutBeingRepeated) {
    const std::string taken = "//fs1/data/" + std::string(16384 - 11, 'd');

    EXPECT_EQ(parseSource(taken, {}).unc.share, "data");
    try {
        parseSource(taken + "d", {});
        ADD_FAILURE() << "was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidSource);
        EXPECT_STREQ(error.what(),
                     "a source of 16385 bytes is longer than the 16384 that there may be");
    }
}

struct Refusal {
    std::string text;
    std::string message;
    std::string hint;
};

class RefusedName : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedName, SaysWhy) {
    expectRefused(GetParam().text, "", GetParam().message, GetParam().hint);
}

INSTANTIATE_TEST_SUITE_P(
    Unc,
    RefusedName,
    testing::Values(Refusal{"//", "server's name is missing", "//server/share"},
                    Refusal{"//fs1", "share's name is missing", "//server/share"},
                    Refusal{"//fs1/", "share's name is missing", ""},
                    Refusal{"//fs1//data", "share's name is missing", ""},
                    Refusal{"///fs1/data", "server's name is missing", ""},
                    Refusal{"//fs1/a:b", "character that no share name has", ""},
                    Refusal{"//fs1/..", "share that mount.cifs", ""},
                    Refusal{"//../data", "share that mount.cifs", ""},
                    Refusal{"//fs1/data/a,uid=0", "comma", "directory above"},
                    Refusal{"//fs1/data/../x", "can't be mounted", ""},
                    Refusal{"//fs1/data/a\nb", "control character", ""},
                    Refusal{"//fs1/data/\xff", "not UTF-8", ""},
                    Refusal{std::string("//fs1/da\0ta", 11), "control character", ""},
                    Refusal{"//me:secret@fs1/data", "has no user in it", ""}));

INSTANTIATE_TEST_SUITE_P(Url,
                         RefusedName,
                         testing::Values(Refusal{"smb:", "no //", "smb://"},
                                         Refusal{"smb:fs1/data", "no //", "smb://"},
                                         Refusal{"smb:/fs1/data", "no //", "smb://"},
                                         Refusal{"smb://", "no server or no share", ""},
                                         Refusal{"smb://fs1", "no server or no share", ""},
                                         Refusal{"smb://fs1/", "no server or no share", ""},
                                         Refusal{"smb://fs1//data", "no server or no share", ""},
                                         Refusal{"smb:///data", "no server or no share", ""},
                                         Refusal{"smb://:445/data", "no server or no share", ""},
                                         Refusal{"smb://fs1/data?x=1", "query", "%3F"},
                                         Refusal{"smb://fs1/data#x", "fragment", "%23"},
                                         Refusal{"smb://fs1/da ta\n", "control character", ""},
                                         Refusal{"smb://fs1/data/\xff", "not UTF-8", ""},
                                         Refusal{"smb://fs1/data/a\\b", "separator", ""},
                                         Refusal{"smb://fs1\\data/x", "separator", ""},
                                         Refusal{"smb://fs1/data/../x", "can't be mounted", ""}));

INSTANTIATE_TEST_SUITE_P(Escapes,
                         RefusedName,
                         testing::Values(Refusal{"smb://fs1/data/a%", "hexadecimal", "%25"},
                                         Refusal{"smb://fs1/data/a%2", "hexadecimal", "%25"},
                                         Refusal{"smb://fs1/data/a%2/x", "hexadecimal", "%25"},
                                         Refusal{"smb://fs1/data/a%zz", "hexadecimal", "%25"},
                                         Refusal{"smb://fs1/da%00ta", "control character", ""},
                                         Refusal{"smb://fs1/data/a%00", "control character", ""},
                                         Refusal{"smb://fs1/data/a%0Ab", "control character", ""},
                                         Refusal{"smb://fs1/da%2Fta", "separator", ""},
                                         Refusal{"smb://fs1/data/a%2fb", "separator", ""},
                                         Refusal{"smb://fs1/data/a%5Cb", "separator", ""},
                                         Refusal{"smb://fs1%2Fx/data", "separator", ""},
                                         Refusal{"smb://fs1/data/%ff", "UTF-8", ""},
                                         Refusal{"smb://fs1/data/%2e%2e/x", "can't be mounted", ""},
                                         Refusal{"smb://fs1/data/a%2Cuid=0", "comma", ""},
                                         Refusal{"smb://fs1/a%3Ab", "no share name has", ""},
                                         Refusal{"smb://f%3As/data", "colon", ""},
                                         Refusal{"smb://f%20s/data", "no host name has", ""}));

INSTANTIATE_TEST_SUITE_P(
    Ports,
    RefusedName,
    testing::Values(Refusal{"smb://fs1:0/data", "port between", ""},
                    Refusal{"smb://fs1:65536/data", "port between", ""},
                    Refusal{"smb://fs1:+1/data", "port between", ""},
                    Refusal{"smb://fs1:1x/data", "port between", ""},
                    Refusal{"smb://2001:db8::7/data", "port between", "in brackets"},
                    Refusal{"smb://[fs1]/data", "no IPv6 address", ""},
                    Refusal{"smb://[::1/data", "no IPv6 address", ""},
                    Refusal{"smb://[fe80::1%251]/data", "no IPv6 address", ""},
                    Refusal{"smb://[::1]x/data", "no port", ""},
                    Refusal{"smb://[::1]445/data", "port", ""}));

INSTANTIATE_TEST_SUITE_P(
    OtherForms,
    RefusedName,
    testing::Values(Refusal{"", "neither", "//server/share"},
                    Refusal{"mnt/share", "neither", "//server/share"},
                    Refusal{"fs1:/export", "scheme other than smb:", "smb://"},
                    Refusal{"file:///mnt/share", "file: URL", "the path alone"},
                    Refusal{"http://fs1/data", "scheme other than smb:", "smb://"},
                    Refusal{"1x:y", "neither", ""},
                    Refusal{"a b:c", "neither", ""},
                    Refusal{":x", "neither", ""},
                    Refusal{"/\\fs1\\data", "is on ext4", "//server/share"}));

/// No message may repeat a password, however broken the URL around it is.
class UrlWithPassword : public testing::TestWithParam<std::string> {};

TEST_P(UrlWithPassword, IsRefusedWithoutIt) {
    try {
        parse(GetParam());
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidSource);
        const std::string all = std::string(error.what()) + error.hint();
        EXPECT_EQ(all.find("cret"), std::string::npos) << all;
    }
}

INSTANTIATE_TEST_SUITE_P(Urls,
                         UrlWithPassword,
                         testing::Values("smb://me:secret@fs1/data",
                                         "smb://LAB;me:secret@fs1/data",
                                         "smb://me:se@cret@fs1/data",
                                         "smb://me:se/cret@fs1/data",
                                         "smb://me:se?cret@fs1/data",
                                         "smb://me:se#cret@fs1/data",
                                         "smb://me:secret@fs1/data?x",
                                         "smb://me:secret@fs1:0/data",
                                         "smb://me:secret@fs1/data/%zz",
                                         "smb://me:secret@fs1",
                                         "smb://me:secret\n@fs1/data",
                                         "smb:/me:secret@fs1://data@x",
                                         " smb://me:secret@fs1/data",
                                         "me:secret@fs1/data",
                                         "http://me:secret@fs1/data",
                                         "//me:secret@fs1/data"));

} // namespace
} // namespace fsrvp::mount
