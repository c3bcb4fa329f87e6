// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/exec_mounter.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/support/wait_for.hpp"
#include "tests/unit/daemon/mount/private_mounts.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>

namespace fsrvp::mount {
namespace {

using namespace std::chrono_literals;
using fakes::errorOf;
using fakes::runTask;
using fakes::Started;

/// Stand-ins for mount(8), which here would need a server and a kernel with cifs, and for
/// umount(8) lie in a directory that comes first in PATH.
class ExecMounterTest : public test::PrivateMounts {
  protected:
    void SetUp() override {
        PrivateMounts::SetUp();
        makeDirectory("bin");
        ::setenv("PATH", (path("bin") + ":" + path_).c_str(), 1);
        spec.where = makeDirectory("where");
    }

    void TearDown() override {
        ::setenv("PATH", path_.c_str(), 1);
        mounter.reset();
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was not reaped";
        EXPECT_EQ(errno, ECHILD);
        PrivateMounts::TearDown();
    }

    /// `LOG` is a file for the script's use; $4 is where it shall mount.
    void standIn(const std::string& name, const std::string& script) {
        const std::string file =
            makeFile("bin/" + name, "#!/bin/sh\nLOG=" + path("log") + "\n" + script + "\n");
        std::filesystem::permissions(file, std::filesystem::perms(0755));
    }

    std::string log() const {
        std::ifstream stream(path("log"));
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    /// The loop sees no event when a file changes.
    bool soon(const std::function<bool()>& done) {
        return test::waitFor([&] { return loop.runUntil(done, 1ms); }, 20s);
    }

    bool isLoggedSoon() {
        return soon([this] { return !log().empty(); });
    }

    /// Whether all whose pids the stand-ins have logged are gone or zombies of others.
    bool haveEnded() const {
        std::ifstream stream(path("log"));
        for (pid_t pid = 0; stream >> pid;) {
            std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
            std::string text{std::istreambuf_iterator<char>(status), {}};
            if (!text.empty() && text.find(") Z") == std::string::npos) {
                return false;
            }
        }
        return true;
    }

    EventLoop loop;
    std::unique_ptr<ExecMounter> mounter = std::make_unique<ExecMounter>(loop);
    Cancellation cancellation;
    MountSpec spec{"//fs1/data@{X}/my dir", "", "ro,nosuid,credentials=/run/c", "snapshot 7"};

  private:
    std::string path_ = std::getenv("PATH");
};

TEST_F(ExecMounterTest, MountsWithOneCommand) {
    standIn("mount", R"(printf '%s\n' "$@" >$LOG; exec /bin/mount -t tmpfs tmpfs "$4")");

    runTask(loop, mounter->mount(spec, cancellation));

    EXPECT_EQ(log(),
              "-t\ncifs\n//fs1/data@{X}/my dir\n" + spec.where +
                  "\n-o\nro,nosuid,credentials=/run/c\n");
    EXPECT_TRUE(test::isMountPoint(spec.where));
}

TEST_F(ExecMounterTest, TheCommandGetsNothingOfOurs) {
    const UniqueFd other(::open("/dev/zero", O_RDONLY)); // without O_CLOEXEC
    ::setenv("LANG", "de_DE.UTF-8", 1);
    standIn("mount", R"(readlink /proc/$$/fd/0 >$LOG
        ls /proc/self/fd >>$LOG
        tr '\0' '\n' </proc/$$/environ | grep -v ^PATH= >>$LOG)");

    runTask(loop, mounter->mount(spec, cancellation));

    // ls has opened the directory as 3.
    EXPECT_EQ(log(), "/dev/null\n0\n1\n2\n3\nLC_ALL=C\n");
}

TEST_F(ExecMounterTest, AFailureIsToldInTheHelpersWords) {
    standIn("mount", R"(echo 'mount error(13): Permission denied' >&2
        echo 'Refer to the mount.cifs(8) manual page' >&2; exit 32)");

    const Error error = errorOf(loop, mounter->mount(spec, cancellation));

    EXPECT_EQ(error.code(), Errc::AuthenticationFailed);
    EXPECT_NE(std::string(error.what()).find("Permission denied"), std::string::npos);
    EXPECT_FALSE(test::isMountPoint(spec.where));
}

TEST_F(ExecMounterTest, ManyWordsDoNotHoldItUp) {
    standIn("mount", "yes 'mount error(2)' | head -c 1000000 >&2; exit 32");

    const Error error = errorOf(loop, mounter->mount(spec, cancellation));

    EXPECT_EQ(error.code(), Errc::NotFound);
}

TEST_F(ExecMounterTest, NothingIsMountedOverAnother) {
    standIn("mount", "echo ran >$LOG");
    mountTmpfs("where");

    const Error error = errorOf(loop, mounter->mount(spec, cancellation));

    EXPECT_EQ(error.code(), Errc::Busy);
    EXPECT_NE(std::string(error.what()).find(spec.where), std::string::npos);
    EXPECT_EQ(log(), "");
}

TEST_F(ExecMounterTest, WithoutMountInThePathItSaysSo) {
    ::setenv("PATH", path("bin").c_str(), 1);

    const Error error = errorOf(loop, mounter->mount(spec, cancellation));

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_NE(std::string(error.what()).find("cannot start mount"), std::string::npos);
}

TEST_F(ExecMounterTest, ACancelledMountEndsWithAllThatItStarted) {
    standIn("mount", "sleep 1000 & echo $$ $! >$LOG; wait");
    Started<void> task(loop, mounter->mount(spec, cancellation));
    ASSERT_TRUE(isLoggedSoon());

    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_STREQ(task.error().what(), "enough");
    EXPECT_TRUE(soon([this] { return haveEnded(); }));
}

TEST_F(ExecMounterTest, WhatACancelledMountHasMountedIsTakenBack) {
    standIn("mount", R"(/bin/mount -t tmpfs tmpfs "$4"; echo $$ >$LOG; sleep 1000)");
    Started<void> task(loop, mounter->mount(spec, cancellation));
    ASSERT_TRUE(isLoggedSoon());
    ASSERT_TRUE(test::isMountPoint(spec.where));
    const UniqueFd used(::open(spec.where.c_str(), O_RDONLY | O_CLOEXEC));

    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_STREQ(task.error().what(), "enough");
    EXPECT_FALSE(test::isMountPoint(spec.where));
}

TEST_F(ExecMounterTest, AMountThatComesAfterTheKillIsTakenBackToo) {
    // As a mount.cifs that the kernel does not let go of: it is in another process group, so no
    // signal reaches it, and it has the command's stderr.
    standIn("mount", R"(setsid sh -c "echo \$\$ >$LOG; sleep 0.3; /bin/mount -t tmpfs tmpfs $4")");
    Started<void> task(loop, mounter->mount(spec, cancellation));
    ASSERT_TRUE(isLoggedSoon());

    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_STREQ(task.error().what(), "enough");
    EXPECT_TRUE(soon([this] { return haveEnded(); }));
    EXPECT_FALSE(test::isMountPoint(spec.where));
}

TEST_F(ExecMounterTest, OneThatCannotBeEndedIsNotWaitedForForEver) {
    mounter = std::make_unique<ExecMounter>(loop, 50ms);
    standIn("mount", R"(setsid sh -c "echo \$\$ >$LOG; exec sleep 1000")");
    Started<void> task(loop, mounter->mount(spec, cancellation));
    ASSERT_TRUE(isLoggedSoon());

    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_STREQ(task.error().what(), "enough");
    ::kill(std::stoi(log()), SIGKILL);
}

TEST_F(ExecMounterTest, NothingIsStartedForACancelledJob) {
    standIn("mount", "echo ran >$LOG");
    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_EQ(errorOf(loop, mounter->mount(spec, cancellation)).code(), Errc::Cancelled);

    EXPECT_EQ(log(), "");
}

TEST_F(ExecMounterTest, ADestroyedTaskKillsTheCommand) {
    standIn("mount", "sleep 1000 & echo $$ $! >$LOG; wait");
    Started<void> task(loop, mounter->mount(spec, cancellation));
    ASSERT_TRUE(isLoggedSoon());

    task.destroy();

    EXPECT_TRUE(soon([this] { return haveEnded(); }));
}

TEST_F(ExecMounterTest, DestroyingTheMounterKillsTheCommand) {
    standIn("mount", "echo $$ >$LOG; exec sleep 1000");
    Started<void> task(loop, mounter->mount(spec, cancellation));
    ASSERT_TRUE(isLoggedSoon());

    task.destroy();
    mounter.reset();

    EXPECT_TRUE(soon([this] { return haveEnded(); }));
}

TEST_F(ExecMounterTest, Unmounts) {
    const std::string where = mountTmpfs("mounted");

    runTask(loop, mounter->unmount(where, cancellation));

    EXPECT_FALSE(test::isMountPoint(where));
}

TEST_F(ExecMounterTest, AMountInUseIsBusy) {
    const std::string where = mountTmpfs("mounted");
    UniqueFd used(::open(where.c_str(), O_RDONLY | O_CLOEXEC));

    const Error error = errorOf(loop, mounter->unmount(where, cancellation));

    EXPECT_EQ(error.code(), Errc::Busy);
    EXPECT_TRUE(test::isMountPoint(where));
    used.reset();
    runTask(loop, mounter->unmount(where, cancellation));
    EXPECT_FALSE(test::isMountPoint(where));
}

TEST_F(ExecMounterTest, NothingMountedIsUnmountedAtOnce) {
    standIn("umount", "echo ran >$LOG");

    runTask(loop, mounter->unmount(spec.where, cancellation));

    EXPECT_EQ(log(), "");
}

TEST_F(ExecMounterTest, AnUnmountThatSomebodyElseWasQuickerWithIsNoError) {
    standIn("umount", R"(/bin/umount "$1"; echo 'umount: not mounted' >&2; exit 32)");
    const std::string where = mountTmpfs("mounted");

    runTask(loop, mounter->unmount(where, cancellation));

    EXPECT_FALSE(test::isMountPoint(where));
}

TEST_F(ExecMounterTest, ACancelledUnmountIsGivenUpAtOnce) {
    standIn("umount", "echo $$ >$LOG; exec sleep 1000");
    const std::string where = mountTmpfs("mounted");
    Started<void> task(loop, mounter->unmount(where, cancellation));
    ASSERT_TRUE(isLoggedSoon());

    cancellation.request(Error(Errc::TimedOut, "too long"));

    EXPECT_STREQ(task.error().what(), "too long");
    EXPECT_TRUE(soon([this] { return haveEnded(); }));
    EXPECT_TRUE(test::isMountPoint(where));
}

} // namespace
} // namespace fsrvp::mount
