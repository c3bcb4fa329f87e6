// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/mount/mount_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::mount {
namespace {

MountEntry only(const std::string& line) {
    const MountTable table = MountTable::parse(line + "\n");
    EXPECT_EQ(table.entries().size(), 1U);
    return table.entries().at(0);
}

/// The id of the mount that a path ends in; 0 for none.
int covering(const MountTable& table, std::string_view path) {
    const MountEntry* entry = table.covering(path);
    return entry ? entry->id : 0;
}

int at(const MountTable& table, std::string_view path) {
    const MountEntry* entry = table.at(path);
    return entry ? entry->id : 0;
}

TEST(MountLine, HasItsFields) {
    const MountEntry entry = only("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root "
                                  "rw,errors=continue");

    EXPECT_EQ(entry.id, 36);
    EXPECT_EQ(entry.parent, 35);
    EXPECT_EQ(entry.device, "98:0");
    EXPECT_EQ(entry.root, "/mnt1");
    EXPECT_EQ(entry.mountPoint, "/mnt2");
    EXPECT_EQ(entry.options, "rw,noatime");
    EXPECT_EQ(entry.fsType, "ext3");
    EXPECT_EQ(entry.source, "/dev/root");
    EXPECT_EQ(entry.superOptions, "rw,errors=continue");
    EXPECT_FALSE(entry.isCifs());
}

TEST(MountLine, MayHaveAnyNumberOfOptionalFields) {
    EXPECT_EQ(only("1 0 0:1 / / rw - cifs //fs1/data rw").source, "//fs1/data");
    EXPECT_EQ(only("1 0 0:1 / / rw shared:1 master:2 propagate_from:3 unbindable - cifs //fs1/data "
                   "rw")
                  .source,
              "//fs1/data");
}

TEST(MountLine, IsCifsByEitherName) {
    EXPECT_TRUE(only("1 0 0:1 / / rw - cifs //fs1/data rw").isCifs());
    EXPECT_TRUE(only("1 0 0:1 / / rw - smb3 //fs1/data rw").isCifs());
    EXPECT_FALSE(only("1 0 0:1 / / rw - smbfs //fs1/data rw").isCifs());
}

TEST(MountLine, HasItsEscapesDecodedButInTheSuperOptions) {
    const MountEntry entry = only(R"(1 0 0:1 /r\040r /m\011m\012m\134m\043\303\274 rw - cifs )"
                                  R"(//fs1/my\040data rw,domain=a\054b)");

    EXPECT_EQ(entry.root, "/r r");
    EXPECT_EQ(entry.mountPoint, "/m\tm\nm\\m#ü");
    EXPECT_EQ(entry.source, "//fs1/my data");
    EXPECT_EQ(entry.superOptions, R"(rw,domain=a\054b)");
}

TEST(MountLine, KeepsWhatIsNoEscape) {
    EXPECT_EQ(only(R"(1 0 0:1 / /a\04 rw - cifs s rw)").mountPoint, R"(/a\04)");
    EXPECT_EQ(only(R"(1 0 0:1 / /a\048 rw - cifs s rw)").mountPoint, R"(/a\048)");
    EXPECT_EQ(only(R"(1 0 0:1 / /a\400 rw - cifs s rw)").mountPoint, R"(/a\400)");
    EXPECT_EQ(only(R"(1 0 0:1 / /a\000 rw - cifs s rw)").mountPoint, R"(/a\000)");
    EXPECT_EQ(only(R"(1 0 0:1 / /a\ rw - cifs s rw)").mountPoint, R"(/a\)");
    // Decoded once only.
    EXPECT_EQ(only(R"(1 0 0:1 / /a\134040 rw - cifs s rw)").mountPoint, R"(/a\040)");
}

TEST(MountLine, MayHaveAnEmptySource) {
    // As seen after `mount -t tmpfs "" /m`.
    const MountEntry entry = only("67 66 0:43 / /m rw,relatime - tmpfs  rw");

    EXPECT_EQ(entry.source, "");
    EXPECT_EQ(entry.superOptions, "rw");
}

class NoMountLine : public testing::TestWithParam<std::string> {};

TEST_P(NoMountLine, IsNamedByItsNumber) {
    const std::string good = "1 0 0:1 / / rw - ext4 /dev/vda rw\n";
    try {
        MountTable::parse(good + GetParam() + "\n" + good);
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Failed);
        EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Lines,
                         NoMountLine,
                         testing::Values("",
                                         "x",
                                         "//fs1/data /mnt cifs rw 0 0",
                                         "2 1 0:1 / /m rw",
                                         "2 1 0:1 / /m rw cifs //fs1/data rw",
                                         "2 1 0:1 / /m rw -",
                                         "x 1 0:1 / /m rw - cifs //fs1/data rw",
                                         "2 -1 0:1 / /m rw - cifs //fs1/data rw",
                                         "2x 1 0:1 / /m rw - cifs //fs1/data rw",
                                         "99999999999 1 0:1 / /m rw - cifs //fs1/data rw",
                                         "2 1 0:1 / m rw - cifs //fs1/data rw"));

TEST(MountTable, MayBeEmpty) {
    EXPECT_TRUE(MountTable::parse("").entries().empty());
    EXPECT_EQ(MountTable::parse("").covering("/"), nullptr);
    EXPECT_EQ(MountTable().at("/"), nullptr);
}

TEST(MountTable, IsReadFromProc) {
    const MountTable table = MountTable::read("/proc/self/mountinfo");

    ASSERT_NE(table.covering("/proc/self"), nullptr);
    EXPECT_EQ(table.covering("/proc/self")->fsType, "proc");
}

TEST(MountTable, NamesTheFileThatItCantRead) {
    for (const std::string file : {"/proc/self/no such file", "/proc/self"}) {
        try {
            MountTable::read(file);
            FAIL() << "read " << file;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::Failed);
            EXPECT_NE(std::string(error.what()).find(file), std::string::npos) << error.what();
        }
    }
}

const char* const kTree = "20 1 254:0 / / rw - ext4 /dev/vda rw\n"
                          "21 20 0:30 / /mnt/share rw - cifs //fs1/data rw\n"
                          "22 21 0:31 / /mnt/share/inner rw - tmpfs t rw\n"
                          "23 20 0:32 / /mnt/shared rw - tmpfs t rw\n";

TEST(Covering, GoesByComponents) {
    const MountTable table = MountTable::parse(kTree);

    EXPECT_EQ(covering(table, "/"), 20);
    EXPECT_EQ(covering(table, "/mnt"), 20);
    EXPECT_EQ(covering(table, "/mnt/share"), 21);
    EXPECT_EQ(covering(table, "/mnt/share/"), 21);
    EXPECT_EQ(covering(table, "//mnt//share"), 21);
    EXPECT_EQ(covering(table, "/mnt/share/dir/file"), 21);
    EXPECT_EQ(covering(table, "/mnt/share/inner"), 22);
    EXPECT_EQ(covering(table, "/mnt/share/inner/x"), 22);
    EXPECT_EQ(covering(table, "/mnt/shared/inner"), 23);
    EXPECT_EQ(covering(table, "/mnt/sharedx"), 20);
    EXPECT_EQ(covering(table, "mnt/share"), 0);
    EXPECT_EQ(covering(table, ""), 0);
}

TEST(Covering, DoesNotDependOnTheOrderOfLines) {
    const MountTable table = MountTable::parse("22 21 0:31 / /mnt/share/inner rw - tmpfs t rw\n"
                                               "21 20 0:30 / /mnt/share rw - cifs //fs1/data rw\n"
                                               "20 1 254:0 / / rw - ext4 /dev/vda rw\n");

    EXPECT_EQ(covering(table, "/mnt/share/inner/x"), 22);
}

TEST(Covering, FindsTheTopOfAStackAndNothingThatItHides) {
    // As seen: t1 on /a, t2 on /a/b, then t3 on /a; /a/b was on t3 then.
    const MountTable table = MountTable::parse("43 42 254:0 / / rw - ext4 /dev/vda rw\n"
                                               "64 43 0:40 / /a rw - tmpfs t1 rw\n"
                                               "65 64 0:41 / /a/b rw - tmpfs t2 rw\n"
                                               "66 64 0:42 / /a rw - tmpfs t3 rw\n");

    EXPECT_EQ(covering(table, "/a"), 66);
    EXPECT_EQ(covering(table, "/a/b"), 66);
    EXPECT_EQ(at(table, "/a"), 66);
    EXPECT_EQ(at(table, "/a/b"), 0);
}

TEST(Covering, FindsNothingBelowAParentThatIsMountedOver) {
    const MountTable table = MountTable::parse("1 0 254:0 / / rw - ext4 /dev/vda rw\n"
                                               "2 1 0:2 / /mnt/share rw - cifs //fs1/data rw\n"
                                               "3 1 0:3 / /mnt rw - tmpfs t rw\n");

    EXPECT_EQ(covering(table, "/mnt/share/x"), 3);
}

TEST(Covering, TakesTheLastOfEquals) {
    const MountTable table = MountTable::parse("1 0 254:0 / / rw - ext4 /dev/vda rw\n"
                                               "2 1 0:2 / /m rw - tmpfs t rw\n"
                                               "3 1 0:3 / /m rw - tmpfs t rw\n");

    EXPECT_EQ(covering(table, "/m"), 3);
}

TEST(Covering, BeginsBelowWhatIsMountedOnTheRoot) {
    // As seen after `mount -t tmpfs none /`: stat("/") still gives 254:0.
    const MountTable table = MountTable::parse("43 42 254:0 / / rw - ext4 /dev/vda rw\n"
                                               "63 43 0:39 / / rw - tmpfs none rw\n"
                                               "64 43 0:40 / /m rw - tmpfs none rw\n"
                                               "65 63 0:41 / /m rw - tmpfs hidden rw\n");

    EXPECT_EQ(covering(table, "/"), 43);
    EXPECT_EQ(covering(table, "/x"), 43);
    EXPECT_EQ(covering(table, "/m"), 64);
}

TEST(Covering, TakesARootThatIsItsOwnParent) {
    EXPECT_EQ(covering(MountTable::parse("1 1 0:1 / / rw - rootfs none rw\n"), "/x"), 1);
}

TEST(Covering, EndsInHostileTables) {
    const std::string rest = " 0:1 / /a rw - tmpfs t rw\n";
    const MountTable circle = MountTable::parse("1 2" + rest + "2 1" + rest);
    EXPECT_EQ(covering(circle, "/a"), 0);

    const MountTable entered = MountTable::parse("9 8 0:1 / / rw - ext4 d rw\n9 9" + rest + "1 9" +
                                                 rest + "1 1" + rest + "9 1" + rest);
    EXPECT_NE(covering(entered, "/a/b"), 0);
}

TEST(At, NeedsTheVeryMountPoint) {
    const MountTable table = MountTable::parse(kTree);

    EXPECT_EQ(at(table, "/"), 20);
    EXPECT_EQ(at(table, "/mnt/share"), 21);
    EXPECT_EQ(at(table, "/mnt/share/"), 21);
    EXPECT_EQ(at(table, "/mnt/share/dir"), 0);
    EXPECT_EQ(at(table, "/mnt"), 0);
}

TEST(SameNamespace, IsToldByTheRootsId) {
    const MountTable host = MountTable::parse(kTree);
    const MountTable later = MountTable::parse("20 1 254:0 / / rw - ext4 /dev/vda rw\n"
                                               "90 20 0:50 / /new rw - tmpfs t rw\n");
    const MountTable copy = MountTable::parse("120 99 254:0 / / rw - ext4 /dev/vda rw\n");
    // Of a process below chroot(2) to a mount point, and to a plain directory.
    const MountTable onMount = MountTable::parse("21 20 0:30 / / rw - cifs //fs1/data rw\n");
    const MountTable inDirectory = MountTable::parse("22 21 0:31 / /inner rw - tmpfs t rw\n");

    EXPECT_TRUE(host.isSameNamespace(later));
    EXPECT_TRUE(later.isSameNamespace(host));
    EXPECT_FALSE(host.isSameNamespace(copy));
    EXPECT_FALSE(host.isSameNamespace(onMount));
    EXPECT_FALSE(host.isSameNamespace(inDirectory));
    EXPECT_FALSE(inDirectory.isSameNamespace(inDirectory));
    EXPECT_FALSE(host.isSameNamespace(MountTable()));
}

} // namespace
} // namespace fsrvp::mount
