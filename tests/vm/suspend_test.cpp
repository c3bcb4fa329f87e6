// SPDX-License-Identifier: GPL-3.0-or-later
// The machine is suspended while a job runs. By the kernel's own test of it ("core" of
// /sys/power/pm_test), which does all but to take the power away: tasks are frozen, devices and
// the second processor off, and CLOCK_BOOTTIME alone counts the time. The server sleeps too.
#include "daemon/base/unique_fd.hpp"
#include "tests/guest/support/mount_fixture.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <stdexcept>
#include <string>

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::seconds;

nanoseconds now(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return seconds(t.tv_sec) + nanoseconds(t.tv_nsec);
}

/// For how long the machine has been suspended since it was started.
nanoseconds timeSuspended() {
    return now(CLOCK_BOOTTIME) - now(CLOCK_MONOTONIC);
}

/// Returns when the machine runs again, after that time or more, give or take two seconds: the
/// board's clock, which it is counted by, has whole ones.
void suspend(seconds duration) {
    const nanoseconds before = timeSuspended();
    writeFile("/sys/module/suspend/parameters/pm_test_delay", std::to_string(duration.count()));
    writeFile("/sys/power/pm_test", "core");
    writeFile("/sys/power/mem_sleep", "deep");
    writeFile("/sys/power/state", "mem");
    ASSERT_GE(timeSuspended() - before, duration - seconds(2));
}

/// Longer than a create runs before the suspend.
constexpr seconds kTimeout(40);

/// Commits of the share `shell` wait: its program for snapshots is another one.
class SlowServer {
  public:
    SlowServer() {
        // As smb.conf has it. A guest with a root of its own has nothing there.
        const std::string conf = readFile("/srv/lab/smb.conf");
        const std::string key = "shell_snap:create command = ";
        const std::size_t start = conf.find(key) + key.size();
        const std::filesystem::path program = conf.substr(start, conf.find(' ', start) - start);
        std::filesystem::create_directories(program.parent_path());
        writeFile(program, kProgram);
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        for (const char* const fifo : {kBegun, kGoOn}) {
            std::filesystem::remove(fifo);
            if (::mkfifo(fifo, 0600) != 0) {
                throw std::runtime_error(std::string("cannot make ") + fifo);
            }
        }
    }

    /// Whether a commit has begun to wait.
    bool awaitCommit() const { return pass(kBegun); }

    bool goOn() const { return pass(kGoOn); }

    static constexpr const char* kSnapshot = "/srv/lab/mnt/shell-snapshot";

  private:
    /// Gives a line to who reads that.
    static bool pass(const char* fifo) {
        return waitFor(
            [&] {
                const UniqueFd fd(::open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC));
                return fd && ::write(fd.get(), "\n", 1) == 1;
            },
            kPatience);
    }

    static constexpr const char* kBegun = "/srv/lab/begun";
    static constexpr const char* kGoOn = "/srv/lab/go-on";
    static constexpr const char* kProgram = R"(#!/bin/sh
case $1 in
create)
    read _ </srv/lab/begun
    read _ </srv/lab/go-on
    mkdir /srv/lab/mnt/shell-snapshot
    echo /srv/lab/mnt/shell-snapshot
    ;;
delete)
    rmdir "$3"
    ;;
esac
)";
};

class Suspend : public MountScenario {
  protected:
    /// Without KVM the first connections take longer than a call may: Samba starts its helpers.
    static void SetUpTestSuite() {
        ASSERT_TRUE(waitFor(
            [] {
                return fsrvpctl({"reconcile", "-q", "win2k12"}).exitCode == 0;
            },
            3 * kPatience));
    }

    /// The job's number, when it runs.
    static std::string begin(const std::string& share, seconds timeout) {
        const std::string job = lines(succeed({"/usr/bin/fsrvpctl",
                                               "create",
                                               "--no-mount",
                                               "--no-block",
                                               "--timeout",
                                               std::to_string(timeout.count()),
                                               unc(share)}))
                                    .at(0);
        EXPECT_TRUE(waitFor([&] { return show(job)["state"] == "running"; }, kPatience));
        return job;
    }

    static json show(const std::string& job) {
        return fsrvpctlJson({"job", "show", job})["jobs"][0];
    }

    /// As it ended.
    static json ended(const std::string& job) {
        EXPECT_TRUE(waitFor([&] { return show(job)["state"] != "running"; }, 3 * kPatience));
        return show(job);
    }

    /// By its deadline, although the server answers again: with the time of the suspend left, it
    /// would be done.
    static void expectDeadline(const json& job) {
        EXPECT_EQ(job["state"], "failed") << job;
        EXPECT_EQ(job["error"]["name"], "org.fsrvpd1.Error.TimedOut") << job;
        EXPECT_EQ(fsrvpctlJson({"list"})["snapshots"], json::array());
        EXPECT_EQ(fsrvpctl({"reconcile", "-q", "win2k12"}).exitCode, 0);
    }
};

TEST_F(Suspend, CountsForTheDeadlineOfAJobThatConnects) {
    const Unit server("smbd.service");
    server.signal("STOP");
    const std::string job = begin("data", kTimeout);

    suspend(kTimeout + seconds(5));
    server.signal("CONT");

    expectDeadline(ended(job));
}

TEST_F(Suspend, CountsForTheDeadlineOfAJobThatCommits) {
    const SlowServer slow;
    const std::string job = begin("shell", kTimeout);
    ASSERT_TRUE(slow.awaitCommit());

    suspend(kTimeout + seconds(5));
    EXPECT_TRUE(slow.goOn());

    expectDeadline(ended(job));
    EXPECT_TRUE(isAbsent(SlowServer::kSnapshot));
}

TEST_F(Suspend, EndsNoJobThatHasTimeLeft) {
    const SlowServer slow;
    const std::string number = begin("shell", 20 * kTimeout);
    ASSERT_TRUE(slow.awaitCommit());

    suspend(seconds(5));
    EXPECT_EQ(show(number)["state"], "running");
    EXPECT_TRUE(slow.goOn());

    const json job = ended(number);
    EXPECT_EQ(job["state"], "done") << job;
    EXPECT_EQ(fsrvpctlJson({"list"})["snapshots"].size(), 1U);
    EXPECT_EQ(fsrvpctl({"reconcile", "-q", "win2k12"}).exitCode, 0);
}

} // namespace
} // namespace fsrvp::test::guest
