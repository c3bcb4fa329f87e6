// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>

namespace fsrvp::db::test {
namespace {

MountRecord mountOf(std::int64_t copy, const std::string& path) {
    MountRecord mount;
    mount.copy = copy;
    mount.path = path;
    mount.what = "//fs1/data@{…}/sub dir";
    mount.options = "ro,nosuid,nodev,noexec";
    mount.madeDirectory = true;
    return mount;
}

TEST(StoreMounts, AreThereAfterARestartAsTheyWereRecorded) {
    StoreFixture fixture;
    const std::int64_t job = fixture.addJob();
    const Snapshot copy = fixture.addSnapshot(guidOf(3));

    const MountRecord first =
        fixture.run(fixture.store().insertMount(mountOf(copy.id, "/mnt/ä b"), job));
    const MountRecord second =
        fixture.run(fixture.store().insertMount(mountOf(copy.id, "/mnt/2"), job));

    Store& store = fixture.reopen();
    MountRecord expected = mountOf(copy.id, "/mnt/ä b");
    expected.id = first.id;
    EXPECT_EQ(first, expected);
    EXPECT_EQ(store.listMounts(), (std::vector{first, second}));
    EXPECT_EQ(store.mountsOf(copy.id), (std::vector{first, second}));
    EXPECT_TRUE(store.mountsOf(copy.id + 1).empty());
    EXPECT_EQ(store.findMount("/mnt/2"), second);
    EXPECT_EQ(store.findMount("/mnt"), std::nullopt);
}

TEST(StoreMounts, TwoCannotHaveOnePath) {
    StoreFixture fixture;
    const std::int64_t job = fixture.addJob();
    const Snapshot copy = fixture.addSnapshot(guidOf(3));
    fixture.run(fixture.store().insertMount(mountOf(copy.id, "/mnt/1"), job));

    const Error error =
        errorOf([&] { fixture.run(fixture.store().insertMount(mountOf(copy.id, "/mnt/1"), job)); });

    EXPECT_EQ(error.code(), Errc::AlreadyExists);
    EXPECT_EQ(std::string(error.what()), "/mnt/1 is the mount point of snapshot 1");
    EXPECT_EQ(fixture.store().listMounts().size(), 1U);
}

TEST(StoreMounts, AnUnmountThatWasBegunIsKnownAfterARestart) {
    StoreFixture fixture;
    const std::int64_t job = fixture.addJob();
    const Snapshot copy = fixture.addSnapshot(guidOf(3));
    const MountRecord mount =
        fixture.run(fixture.store().insertMount(mountOf(copy.id, "/mnt/1"), job));

    fixture.run(fixture.store().markUnmounting(mount.id, job));

    EXPECT_TRUE(fixture.reopen().findMount("/mnt/1")->unmounting);
}

TEST(StoreMounts, ARemovedOneLeavesOnlyItsHistory) {
    StoreFixture fixture;
    const std::int64_t job = fixture.addJob();
    const Snapshot copy = fixture.addSnapshot(guidOf(3));
    const MountRecord mount =
        fixture.run(fixture.store().insertMount(mountOf(copy.id, "/mnt/1"), job));

    fixture.run(fixture.store().markUnmounting(mount.id, job));
    fixture.run(fixture.store().removeMount(mount.id, job));

    EXPECT_TRUE(fixture.store().listMounts().empty());
    EXPECT_EQ(Database(fixture.file(), Access::ReadOnly)
                  .queryInteger("SELECT count(*) FROM job_step WHERE name IN"
                                " ('mount', 'unmount', 'unmounted') AND copy = 1"),
              3);
    EXPECT_EQ(errorOf([&] { fixture.run(fixture.store().removeMount(mount.id, job)); }).code(),
              Errc::NotFound);
}

} // namespace
} // namespace fsrvp::db::test
