// SPDX-License-Identifier: GPL-3.0-or-later
// The password that fsrvpd logs in with is nowhere but where it has to be.
#include "tests/guest/support/mount_fixture.hpp"
#include "tests/nspawn/secret_search.hpp"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const Unit kDaemon("fsrvpd.service");
const std::filesystem::path kPrivate = "/run/fsrvpd/private";
constexpr const char* kFsrvpctl = "/usr/bin/fsrvpctl";
constexpr const char* kCredential = "known";
constexpr std::size_t kMounts = 20;

/// What follows the key in the guest's own credentials file.
std::string labCredential(const std::string& key) {
    for (const std::string& line : lines(readFile(credentialsFile()))) {
        if (line.starts_with(key + "=")) {
            return line.substr(key.size() + 1);
        }
    }
    throw std::runtime_error("the lab's credentials have no " + key);
}

/// MD4 of the password, which NTLM takes in its place: to servers it is as good.
std::string ntHash() {
    const std::string row = succeed(
        {"pdbedit", "--configfile=/srv/lab/smb.conf", "-Lw", "-u", labCredential("username")});
    std::size_t at = 0;
    for (int field = 0; field < 3; ++field) {
        at = row.find(':', at) + 1;
    }
    std::string hash;
    for (std::size_t i = 0; i < 32; i += 2) {
        hash += static_cast<char>(std::stoi(row.substr(at + i, 2), nullptr, 16));
    }
    return hash;
}

std::vector<Needle> secrets() {
    return {Needle::text("the password", labCredential("password")),
            Needle::bytes("its hash", ntHash())};
}

std::set<std::filesystem::path> credentialsFiles() {
    std::set<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(kPrivate)) {
        if (entry.path().filename().string().starts_with("cred-")) {
            found.insert(entry.path());
        }
    }
    return found;
}

/// Of those that fsrvpd chose the place for.
std::size_t countMounts() {
    const std::vector<Mount> table = mountTable();
    return static_cast<std::size_t>(std::count_if(table.begin(), table.end(), [](const Mount& m) {
        return m.point.starts_with("/run/fsrvpd/mnt/");
    }));
}

bool isIdle() {
    const json jobs = fsrvpctlJson({"job", "list"})["jobs"];
    return std::none_of(
        jobs.begin(), jobs.end(), [](const json& job) { return job["end"].is_null(); });
}

/// And what shall be mounted is, so that no job is to come.
bool isSettled() {
    const json snapshots = fsrvpctlJson({"list"})["snapshots"];
    return isIdle() && std::all_of(snapshots.begin(), snapshots.end(), [](const json& snapshot) {
               return snapshot["absent_mount_points"].empty();
           });
}

/// The newest job has left its first steps behind, so its agent has been given the password.
bool isLoggedIn() {
    const json jobs = fsrvpctlJson({"job", "list"})["jobs"];
    return jobs[0]["end"].is_null() && jobs[0]["phase"] != nullptr &&
           jobs[0]["phase"] != "connect" && jobs[0]["phase"] != "check";
}

class Secrets : public MountScenario {
  protected:
    void SetUp() override {
        MountScenario::SetUp();
        succeed({"systemctl", "reset-failed"}); // it may be started again as often as at first
        kDaemon.start();
        std::ofstream("/run/secrets-begin") << std::flush;
    }

    void TearDown() override {
        Argv all{"delete", "-q"};
        const json left = fsrvpctlJson({"list"})["snapshots"];
        for (const json& snapshot : left) {
            all.push_back(id(snapshot));
        }
        if (all.size() > 2) {
            fsrvpctl(all); // at once; what is left then is an error below
        }
        fsrvpctl({"credential", "remove", kCredential});
        MountScenario::TearDown();
    }

    static void storeCredential() {
        Process process({kFsrvpctl,
                         "credential",
                         "set",
                         kCredential,
                         "-u",
                         labCredential("username"),
                         "--password-stdin"},
                        {},
                        Process::Stdin::Pipe);
        process.writeStdin(labCredential("password") + "\n");
        process.closeStdin();
        ASSERT_EQ(process.wait(kPatience), 0) << process.err();
    }

    static std::unique_ptr<Process> start(Argv arguments) {
        arguments.insert(arguments.begin(), kFsrvpctl);
        return std::make_unique<Process>(arguments);
    }

    /// Regular files outside of the server that were written since this test began.
    static std::vector<std::string> newFiles() {
        return lines(succeed({"find",
                              "/",
                              "-xdev",
                              "-newer",
                              "/run/secrets-begin",
                              "-type",
                              "f",
                              "-not",
                              "-path",
                              "/srv/lab/*"}));
    }

    /// As the kernel and systemd-coredump name them.
    static std::vector<std::string> newCores() {
        std::vector<std::string> files = newFiles();
        std::erase_if(files, [](const std::filesystem::path& file) {
            const std::string name = file.filename();
            return name != "core" && !name.starts_with("core.");
        });
        return files;
    }

    /// What any program may have left of it in the guest, but for the file that it comes from.
    static Finds findAnywhere() {
        const std::vector<Needle> needles = secrets();
        Finds finds;
        for (const char* const directory :
             {"/run", "/run/guest", "/var/lib/fsrvpd", "/var/log", "/var/tmp", "/tmp"}) {
            finds.merge(findBelow(directory, needles));
        }
        for (const std::string& file : newFiles()) {
            finds.merge(findInFile(file, needles));
        }
        succeed({"journalctl", "--sync"});
        finds.merge(findInText(succeed({"journalctl", "--boot", "--output=export"}), needles));
        finds.merge(findInProcesses(needles));
        return finds;
    }
};

/// The other tests here are worth something.
TEST_F(Secrets, AreFoundWhereTheyAre) {
    const std::vector<Needle> needles = secrets();

    EXPECT_THAT(findInFile(credentialsFile(), needles), SizeIs(1));
    EXPECT_THAT(findBelow("/srv/lab/private", needles), SizeIs(1)) << "the hash in passdb.tdb";
    Finds expected;
    for (const char* const directory :
         {"/root", "/run", "/run/guest", "/var/lib/fsrvpd", "/var/log", "/var/tmp", "/tmp"}) {
        const auto left = std::filesystem::path(directory) / "left";
        writeFile(left, "x" + labCredential("password") + "x");
        expected.insert(left.string() + ": the password as UTF-8");
    }
    EXPECT_EQ(findAnywhere(), expected);
    for (const std::string& each : expected) {
        std::filesystem::remove(each.substr(0, each.find(':')));
    }
    const std::string text = "8c3be1a09d-decoy";
    const std::vector<Needle> decoy{Needle::text("a decoy", text)};
    EXPECT_THAT(findInProcesses(decoy), IsEmpty());
    {
        const Process argument({"sh", "-c", "sleep 60; :", text});
        EXPECT_TRUE(waitFor([&] { return !findInProcesses(decoy).empty(); }, kPatience));
    }
    {
        const Process variable({"sleep", "60"}, {{"DECOY", text}});
        EXPECT_TRUE(waitFor([&] { return !findInProcesses(decoy).empty(); }, kPatience));
    }
    for (const char* const filter : {"cat",
                                     "iconv -t UTF-16LE",
                                     "base64",
                                     "sed s/^/x/ | base64",
                                     "sed s/^/xy/ | base64",
                                     "sed s/^/xyz/ | base64",
                                     "iconv -t UTF-16LE | base64 -w0",
                                     "od -An -v -tx1 | tr -d ' \\n'",
                                     "od -An -v -tx1 | tr -d ' \\n' | tr a-f A-F"}) {
        succeed({"sh", "-c", "echo $0 | " + std::string(filter) + " >/run/decoy", text});
        EXPECT_THAT(findInFile("/run/decoy", decoy), SizeIs(1)) << filter;
    }
    std::filesystem::remove("/run/decoy");
}

TEST_F(Secrets, AreNowhereAfterTwentyMountsAndAKillInTheMiddleOfThem) {
    std::vector<Needle> needles = secrets();
    needles.push_back(Needle::text("mount.cifs", "/sbin/mount.cifs"));
    const ProcessWatch watch(needles);
    needles.pop_back();
    Process monitor({"busctl", "capture", "--size=1M"});
    ASSERT_TRUE(waitFor([&] { return !monitor.out().empty(); }, kPatience));
    storeCredential();

    // By the file that servers.d names, and by what fsrvpd keeps.
    const Argv some{"create",
                    "-q",
                    unc("data"),
                    unc("datab"),
                    unc("datac"),
                    unc("my data"),
                    unc("süß日"),
                    unc("hid$")};
    Argv others = some;
    others.insert(others.end(), {unc("share"), "--credential", kCredential});
    std::vector<std::unique_ptr<Process>> creates;
    for (const Argv& arguments : {some, others, others}) {
        creates.push_back(start(arguments));
    }
    for (const auto& create : creates) {
        ASSERT_EQ(create->wait(kPatience), 0) << create->err();
    }
    ASSERT_EQ(countMounts(), kMounts);
    const json made = fsrvpctlJson({"list"})["snapshots"];
    ASSERT_THAT(made, SizeIs(kMounts));
    std::vector<std::unique_ptr<Process>> unmounts;
    for (const json& snapshot : made) {
        unmounts.push_back(start({"umount", "-q", id(snapshot)}));
    }
    for (const auto& unmount : unmounts) {
        ASSERT_EQ(unmount->wait(kPatience), 0) << unmount->err();
    }
    ASSERT_EQ(countMounts(), 0U);

    std::vector<std::unique_ptr<Process>> mounts;
    for (const json& snapshot : made) {
        mounts.push_back(start({"mount", "-q", id(snapshot)}));
    }
    const pid_t killed = kDaemon.mainPid();
    const auto isInTheMiddle = [&] { return countMounts() > 0 && !credentialsFiles().empty(); };
    ASSERT_TRUE(waitFor(
        [&] {
            if (!isInTheMiddle()) {
                return false;
            }
            ::kill(killed, SIGSTOP); // and looks again: it may just have done the last step
            waitFor([&] { return processStatus(killed, "State").starts_with("T"); }, kPatience);
            if (isInTheMiddle() && countMounts() < kMounts) {
                return true;
            }
            ::kill(killed, SIGCONT);
            return false;
        },
        kPatience));
    const std::size_t mountedBefore = countMounts();
    EXPECT_THAT(findBelow(kPrivate, needles), Not(IsEmpty())) << "so it can be found";
    kDaemon.signal("KILL");
    EXPECT_LT(mountedBefore, kMounts);
    EXPECT_LT(countMounts(), kMounts);
    ASSERT_TRUE(
        waitFor([&] { return kDaemon.mainPid() != killed && kDaemon.activeState() == "active"; },
                kPatience));
    ASSERT_TRUE(waitFor(isSettled, kPatience)) << "it makes true what was recorded";

    EXPECT_THAT(credentialsFiles(), IsEmpty());
    EXPECT_THAT(findAnywhere(), IsEmpty());
    Finds seen = watch.finds();
    EXPECT_GT(std::erase_if(seen, [](const auto& s) { return s.find("mount.cifs") != s.npos; }), 0U)
        << "it looks so often that it sees programs that end soon";
    EXPECT_THAT(seen, IsEmpty());
    EXPECT_GT(watch.looks(), 50U);
    const std::string messages = monitor.out();
    for (const char* const call : {"SetCredential", "CreateSnapshot", "StartTransientUnit"}) {
        EXPECT_NE(messages.find(call), messages.npos) << call << " was not seen by the monitor";
    }
    EXPECT_THAT(findInText(messages, needles), IsEmpty());
}

/// Ends the process in a way that leaves a core where one may be left, and waits until systemd has
/// said how it ended.
void crash(pid_t pid, int signal, const std::string& unit) {
    std::ifstream limits("/proc/" + std::to_string(pid) + "/limits");
    const std::string text{std::istreambuf_iterator<char>(limits), {}};
    EXPECT_THAT(text, testing::ContainsRegex("Max core file size +0 +0 ")) << unit;
    ASSERT_EQ(::kill(pid, signal), 0);
    const auto ends = [&] { // its status is 1 where there is none yet
        return run({"journalctl",
                    "--boot",
                    "--output=cat",
                    "--grep=Main process exited",
                    "--unit=" + unit},
                   {},
                   kPatience)
            .out;
    };
    const std::string status = "status=" + std::to_string(signal) + "/";
    ASSERT_TRUE(waitFor([&] { return ends().find(status) != std::string::npos; }, kPatience));
    EXPECT_THAT(ends(), HasSubstr("code=killed, " + status));
    EXPECT_THAT(ends(), Not(HasSubstr("code=dumped")));
}

/// Where the kernel writes cores itself, else that is the host's affair.
bool canLeaveCores() {
    return !readFile("/proc/sys/kernel/core_pattern").starts_with('|');
}

/// A service that may leave a core does, so it says something when others do not.
void expectACoreOfAnother() {
    run({"systemd-run",
         "--quiet",
         "--wait",
         "--collect",
         "--unit=leaves-core",
         "--property=LimitCORE=infinity",
         "python3",
         "-c",
         "import os; os.abort()"},
        {},
        kPatience);
    EXPECT_THAT(succeed({"journalctl", "--boot", "--output=cat", "--unit=leaves-core.service"}),
                HasSubstr("code=dumped, status=6/ABRT"));
}

TEST_F(Secrets, AreInNoCoreOfWhatCrashesInTheMiddleOfAJob) {
    if (canLeaveCores()) {
        expectACoreOfAnother();
        EXPECT_THAT(newCores(), SizeIs(1));
        for (const std::string& file : newCores()) {
            std::filesystem::remove(file);
        }
    }
    storeCredential();
    // Long enough to be seen on their way.
    const auto first = start({"create",
                              "-q",
                              "--credential",
                              kCredential,
                              unc("data"),
                              unc("datab"),
                              unc("datac"),
                              unc("share")});
    ASSERT_TRUE(waitFor(isLoggedIn, kPatience));
    crash(processesOf("fsrvpd").at(0), SIGSEGV, "fsrvp-agent@*");
    ASSERT_TRUE(first->wait(kPatience).has_value());

    const auto second =
        start({"create", "-q", unc("data"), unc("datab"), unc("datac"), unc("share")});
    ASSERT_TRUE(waitFor(isLoggedIn, kPatience));
    const pid_t daemon = kDaemon.mainPid();
    crash(daemon, SIGQUIT, "fsrvpd.service");
    ASSERT_TRUE(
        waitFor([&] { return kDaemon.mainPid() != daemon && kDaemon.activeState() == "active"; },
                kPatience));
    ASSERT_TRUE(waitFor(isSettled, kPatience));

    EXPECT_THAT(newCores(), IsEmpty());
    EXPECT_THAT(findAnywhere(), IsEmpty());
}

} // namespace
} // namespace fsrvp::test::guest
