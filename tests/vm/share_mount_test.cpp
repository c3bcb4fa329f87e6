// SPDX-License-Identifier: GPL-3.0-or-later
// Snapshots of shares that the kernel has mounted: sources by path, destinations in the share.
#include "tests/guest/support/mount_fixture.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Unit kDaemon("fsrvpd.service");
const Unit kServer("smbd.service");

/// The share "data" mounted at /mnt/share by hand.
class MountedShare : public MountScenario {
  protected:
    void SetUp() override {
        MountScenario::SetUp();
        mountByHand(unc("data"), kShare);
    }

    void TearDown() override {
        MountScenario::TearDown();
        for (const Mount& mount : mountTable()) {
            if (mount.point.starts_with("/mnt/")) {
                ::umount2(mount.point.c_str(), MNT_DETACH);
            }
        }
    }

    static void mountByHand(const std::string& what,
                            const std::filesystem::path& where,
                            const std::string& options = {}) {
        std::filesystem::create_directories(where);
        succeed({"mount",
                 "-t",
                 "cifs",
                 what,
                 where,
                 "-o",
                 "credentials=" + credentialsFile().string() + options});
    }

    static RunResult cifs(Argv arguments) {
        arguments.insert(arguments.begin(), {"/usr/bin/cifs", "filesystem", "snapshot"});
        return run(arguments, {}, kPatience);
    }

    static inline const std::filesystem::path kShare = "/mnt/share";
};

TEST_F(MountedShare, TheSeedsOwnCommands) {
    const auto live = kShare / "file.txt";
    const std::string before = sha256(live);
    const auto point = kShare / "my_snapshot";

    const RunResult created = cifs({"create", kShare, point});
    ASSERT_EQ(created.exitCode, 0) << created.err;
    writeFile(live, "changed\n");

    EXPECT_EQ(mountAt(point).type, "cifs");
    EXPECT_TRUE(mountAt(point).has("ro"));
    EXPECT_EQ(sha256(point / "file.txt"), before);
    EXPECT_NE(sha256(live), before);
    EXPECT_THAT(cifs({"list", kShare}).out, HasSubstr(point.string()));

    const RunResult deleted = cifs({"delete", point});
    ASSERT_EQ(deleted.exitCode, 0) << deleted.err;
    EXPECT_FALSE(isMounted(point));
    EXPECT_TRUE(isAbsent(point));
    EXPECT_TRUE(isAbsent(directoryOf("data") / "my_snapshot"));
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
}

TEST_F(MountedShare, GivesItsOptionsToTheSnapshot) {
    mountByHand(unc("datab"),
                "/mnt/sealed",
                ",vers=3.1.1,seal,uid=1000,gid=1001,file_mode=0640,dir_mode=0750,echo_interval=10");

    const Mount mount = mountAt(mountPoint(create("/mnt/sealed")));

    for (const char* const option : {"vers=3.1.1",
                                     "seal",
                                     "uid=1000",
                                     "forceuid",
                                     "gid=1001",
                                     "file_mode=0640",
                                     "dir_mode=0750",
                                     "echo_interval=10",
                                     "ro",
                                     "nosuid",
                                     "nodev",
                                     "noexec"}) {
        EXPECT_TRUE(mount.has(option)) << option << " is not in " << mount.superOptions;
    }
}

TEST_F(MountedShare, ASourceWithoutAMountIsSealedAndForItsCallerAlone) {
    const Mount mount = mountAt(mountPoint(create(unc("datab"))));

    for (const char* const option : {"seal", "uid=0", "file_mode=0400", "dir_mode=0500"}) {
        EXPECT_TRUE(mount.has(option)) << option << " is not in " << mount.superOptions;
    }
}

TEST_F(MountedShare, NamesWithSpacesDollarsAndOtherLetters) {
    for (const char* const share : {"my data", "hid$", "süß日"}) {
        const std::filesystem::path where = std::filesystem::path("/mnt") / share;
        mountByHand(unc(share), where);

        const json made = create(where, where / "snap shot");

        EXPECT_EQ(mountAt(where / "snap shot").source, exposedUnc(made));
        EXPECT_EQ(sha256(where / "snap shot/file.txt"), sha256(directoryOf(share) / "file.txt"));
        EXPECT_EQ(cifs({"delete", where / "snap shot"}).exitCode, 0);
        EXPECT_FALSE(isMounted(where / "snap shot"));
    }
}

TEST_F(MountedShare, ShowsTheSubDirectoryThatTheSourceIs) {
    const auto directory = directoryOf("data") / "sub/dir";
    std::filesystem::create_directories(directory);
    writeFile(directory / "deep.txt", "deep\n");
    mountByHand(unc("data") + "/sub", "/mnt/sub");
    std::filesystem::create_directories("/mnt/bound");
    succeed({"mount", "--bind", "/mnt/sub/dir", "/mnt/bound"});

    const std::vector<std::string> sources{
        kShare / "sub/dir", "/mnt/sub/dir", "/mnt/bound", "smb://win2k12:445/data/sub/dir"};
    for (const std::string& source : sources) {
        const json made = create(source);

        EXPECT_EQ(mountAt(mountPoint(made)).source, exposedUnc(made) + "/sub/dir") << source;
        EXPECT_EQ(readFile(mountPoint(made) / "deep.txt"), "deep\n") << source;
    }
    const json whole = fsrvpctlJson({"create", "-q", "--share-root", "/mnt/bound"})["snapshots"][0];
    EXPECT_EQ(mountAt(mountPoint(whole)).source, exposedUnc(whole));
    std::filesystem::remove_all(directoryOf("data") / "sub");
}

TEST_F(MountedShare, ASourceIsWhatIsMountedOnTop) {
    mountByHand(unc("datab"), kShare);
    ASSERT_EQ(mountsAt(kShare).size(), 2U);

    const json made = create(kShare);

    EXPECT_EQ(made["share"], "datab");
}

TEST_F(MountedShare, APathThatIsOnNoShareIsRefused) {
    const json error = refused({"create", "-q", "/srv"});

    EXPECT_EQ(error["name"], "org.fsrvpd1.Error.InvalidSource");
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("overlay"));
}

TEST_F(MountedShare, APathOfAnotherMountNamespaceIsRefused) {
    const RunResult result =
        run({"unshare", "--mount", "/usr/bin/fsrvpctl", "create", "-q", kShare}, {}, kPatience);

    EXPECT_EQ(result.exitCode, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr("another mount namespace"));
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
}

TEST_F(MountedShare, AnOrdinaryUserMayNameItByItsPath) {
    const RunResult result = runAsVisitor({"/usr/bin/fsrvpctl", "list", kShare});

    EXPECT_EQ(result.exitCode, 0) << result.err;
}

TEST_F(MountedShare, NoNameAddsAnOption) {
    const std::filesystem::path comma = kShare / "sub,uid=1000";
    std::filesystem::create_directory(comma);

    const json error = refused({"create", "-q", comma});
    const json whole = fsrvpctlJson({"create", "-q", "--share-root", comma});
    const json made = create(kShare, kShare / "to,uid=1000,rw");

    EXPECT_EQ(error["name"], "org.fsrvpd1.Error.InvalidSource");
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("comma"));
    EXPECT_TRUE(whole.contains("error")) << whole;
    const Mount mount = mountAt(kShare / "to,uid=1000,rw");
    EXPECT_EQ(mount.source, exposedUnc(made));
    EXPECT_TRUE(mount.has("uid=0"));
    EXPECT_TRUE(mount.has("ro"));
    std::filesystem::remove(comma);
}

TEST_F(MountedShare, AContainersMountKeepsTheSnapshotFromItsEnd) {
    // A directory that stays: to remove one detaches what other namespaces have mounted there.
    const std::filesystem::path point = "/srv/kept";
    std::filesystem::create_directory(point);
    const json made = create(kShare, point);
    Process container({"unshare", "--mount", "--propagation", "private", "sleep", "1000"});
    ASSERT_TRUE(
        waitFor([&] { return processStatus(container.pid(), "Name") == "sleep"; }, kPatience));
    EXPECT_EQ(fsrvpctl({"umount", "-q", id(made)}).exitCode, 0);

    const RunResult kept = fsrvpctl({"delete", "-q", "--timeout", "30s", id(made)});

    EXPECT_EQ(kept.exitCode, 7) << kept.err;
    EXPECT_THAT(kept.err, HasSubstr("another mount namespace"));
    EXPECT_THAT(lookAtServer().shares, ElementsAre(made["exposed"].get<std::string>()));
    container.kill(SIGKILL);
    container.wait(kPatience);
    EXPECT_EQ(fsrvpctl({"delete", "-q", id(made)}).exitCode, 0);
}

TEST_F(MountedShare, ADeleteAfterALazyUnmountWaitsForTheLastReader) {
    const json made = create(kShare);
    UniqueFd held(::open((mountPoint(made) / "file.txt").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(held);
    EXPECT_EQ(fsrvpctl({"umount", "-q", id(made)}).exitCode, 7);
    EXPECT_EQ(fsrvpctl({"umount", "-q", "--lazy", id(made)}).exitCode, 0);
    EXPECT_FALSE(isMounted(mountPoint(made)));

    const RunResult begun = fsrvpctl({"delete", "-q", "--no-block", id(made)});
    EXPECT_EQ(begun.exitCode, 0) << begun.err;
    EXPECT_TRUE(waitFor(
        [] {
            return fsrvpctlJson({"job", "list"})["jobs"][0]["phase"] == "wait";
        },
        kPatience));
    EXPECT_EQ(show(made)["state"], "exposed");
    EXPECT_THAT(lookAtServer().shares, ElementsAre(made["exposed"].get<std::string>()));
    char c = 0;
    EXPECT_EQ(::read(held.get(), &c, 1), 1);

    held.reset();

    EXPECT_TRUE(waitFor([] { return lookAtServer().shares.empty(); }, kPatience));
}

TEST_F(MountedShare, ComesBackWhenItsServerDoes) {
    const json made = create(kShare);
    const auto file = mountPoint(made) / "file.txt";
    const std::string before = sha256(file);

    kServer.signal("KILL");
    kServer.stop();
    EXPECT_EQ(show(made)["mount_points"], json::array({mountPoint(made).string()}));
    kServer.start();

    EXPECT_TRUE(waitFor(
        [&] {
            const RunResult read = run({"sha256sum", file}, {}, kPatience);
            return read.exitCode == 0 && read.out.starts_with(before);
        },
        kPatience));
}

TEST_F(MountedShare, GoesFirstWhenItsParentIsStoppedAsAUnit) {
    succeed({"umount", kShare});
    writeFile("/run/systemd/system/mnt-share.mount",
              "[Mount]\nWhat=" + unc("data") +
                  "\nWhere=/mnt/share\nType=cifs\nOptions=credentials=" +
                  credentialsFile().string() + "\n");
    succeed({"systemctl", "daemon-reload"});
    const Unit parent("mnt-share.mount");
    parent.start();
    const auto point = kShare / "my_snapshot";
    const json made = create(kShare, point);

    parent.stop();
    EXPECT_FALSE(isMounted(point));
    EXPECT_FALSE(isMounted(kShare));
    EXPECT_EQ(show(made)["absent_mount_points"], json::array({point.string()}));

    parent.start();
    EXPECT_EQ(fsrvpctl({"mount", "-q", id(made)}).exitCode, 0);
    EXPECT_EQ(mountAt(point).source, exposedUnc(made));
    EXPECT_EQ(cifs({"delete", point}).exitCode, 0);
    EXPECT_TRUE(isAbsent(point));
    parent.stop();
    std::filesystem::remove("/run/systemd/system/mnt-share.mount");
    succeed({"systemctl", "daemon-reload"});
}

TEST_F(MountedShare, AMountPointThatIsRemovedOnTheServerIsNoticed) {
    const auto point = kShare / "my_snapshot";
    const json made = create(kShare, point);

    std::filesystem::remove(directoryOf("data") / "my_snapshot");
    EXPECT_TRUE(waitFor(
        [&] {
            run({"stat", point}); // the look makes the kernel detach the mount
            return !isMounted(point);
        },
        kPatience));

    EXPECT_EQ(show(made)["absent_mount_points"], json::array({point.string()}));
    EXPECT_EQ(cifs({"delete", point}).exitCode, 0);
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
}

TEST_F(MountedShare, ADirectoryOfTheUsersOnTheServerIsNeverRemoved) {
    const auto point = kShare / "mine";
    std::filesystem::create_directory(point);

    const json made = create(kShare, point);
    EXPECT_EQ(mountAt(point).source, exposedUnc(made));
    EXPECT_EQ(cifs({"delete", point}).exitCode, 0);

    EXPECT_FALSE(isAbsent(directoryOf("data") / "mine"));
    std::filesystem::remove(directoryOf("data") / "mine");
}

TEST_F(MountedShare, ADirectoryWithSomethingInItStays) {
    const auto point = kShare / "my_snapshot";
    const json made = create(kShare, point);
    writeFile(directoryOf("data") / "my_snapshot/precious", "x");

    EXPECT_EQ(cifs({"delete", point}).exitCode, 0);

    EXPECT_EQ(readFile(directoryOf("data") / "my_snapshot/precious"), "x");
    std::filesystem::remove_all(directoryOf("data") / "my_snapshot");
}

TEST_F(MountedShare, ADestinationInAnotherSnapshotIsReadOnly) {
    const json made = create(kShare);

    const json error = refused({"create", "-q", kShare, mountPoint(made) / "nested"});

    EXPECT_EQ(error["name"], "org.fsrvpd1.Error.AccessDenied");
    EXPECT_THAT(lookAtServer().shares, ElementsAre(made["exposed"].get<std::string>()));
}

} // namespace
} // namespace fsrvp::test::guest
