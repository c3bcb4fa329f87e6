// SPDX-License-Identifier: GPL-3.0-or-later

// Paths on a mount of a share. Names and URLs: source_parser_test.cpp.

#include "tests/unit/daemon/mount/source_parsing.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace fsrvp::mount {
namespace {

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
