// SPDX-License-Identifier: GPL-3.0-or-later
// What a scenario does to the guest that it runs in, and sees of it from outside fsrvpd.
#pragma once

#include "tests/support/process.hpp"

#include <nlohmann/json.hpp>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::test::guest {

/// Everything in a guest is slow when QEMU runs without KVM.
inline constexpr std::chrono::seconds kPatience{60};

/// Runs a program that has to succeed; gives its stdout.
/// @throws std::runtime_error  it did not, with what it said
std::string succeed(const Argv& argv);
/// The same as the user `visitor`, who has no rights, with whatever end.
RunResult runAsVisitor(Argv argv);
std::vector<std::string> lines(const std::string& text);
std::string sha256(const std::filesystem::path& file);

/// The installed fsrvpctl.
RunResult fsrvpctl(Argv arguments);
/// With --json; gives what it printed, also when that is an error.
nlohmann::json fsrvpctlJson(Argv arguments);

/// One line of /proc/PID/mountinfo, its escapes undone.
struct Mount {
    int id = 0;
    int parent = 0;
    std::string root;
    std::string point;
    std::string options;
    std::string type;
    std::string source;
    std::string superOptions;

    /// In the options or the super options.
    bool has(std::string_view option) const;
};

std::vector<Mount> parseMountTable(const std::string& text);
/// As PID 1 sees it, in the order of the kernel.
std::vector<Mount> mountTable();
/// What is mounted at that path, the lowest first.
std::vector<Mount> mountsAt(const std::filesystem::path& point);

/// A systemd unit.
class Unit {
  public:
    explicit Unit(std::string name) : name_(std::move(name)) {}

    /// As `systemctl show` gives it; empty when there is none of that name.
    std::string property(const std::string& name) const;

    std::string activeState() const { return property("ActiveState"); }

    /// 0 when there is none.
    pid_t mainPid() const;

    void start() const;
    void stop() const;
    void restart() const;
    /// To all of its processes.
    void signal(const std::string& name) const;
    /// Kills the main process and waits until systemd has started it again.
    void killAndAwaitRestart() const;

  private:
    std::string name_;
};

/// Loaded units whose name matches, whatever their state.
std::vector<std::string> unitsLike(const std::string& pattern);
std::vector<std::string> failedUnits();

/// A line of /proc/PID/status; empty when there is none.
std::string processStatus(pid_t pid, const std::string& key);
/// Of all processes whose real user it is.
std::vector<pid_t> processesOf(const std::string& user);

/// Which boot of this guest it is, from 1.
int bootNumber();
/// The guest's power goes as soon as the test program has ended, unless this is called before.
void endBootInOrder();
/// The power may go from now on: the boot has passed then if no test has failed up to here.
void expectPowerLoss();
/// The guest's power goes at once: nothing more is written to its disk. From any thread.
[[noreturn]] void losePower();

} // namespace fsrvp::test::guest
