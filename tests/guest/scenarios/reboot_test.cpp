// SPDX-License-Identifier: GPL-3.0-or-later
// One guest over several boots from the same disk: suite BootN runs in boot N.
#include "tests/guest/support/mount_fixture.hpp"

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::filesystem::path kPlace = "/srv/kept/snapshot";

json snapshots() {
    return fsrvpctlJson({"list"})["snapshots"];
}

bool isMountOf(const std::filesystem::path& point, const json& snapshot) {
    const auto mounts = mountsAt(point);
    return mounts.size() == 1 && mounts[0].source == unc(snapshot["exposed"].get<std::string>());
}

/// Snapshots 1 and 2 are mounted where boot 1 mounted them, with what they had then.
void expectMountsAreBack() {
    const json found = snapshots();
    ASSERT_GE(found.size(), 2U);
    EXPECT_TRUE(waitFor([&] { return isMountOf("/run/fsrvpd/mnt/1", found[0]); }, kPatience));
    EXPECT_TRUE(waitFor([&] { return isMountOf(kPlace, found[1]); }, kPatience));
    EXPECT_EQ(readFile("/run/fsrvpd/mnt/1/file.txt"), "kept\n");
    EXPECT_EQ(readFile(kPlace / "file.txt"), "first version of datab\n");
    EXPECT_TRUE(
        waitFor([] { return std::filesystem::is_empty("/run/fsrvpd/private"); }, kPatience));
}

TEST(Boot1, MountsSnapshotsAndShutsDown) {
    EXPECT_EQ(bootNumber(), 1);
    std::filesystem::create_directories(kPlace.parent_path());
    writeFile(directoryOf("data") / "file.txt", "kept\n");
    EXPECT_EQ(fsrvpctl({"create", "-q", unc("data")}).exitCode, 0);
    EXPECT_EQ(fsrvpctl({"create", "-q", unc("datab"), kPlace}).exitCode, 0);
    EXPECT_EQ(fsrvpctl({"create", "-q", "--no-mount", unc("datac")}).exitCode, 0);
    writeFile(directoryOf("data") / "file.txt", "changed\n");
    expectMountsAreBack();

    endBootInOrder();
}

TEST(Boot2, HasThemBackAndLosesPowerAfterAnother) {
    EXPECT_EQ(bootNumber(), 2);
    const std::string shutdown = succeed({"journalctl", "--boot=-1", "--no-pager"});
    EXPECT_THAT(shutdown, HasSubstr("fsrvpd.service: Deactivated successfully"));
    EXPECT_THAT(shutdown, HasSubstr("Unmounted srv-kept-snapshot.mount"));
    EXPECT_THAT(shutdown, Not(HasSubstr("Failed with result")));
    EXPECT_THAT(shutdown, Not(HasSubstr("is no longer mounted")));
    ASSERT_EQ(snapshots().size(), 3U);
    EXPECT_EQ(lookAtServer().shares.size(), 3U);
    expectMountsAreBack();

    EXPECT_EQ(fsrvpctl({"create", "-q", "--no-mount", unc("datac")}).exitCode, 0);
}

TEST(Boot3, HasAllAndDeletesThem) {
    EXPECT_EQ(bootNumber(), 3);
    ASSERT_EQ(snapshots().size(), 4U);
    EXPECT_EQ(lookAtServer().shares.size(), 4U);
    expectMountsAreBack();

    EXPECT_EQ(fsrvpctl({"delete", "-q", "1", "2", "3", "4"}).exitCode, 0);

    EXPECT_THAT(lookAtServer().shares, IsEmpty());
    EXPECT_EQ(snapshots(), json::array());
    EXPECT_FALSE(std::filesystem::exists(kPlace));
}

} // namespace
} // namespace fsrvp::test::guest
