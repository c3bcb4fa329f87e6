// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/mount/source_parser.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace fsrvp::mount {
namespace {

const std::string kRoot = "1 0 254:0 / / rw - ext4 /dev/vda rw\n";

Source parse(const std::string& text, const std::string& mounts = "") {
    return parseSource(text, MountTable::parse(kRoot + mounts));
}

void expectRefused(const std::string& text,
                   const std::string& mounts,
                   const std::string& message,
                   const std::string& hint) {
    try {
        const Source source = parse(text, mounts);
        FAIL() << "accepted as " << source.unc.text() << " and " << source.directory;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidSource);
        EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
        EXPECT_NE(error.hint().find(hint), std::string::npos) << error.hint();
        EXPECT_NE(error.hint(), "") << error.what();
    }
}

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

// ---- /path/on/a/mount

const std::string kOptions = " rw,vers=3.1.1,username=me,addr=192.0.2.7\n";

/// A line for a mount on `point`.
std::string
cifs(int id, const std::string& root, const std::string& point, const std::string& source) {
    return std::to_string(id) + " 1 0:50 " + root + " " + point + " rw shared:1 - cifs " + source +
           kOptions;
}

TEST(PathSource, IsTheShareAndTheDirectoryBelowTheMountPoint) {
    const Source source = parse("/mnt/share/a/b", cifs(2, "/", "/mnt/share", "//FS1/Data"));

    EXPECT_EQ(source.unc, (fsrvp::Unc{"FS1", "Data"}));
    EXPECT_EQ(source.directory, "a/b");
    EXPECT_EQ(source.port, std::nullopt);
    EXPECT_EQ(source.baseOptions, "rw,vers=3.1.1,username=me,addr=192.0.2.7");
}

std::string directoryOf(const std::string& path, const std::string& mounts) {
    return parse(path, mounts).directory;
}

TEST(PathSource, MayBeTheMountPoint) {
    EXPECT_EQ(directoryOf("/mnt/share", cifs(2, "/", "/mnt/share", "//fs1/data")), "");
    EXPECT_EQ(directoryOf("/mnt/share/", cifs(2, "/", "/mnt/share", "//fs1/data/")), "");
    EXPECT_EQ(directoryOf("/mnt//share//a", cifs(2, "/", "/mnt/share", "//fs1/data")), "a");
}

TEST(PathSource, MayBeOnASmb3Mount) {
    EXPECT_EQ(parse("/mnt/a", "2 1 0:50 / /mnt rw - smb3 //fs1/data rw\n").directory, "a");
}

TEST(PathSource, HasItsEscapesDecoded) {
    const Source source =
        parse("/mnt/my share/a b", cifs(2, "/", "/mnt/my\\040share", "//fs1/my\\040data"));

    EXPECT_EQ(source.unc.share, "my data");
    EXPECT_EQ(source.directory, "a b");
}

TEST(PathSource, MayHaveBackslashesInTheMountsSource) {
    const Source source =
        parse("/mnt/b", "2 1 0:50 / /mnt rw - cifs \\134\\134fs1\\134data\\134a rw\n");

    EXPECT_EQ(source.unc.text(), "//fs1/data");
    EXPECT_EQ(source.directory, "a/b");
}

TEST(PathSource, HasThePortOfAMountThatShowsIt) {
    const std::string line = "2 1 0:50 / /mnt rw - cifs //fs1/data rw,port=";

    EXPECT_EQ(parse("/mnt", line + "1445,soft\n").port, 1445);
    EXPECT_EQ(parse("/mnt", line + "0\n").port, std::nullopt);
    EXPECT_EQ(parse("/mnt", line + "x\n").port, std::nullopt);
}

TEST(PathSource, OnABindMountHasTheBoundDirectory) {
    EXPECT_EQ(directoryOf("/bound/c", cifs(2, "/a/b", "/bound", "//fs1/data")), "a/b/c");
}

TEST(PathSource, OnAMountOfADirectoryCountsFromThere) {
    const std::string mount = cifs(2, "/", "/mnt", "//fs1/data/s/u");

    EXPECT_EQ(directoryOf("/mnt", mount), "s/u");
    EXPECT_EQ(directoryOf("/mnt/b", mount), "s/u/b");
    EXPECT_EQ(directoryOf("/bound/b", cifs(3, "/x", "/bound", "//fs1/data/s/u")), "s/u/x/b");
    // A directory of the same name in it.
    EXPECT_EQ(directoryOf("/bound/b", cifs(3, "/s/u", "/bound", "//fs1/data/s/u")), "s/u/s/u/b");
}

TEST(PathSource, IsReadFromMountinfoOfLinux61) {
    const std::string tail = " rw,vers=3.1.1,cache=strict,username=root,uid=0,noforceuid,gid=0,"
                             "noforcegid,addr=127.0.0.1,file_mode=0755,dir_mode=0755,soft,nounix\n";
    const std::string mounts =
        "100 1 0:44 / /mnt/1 rw,relatime shared:30 - cifs //win2k12/data" + tail +
        "103 1 0:45 / /mnt/2 rw,relatime shared:52 - cifs //win2k12/data/sub/dir" + tail +
        "106 1 0:44 /sub /mnt/3 rw,relatime shared:30 - cifs //win2k12/data" + tail +
        "109 1 0:45 /deep /mnt/4 rw,relatime shared:52 - cifs //win2k12/data/sub/dir" + tail +
        "112 1 0:47 / /mnt/5 rw,relatime shared:56 - cifs //win2k12/my\\040data" + tail +
        "115 1 0:49 / /mnt/6 rw,relatime shared:58 - cifs //win2k12/hid$" + tail +
        "118 1 0:51 / /mnt/7 rw,relatime shared:60 - cifs //win2k12/s\xc3\xbc\xc3\x9f" + tail +
        "130 1 0:55 / /mnt/a rw,relatime shared:72 - cifs //win2k12/data/we\\040ird" + tail +
        "133 1 0:44 / /mnt/sp\\040ace rw,relatime shared:70 - cifs //win2k12/data" + tail +
        "124 1 0:44 / /mnt/9 rw,relatime shared:64 - cifs //win2k12/data" + tail +
        "127 124 0:54 / /mnt/9 rw,relatime shared:66 - cifs //win2k12/datab" + tail;
    const auto read = [&mounts](const std::string& path) {
        const Source source = parse(path, mounts);
        return source.unc.text() + " " + source.directory;
    };

    EXPECT_EQ(read("/mnt/1/x"), "//win2k12/data x");
    EXPECT_EQ(read("/mnt/2/x"), "//win2k12/data sub/dir/x");
    EXPECT_EQ(read("/mnt/3/x"), "//win2k12/data sub/x");
    EXPECT_EQ(read("/mnt/4/x"), "//win2k12/data sub/dir/deep/x");
    EXPECT_EQ(read("/mnt/5/x"), "//win2k12/my data x");
    EXPECT_EQ(read("/mnt/6/x"), "//win2k12/hid$ x");
    EXPECT_EQ(read("/mnt/7/x"), "//win2k12/s\xc3\xbc\xc3\x9f x");
    EXPECT_EQ(read("/mnt/a/x"), "//win2k12/data we ird/x");
    EXPECT_EQ(read("/mnt/sp ace/x"), "//win2k12/data x");
    EXPECT_EQ(read("/mnt/9/x"), "//win2k12/datab x");
}

TEST(PathSource, IsOnTheMountOnTop) {
    const std::string stack =
        cifs(2, "/", "/mnt", "//fs1/old") + "3 2 0:51 / /mnt rw - cifs //fs2/new rw\n";

    EXPECT_EQ(parse("/mnt/a", stack).unc.text(), "//fs2/new");
}

TEST(PathSource, MayHaveWhatAUrlMayNot) {
    EXPECT_EQ(directoryOf("/mnt/a?b#c%20:d", cifs(2, "/", "/mnt", "//fs1/data")), "a?b#c%20:d");
}

TEST(RefusedPath, NamesTheFileSystem) {
    expectRefused("/home/x", "", "'/home/x' is on ext4, not on a cifs mount", "//server/share");
    expectRefused("/mnt/x", "2 1 0:5 / /mnt rw - nfs4 fs1:/e rw\n", "is on nfs4", "//server/share");
    expectRefused("/mnt/x",
                  cifs(2, "/", "/mnt", "//fs1/data") + "3 2 0:5 / /mnt/x rw - tmpfs t rw\n",
                  "is on tmpfs",
                  "//server/share");
}

TEST(RefusedPath, HintsAtWhatTheFileSystemIs) {
    const std::string gvfs = "2 1 0:5 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw\n";
    expectRefused("/run/user/1000/gvfs/smb-share:server=fs1,share=data/x",
                  gvfs,
                  "is on fuse.gvfsd-fuse",
                  "smb://server/share");
    expectRefused(
        "/auto/x", "2 1 0:5 / /auto rw - autofs /etc/auto rw\n", "is on autofs", "look into");
}

TEST(RefusedPath, IsNotCanonical) {
    const std::string mount = cifs(2, "/", "/mnt", "//fs1/data");
    expectRefused("/mnt/../etc", mount, "not canonical", "");
    expectRefused("/mnt/./a", mount, "not canonical", "");
    expectRefused("/..", mount, "not canonical", "");
}

TEST(RefusedPath, CantBeToldToMountCifs) {
    const std::string mount = cifs(2, "/", "/mnt", "//fs1/data");
    expectRefused("/mnt/a,uid=0", mount, "comma", "directory above");
    expectRefused("/mnt/a\nb", mount, "'/mnt/a\\x0ab'", "");
    expectRefused("/mnt/a\\b", mount, "backslash", "");
    expectRefused("/mnt/\xff", mount, "UTF-8", "");
    expectRefused("/mnt/a", cifs(2, "/x,y", "/mnt", "//fs1/data"), "comma", "");
}

TEST(RefusedPath, IsOnAMountOfNoShare) {
    expectRefused("/mnt/a", cifs(2, "/", "/mnt", "none"), "the mount on '/mnt'", "");
    expectRefused("/mnt/a", cifs(2, "/", "/mnt", "//fs1"), "the mount on '/mnt'", "");
}

TEST(RefusedPath, IsADirectoryThatWasRemoved) {
    // As seen after a bind mount's directory was removed.
    expectRefused("/mnt/x", cifs(2, "/b//deleted", "/mnt", "//fs1/data"), "was removed", "");
}

TEST(RefusedPath, IsOnNoMountAtAll) {
    try {
        parseSource("/x", MountTable());
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidSource);
    }
}

} // namespace
} // namespace fsrvp::mount
