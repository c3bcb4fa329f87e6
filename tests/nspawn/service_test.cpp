// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpd as it is installed: started by systemd, with no rights, and back when it was killed.
#include "tests/guest/support/machine.hpp"
#include "tests/guest/support/server.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

namespace fsrvp::test::guest {
namespace {

using testing::IsEmpty;

const Unit kDaemon("fsrvpd.service");
const Unit kAgentSocket("fsrvp-agent.socket");

/// The first time in this boot that systemd began to start it, or was done with that, by the
/// journal: in microseconds.
std::uint64_t firstStartOf(const std::string& unit, bool done) {
    for (const std::string& line :
         lines(succeed({"journalctl", "--boot", "--output=json", "--unit=" + unit}))) {
        const auto entry = nlohmann::json::parse(line);
        if (entry.value("JOB_TYPE", "") == "start" && entry.contains("JOB_RESULT") == done) {
            return std::stoull(entry["__MONOTONIC_TIMESTAMP"].get<std::string>());
        }
    }
    throw std::runtime_error(unit + " was never started");
}

std::string namespaceOf(pid_t pid, const std::string& kind) {
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind);
}

TEST(Service, IsStartedByBoot) {
    EXPECT_EQ(kDaemon.property("UnitFileState"), "enabled");
    EXPECT_EQ(kAgentSocket.property("UnitFileState"), "enabled");

    EXPECT_LT(firstStartOf("fsrvpd.service", true), firstStartOf("guest.service", false));
}

TEST(Service, IsStartedByTheBus) {
    kDaemon.stop();
    ASSERT_EQ(kDaemon.activeState(), "inactive");

    EXPECT_EQ(fsrvpctl({"list"}).exitCode, 0);

    EXPECT_EQ(kDaemon.activeState(), "active");
}

TEST(Service, HasNoRights) {
    kDaemon.start();
    const pid_t pid = kDaemon.mainPid();

    for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        EXPECT_EQ(processStatus(pid, set), "0000000000000000") << set;
    }
    EXPECT_EQ(processStatus(pid, "NoNewPrivs"), "1");
    EXPECT_EQ(processStatus(pid, "Seccomp"), "2");
    for (const char* const kind : {"net", "mnt", "user", "ipc"}) {
        EXPECT_NE(namespaceOf(pid, kind), namespaceOf(1, kind)) << kind;
    }
}

TEST(Service, ComesBackWhenItIsKilled) {
    kDaemon.start();

    kDaemon.killAndAwaitRestart();

    EXPECT_EQ(fsrvpctl({"list"}).exitCode, 0);
}

TEST(Service, LetsAnOrdinaryUserMakeNoSnapshot) {
    const OnServer before = lookAtServer();

    const RunResult result =
        runAsVisitor({"/usr/bin/fsrvpctl", "create", "--no-mount", unc("data")});

    EXPECT_EQ(result.exitCode, 4) << result.out << result.err;
    EXPECT_EQ(lookAtServer(), before);
    EXPECT_EQ(runAsVisitor({"/usr/bin/fsrvpctl", "list"}).exitCode, 0);
}

TEST(Service, ReadsItsConfigurationAnewOnReload) {
    const std::filesystem::path file = "/etc/fsrvpd/servers.d/lab.json";
    const std::string right = readFile(file);
    writeFile(file, R"({"hosts": ["elsewhere"]})");
    succeed({"systemctl", "reload", "fsrvpd.service"});
    EXPECT_NE(fsrvpctl({"create", "-q", "--no-mount", unc("data")}).exitCode, 0);

    writeFile(file, right);
    succeed({"systemctl", "reload", "fsrvpd.service"});

    const auto made = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(made.contains("snapshots")) << made;
    EXPECT_EQ(fsrvpctl({"delete", "-q", made["snapshots"][0]["id"].dump()}).exitCode, 0);
}

TEST(Service, LooksDailyWhetherSnapshotsAreStillThere) {
    const Unit look("fsrvp-reconcile.service");
    const auto made = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(made.contains("snapshots")) << made;
    EXPECT_EQ(Unit("fsrvp-reconcile.timer").property("LoadState"), "loaded");

    look.start(); // as a oneshot, until it has ended

    EXPECT_EQ(look.property("Result"), "success");
    EXPECT_THAT(succeed({"journalctl", "--boot", "--output=cat", "--unit=fsrvp-reconcile.service"}),
                testing::HasSubstr("\n1 ok\n"));
    EXPECT_EQ(fsrvpctl({"delete", "-q", made["snapshots"][0]["id"].dump()}).exitCode, 0);
}

TEST(Service, LeavesNothingWhenItIsStopped) {
    const auto made = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(made.contains("snapshots")) << made;

    kDaemon.stop();
    kAgentSocket.stop();

    EXPECT_TRUE(waitFor([] { return unitsLike("fsrvp-agent@*").empty(); }, kPatience));
    EXPECT_THAT(processesOf("fsrvpd"), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists("/run/fsrvpd/agent.socket"));
    EXPECT_TRUE(std::filesystem::is_empty("/run/fsrvp-agent"));
    EXPECT_THAT(failedUnits(), IsEmpty());

    kDaemon.start();
    EXPECT_EQ(kAgentSocket.activeState(), "active");
    EXPECT_EQ(fsrvpctlJson({"list"})["snapshots"], made["snapshots"]);
    EXPECT_EQ(fsrvpctl({"delete", "-q", made["snapshots"][0]["id"].dump()}).exitCode, 0);
}

} // namespace
} // namespace fsrvp::test::guest
