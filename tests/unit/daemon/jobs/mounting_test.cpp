// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/mounting_fixture.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

namespace fsrvp::jobs {
namespace {

using std::filesystem::exists;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(MountingTest, ACreateMountsAtTheDefaultPlace) {
    const auto job = createMounted();

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(mountedAt(place(1)), sourceOf(1));
    EXPECT_TRUE(exists(place(1) + "/file.txt"));
    EXPECT_THAT(mountPoints(1), ElementsAre(place(1)));
    EXPECT_THAT(absent(1), IsEmpty());
}

TEST_F(MountingTest, TheLinkForPeopleLeadsToTheMount) {
    createMounted();

    const auto link = runtimeDirectory.path() / "by-share" / "fs1" / "data";
    ASSERT_TRUE(exists(link));
    const auto entry = *std::filesystem::directory_iterator(link);
    EXPECT_EQ(std::filesystem::read_symlink(entry.path()).string(), place(1));

    unmount(1);
    EXPECT_FALSE(exists(link));
}

TEST_F(MountingTest, CredentialsExistOnlyWhileItIsMounted) {
    createMounted();

    EXPECT_EQ(readStandInFile("modes"), "600\n");
    EXPECT_THAT(readStandInFile("credentials"), HasSubstr("password=secret\n"));
    EXPECT_THAT(readStandInFile("options"), Not(HasSubstr("secret")));
    EXPECT_EQ(privateFiles(), 0U);
}

TEST_F(MountingTest, OptionsFollowTheBaseMountAndAreReadOnly) {
    Source source = dataShare();
    source.directory = "sub";
    source.baseOptions = "rw,vers=3.1.1,username=x,uid=7,forceuid,gid=7,forcegid,"
                         "addr=127.0.0.1,file_mode=0640,dir_mode=0750,seal,soft";

    createMounted("", source);

    const std::string options = readStandInFile("options");
    EXPECT_THAT(options, testing::StartsWith("ro,nosuid,nodev,noexec,"));
    EXPECT_THAT(options, HasSubstr("vers=3.1.1"));
    EXPECT_THAT(options, HasSubstr("uid=7"));
    EXPECT_THAT(options, Not(HasSubstr("username")));
    EXPECT_EQ(mountedAt(place(1)), sourceOf(1) + "/sub");
}

TEST_F(MountingTest, ADestinationThatIsMadeGoesWithTheMount) {
    const auto job = createMounted(path("new"));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(mountedAt(path("new")), sourceOf(1));

    EXPECT_EQ(errorName(*unmount(1)), "none");
    EXPECT_EQ(mountedAt(path("new")), "");
    EXPECT_FALSE(exists(path("new")));
    EXPECT_THAT(store().listMounts(), IsEmpty());
}

TEST_F(MountingTest, AnEmptyDirectoryAsDestinationStays) {
    std::filesystem::create_directory(path("old"));

    createMounted(path("old"));
    EXPECT_EQ(mountedAt(path("old")), sourceOf(1));
    unmount(1);

    EXPECT_TRUE(exists(path("old")));
}

TEST_F(MountingTest, ABadDestinationIsRefusedBeforeTheServerIsAsked) {
    std::filesystem::create_directories(path("full/file"));
    std::filesystem::create_directory_symlink(path("full/file"), path("link"));
    std::ofstream(path("file")) << "x";

    for (const std::string& bad : {path("full"),
                                   path("file"),
                                   path("link"),
                                   path("no/parent"),
                                   path("new\nline"),
                                   path(std::string(250, '-'))}) {
        const auto job = createMounted(bad);

        EXPECT_TRUE(job->error()) << bad;
        EXPECT_THAT(job->ids(), IsEmpty());
    }
    EXPECT_THAT(server().calls(), IsEmpty());
    EXPECT_TRUE(exists(path("full/file")));
}

TEST_F(MountingTest, WhatMountSaysComesBackAndTheSnapshotStays) {
    writeStandInFile("words", "mount error(13): Permission denied\nRefer to the manual page\n");

    const auto job = createMounted(path("new"));

    EXPECT_EQ(errorName(*job), "Partial");
    EXPECT_THAT(errorText(*job),
                HasSubstr("snapshot 1 of //fs1/data was taken, but not mounted: "));
    EXPECT_THAT(errorText(*job), HasSubstr("mount error(13): Permission denied"));
    EXPECT_THAT(job->error()->hint(), HasSubstr("fsrvpctl mount 1"));
    EXPECT_THAT(job->ids(), ElementsAre(1));
    EXPECT_EQ(snapshot(1).state, CopyState::Exposed);
    EXPECT_FALSE(exists(path("new")));
    EXPECT_THAT(store().listMounts(), IsEmpty());

    removeStandInFile("words");
    EXPECT_EQ(errorName(*mount(1, path("new"))), "none");
    EXPECT_EQ(mountedAt(path("new")), sourceOf(1));
}

TEST_F(MountingTest, OneThatIsLostOnItsServerIsMountedAllTheSame) {
    create({"//fs1/data"});
    server().forgetSets();
    ASSERT_EQ(errorName(*remove({1})), "LostOnServer");

    EXPECT_EQ(errorName(*mount(1)), "none");

    EXPECT_EQ(mountedAt(place(1)), sourceOf(1));
    takeOff(place(1));
    restart();
    EXPECT_EQ(mountedAt(place(1)), sourceOf(1)) << "it comes back as any other";
}

TEST_F(MountingTest, ASnapshotCanBeMountedTwiceButNotAtOnePlace) {
    createMounted();

    EXPECT_EQ(errorName(*mount(1, path("second"))), "none");
    const auto again = mount(1);

    EXPECT_EQ(errorName(*again), "AlreadyExists");
    EXPECT_THAT(mountPoints(1), ElementsAre(place(1), path("second")));

    EXPECT_EQ(errorName(*unmount(1, path("second"))), "none");
    EXPECT_THAT(mountPoints(1), ElementsAre(place(1)));
    EXPECT_EQ(errorName(*unmount(1, path("second"))), "NotFound");
}

TEST_F(MountingTest, TwoSourcesCannotHaveOneDestination) {
    CreateRequest request;
    request.sources = {dataShare(), Source{Unc{"fs1", "home"}, {}, {}, {}}};
    request.mount = MountAfter{path("new"), false};

    EXPECT_EQ(errorOf(manager().create(std::move(request))).code(), Errc::InvalidArgument);
}

TEST_F(MountingTest, ADeleteUnmountsFirst) {
    createMounted(path("new"));

    const auto job = remove({1});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(mountedAt(path("new")), "");
    EXPECT_FALSE(exists(path("new")));
    EXPECT_EQ(snapshot(1).state, CopyState::Deleted);
    EXPECT_THAT(server().exposedShares(), IsEmpty());
}

TEST_F(MountingTest, ADeleteOfABusySnapshotIsRefusedAndNamesWhoHoldsIt) {
    createMounted();
    const UniqueFd file = hold(place(1));

    const auto job = remove({1});

    EXPECT_EQ(errorName(*job), "Busy") << errorText(*job);
    EXPECT_THAT(errorText(*job), HasSubstr("pid " + std::to_string(::getpid())));
    EXPECT_THAT(errorText(*job), HasSubstr("file.txt"));
    EXPECT_THAT(job->error()->hint(), HasSubstr("umount --lazy"));
    EXPECT_EQ(mountedAt(place(1)), sourceOf(1));
    EXPECT_EQ(snapshot(1).state, CopyState::Exposed);
    EXPECT_EQ(server().exposedShares().size(), 1U);
}

TEST_F(MountingTest, ALazyUnmountTakesABusyOneOutOfTheTree) {
    createMounted(path("new"));
    const UniqueFd file = hold(path("new"));

    EXPECT_EQ(errorName(*unmount(1)), "Busy");
    EXPECT_EQ(errorName(*unmount(1, "", true)), "none");

    EXPECT_EQ(mountedAt(path("new")), "");
    EXPECT_FALSE(exists(path("new")));
    char c = 0;
    EXPECT_EQ(::read(file.get(), &c, 1), 1);
}

TEST_F(MountingTest, ADeleteSeesWhatSomebodyElseMounted) {
    createMounted();
    std::filesystem::create_directory(path("mine"));
    ASSERT_EQ(::mount(place(1).c_str(), path("mine").c_str(), nullptr, MS_BIND, nullptr), 0);

    const auto job = remove({1});

    EXPECT_EQ(errorName(*job), "Busy");
    EXPECT_THAT(errorText(*job), HasSubstr(path("mine")));
    EXPECT_EQ(snapshot(1).state, CopyState::Exposed);
    EXPECT_EQ(mountedAt(place(1)), sourceOf(1));
    takeOff(path("mine"));
    EXPECT_EQ(errorName(*remove({1})), "none");
}

TEST_F(MountingTest, ASnapshotThatIsGoneFromItsServerIsForgottenOnlyWhenItIsUnmounted) {
    createMounted(path("new"));
    server().removeExposedShare(snapshot(1).exposed);
    server().removeFromDisk(snapshot(1).snapshotId);
    const auto forgetting = [this] {
        server().failTimes<GetShareMapping>(3, Failure::result(hresult::kInvalidArgument));
        ReconcileRequest request;
        request.wish.forgetMissing = true;
        return ended(run(manager().reconcile(std::move(request))));
    };
    UniqueFd file = hold(path("new"));

    const auto busy = forgetting();

    EXPECT_THAT(errorText(*busy), HasSubstr("pid " + std::to_string(::getpid())));
    EXPECT_EQ(busy->findings().at(0).status, FindingStatus::Missing);
    EXPECT_EQ(mountedAt(path("new")), sourceOf(1));
    EXPECT_EQ(snapshot(1).state, CopyState::Exposed);

    file.reset();
    const auto done = forgetting();

    EXPECT_EQ(errorName(*done), "none") << errorText(*done);
    EXPECT_EQ(done->findings().at(0).status, FindingStatus::Forgotten);
    EXPECT_EQ(mountedAt(path("new")), "");
    EXPECT_FALSE(exists(path("new")));
    EXPECT_EQ(snapshot(1).state, CopyState::Deleted);
}

TEST_F(MountingTest, AMountThatSomebodyElseRemovedIsShownAndComesBack) {
    createMounted(path("new"));
    takeOff(path("new"));

    EXPECT_THAT(mountPoints(1), IsEmpty());
    EXPECT_THAT(absent(1), ElementsAre(path("new")));

    EXPECT_EQ(errorName(*mount(1)), "none");
    EXPECT_EQ(mountedAt(path("new")), sourceOf(1));
}

TEST_F(MountingTest, WhatSomebodyElseMountedOverItIsLeftAlone) {
    createMounted(path("new"));
    ASSERT_EQ(::mount("other", path("new").c_str(), "tmpfs", 0, nullptr), 0);

    EXPECT_THAT(absent(1), ElementsAre(path("new")));
    EXPECT_EQ(errorName(*unmount(1)), "none");

    EXPECT_EQ(mountedAt(path("new")), "other");
    EXPECT_THAT(store().listMounts(), IsEmpty());
}

TEST_F(MountingTest, MountsComeBackAfterARestart) {
    createMounted();
    createMounted(path("new"), Source{Unc{"fs1", "home"}, {}, "sub", {}});
    createMounted();
    takeOff(place(1));
    std::filesystem::remove(place(1)); // as after a reboot
    takeOff(path("new"));

    restart();

    EXPECT_EQ(mountedAt(place(1)), sourceOf(1));
    EXPECT_EQ(mountedAt(path("new")), sourceOf(2) + "/sub");
    EXPECT_EQ(mountedAt(place(3)), sourceOf(3));
    EXPECT_EQ(column("SELECT operation || ':' || state FROM job ORDER BY id DESC LIMIT 1"),
              "restore:done");
}

TEST_F(MountingTest, NoneIsTouchedByARestartThatIsThere) {
    createMounted();

    restart();

    EXPECT_EQ(mountedAt(place(1)), sourceOf(1));
    EXPECT_THAT(jobs(), IsEmpty());
    EXPECT_TRUE(exists(runtimeDirectory.path() / "by-share" / "fs1" / "data"));
}

TEST_F(MountingTest, RestoringMakesNoDirectoryOfThePlacesOthersOwn) {
    configure(Settings{2, 100, 10, 10});
    createMounted(path("new"));
    takeOff(path("new"));
    std::filesystem::remove(path("new"));

    restart();

    EXPECT_FALSE(exists(path("new")));
    EXPECT_THAT(errorText(*jobs().back()), HasSubstr(path("new") + " is not there"));
    EXPECT_THAT(absent(1), ElementsAre(path("new")));
}

TEST_F(MountingTest, AnUnmountThatWasBegunIsFinishedAtStart) {
    createMounted(path("new"));
    run(store().markUnmounting(store().listMounts().front().id, 1));

    restart();

    EXPECT_EQ(mountedAt(path("new")), "");
    EXPECT_FALSE(exists(path("new")));
    EXPECT_THAT(store().listMounts(), IsEmpty());
}

TEST_F(MountingTest, FsrvpdEndingWhileItMountsLeavesARecordThatIsMadeTrue) {
    createMounted();
    writeStandInFile("hang", "");
    const auto job = run(mounting(1, path("new")));
    awaitStandInFile("modes", "600\n600\n");

    crash();
    EXPECT_EQ(mountedAt(path("new")), "");
    removeStandInFile("hang");
    restart();

    EXPECT_EQ(mountedAt(path("new")), sourceOf(1));
}

TEST_F(MountingTest, ACancelledMountLeavesNothing) {
    createMounted();
    writeStandInFile("hang", "");
    const auto job = run(mounting(1, path("new")));
    awaitStandInFile("modes", "600\n600\n");

    job->cancellation().request(Error(Errc::Cancelled, "cancelled by a test"));
    ended(job);

    EXPECT_EQ(errorName(*job), "Cancelled");
    EXPECT_FALSE(exists(path("new")));
    EXPECT_EQ(store().listMounts().size(), 1U);
    removeStandInFile("hang");
}

} // namespace
} // namespace fsrvp::jobs
