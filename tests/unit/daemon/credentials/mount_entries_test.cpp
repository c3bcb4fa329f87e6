// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/mount_entries.hpp"
#include "tests/unit/daemon/config/config_dir.hpp"

#include <gtest/gtest.h>

namespace fsrvp {
namespace {

/// A host's fstab and two directories of units.
class MountEntries : public testing::Test {
  protected:
    MountEntries() {
        places.fstab = host.path("fstab");
        places.units = {host.path("etc"), host.path("usr")};
    }

    std::optional<std::string> find(const Unc& share = {"fs1", "my data"}) const {
        return credentialsFileOfEntry(share, places);
    }

    test::ConfigDir host;
    MountEntryPlaces places;
};

TEST_F(MountEntries, AreNotThereOnAHostWithoutAny) {
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(MountEntries, OfFstabAreFoundWithTheirEscapes) {
    host.write(
        "fstab",
        "# a comment\n"
        "UUID=1 / ext4 defaults 0 1\n"
        "//fs1/other /mnt/o cifs credentials=/other 0 0\n"
        "//FS1/My\\040Data /mnt/my\\040data cifs rw,uid=1,credentials=/etc/a\\040b,seal 0 0\n");

    EXPECT_EQ(find(), "/etc/a b");
}

TEST_F(MountEntries, OfADirectoryInTheShareCount) {
    host.write("fstab", "//fs1/my\\040data/sub /mnt cifs cred=/a 0 0\n");
    EXPECT_EQ(find(), "/a");

    host.write("fstab", "//fs1/my\\040data2 /mnt cifs cred=/a 0 0\n");
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(MountEntries, OfOtherFileSystemsDoNotCount) {
    host.write("fstab", "//fs1/my\\040data /mnt nfs credentials=/a 0 0\n");
    EXPECT_EQ(find(), std::nullopt);

    host.write("fstab", "//fs1/my\\040data /mnt smb3 credentials=/a 0 0\n");
    EXPECT_EQ(find(), "/a");
}

TEST_F(MountEntries, TheFirstThatNamesAFileCounts) {
    host.write("fstab",
               "//fs1/my\\040data /mnt/1 cifs username=joe,password=x 0 0\n"
               "//fs1/my\\040data /mnt/2 cifs credentials=/a,credentials=/b 0 0\n"
               "//fs1/my\\040data /mnt/3 cifs credentials=/c 0 0\n");

    EXPECT_EQ(find(), "/b") << "as mount.cifs, the last of its line";
}

TEST_F(MountEntries, OfUnitsAreFoundInTheSectionMountAlone) {
    host.write("etc/mnt-data.mount",
               "[Unit]\nWhat=//fs1/my data\nOptions=credentials=/wrong\n"
               "[Mount]\n# Options=credentials=/wrong\nWhat = //fs1/my data\nWhere=/mnt/data\n"
               "Type=cifs\nOptions=ro,credentials=/right\n"
               "[Install]\nOptions=credentials=/wrong\n");

    EXPECT_EQ(find(), "/right");
}

TEST_F(MountEntries, OfTheFirstDirectoryHideThoseOfTheSameNameInTheNext) {
    const std::string start = "[Mount]\nWhat=//fs1/my data\nType=cifs\n";
    host.write("etc/a.mount", start + "Options=ro\n");
    host.write("usr/a.mount", start + "Options=credentials=/hidden\n");
    host.write("usr/b.mount", start + "Options=credentials=/shown\n");

    EXPECT_EQ(find(), "/shown");
}

TEST_F(MountEntries, OfFstabGoBeforeUnits) {
    host.write("etc/a.mount", "[Mount]\nWhat=//fs1/my data\nType=cifs\nOptions=credentials=/b\n");
    host.write("fstab", "//fs1/my\\040data /mnt cifs credentials=/a 0 0\n");

    EXPECT_EQ(find(), "/a");
}

TEST_F(MountEntries, ThatMakeNoSenseArePassedOver) {
    host.write("fstab", std::string("\0\0garbage\n//fs1\n", 16) + std::string(10000, 'x') + "\n");
    host.write("etc/a.mount", "[Mount\n=\n==\nWhat\n[Mount]\n=x\nOptions=");
    host.write("etc/b.mount", "[Mount]\nWhat=//fs1/my data\nType=cifs\nOptions=credentials=/b\n");

    EXPECT_EQ(find(), "/b");
}

} // namespace
} // namespace fsrvp
