// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/guest/support/machine.hpp"

#include "tests/support/wait_for.hpp"

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace fsrvp::test::guest {

namespace {

std::string contents(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::string systemctl(Argv arguments) {
    arguments.insert(arguments.begin(), "systemctl");
    return succeed(arguments);
}

/// The kernel writes a space, a tab, a newline and a backslash as three octal digits.
std::string unescaped(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        const bool escape = text[0] == '\\' && text.size() >= 4;
        plain += escape ? static_cast<char>(std::stoi(std::string(text.substr(1, 3)), nullptr, 8))
                        : text[0];
        text.remove_prefix(escape ? 4 : 1);
    }
    return plain;
}

Mount parseMount(const std::string& line) {
    Mount mount;
    std::string device;
    std::string word;
    std::istringstream stream(line);
    stream >> mount.id >> mount.parent >> device >> mount.root >> mount.point >> mount.options;
    // Any number of fields like shared:4.
    while (stream >> word && word != "-") {
    }
    stream >> mount.type >> mount.source >> mount.superOptions;
    if (!stream) {
        throw std::runtime_error("not a line of mountinfo: " + line);
    }
    for (std::string* field : {&mount.root, &mount.point, &mount.source}) {
        *field = unescaped(*field);
    }
    return mount;
}

bool contains(const std::string& options, std::string_view option) {
    return ("," + options + ",").find("," + std::string(option) + ",") != std::string::npos;
}

} // namespace

std::string succeed(const Argv& argv) {
    const RunResult result = run(argv, {}, kPatience);
    if (result.exitCode != 0) {
        throw std::runtime_error(argv[0] + " ended with " + std::to_string(result.exitCode) + ": " +
                                 result.out + result.err);
    }
    return result.out;
}

RunResult runAsVisitor(Argv argv) {
    argv.insert(argv.begin(), {"setpriv", "--reuid=visitor", "--regid=visitor", "--clear-groups"});
    return run(argv, {}, kPatience);
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        found.push_back(line);
    }
    return found;
}

std::string sha256(const std::filesystem::path& file) {
    return succeed({"sha256sum", "--zero", file}).substr(0, 64);
}

RunResult fsrvpctl(Argv arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/fsrvpctl");
    return run(arguments, {}, kPatience);
}

nlohmann::json fsrvpctlJson(Argv arguments) {
    arguments.push_back("--json");
    const RunResult result = fsrvpctl(arguments);
    if (!nlohmann::json::accept(result.out)) {
        throw std::runtime_error("fsrvpctl printed no JSON: " + result.out + result.err);
    }
    return nlohmann::json::parse(result.out);
}

bool Mount::has(std::string_view option) const {
    return contains(options, option) || contains(superOptions, option);
}

std::vector<Mount> parseMountTable(const std::string& text) {
    std::vector<Mount> table;
    for (const std::string& line : lines(text)) {
        table.push_back(parseMount(line));
    }
    return table;
}

std::vector<Mount> mountTable() {
    return parseMountTable(contents("/proc/1/mountinfo"));
}

std::vector<Mount> mountsAt(const std::filesystem::path& point) {
    std::vector<Mount> found = mountTable();
    std::erase_if(found, [&](const Mount& mount) { return mount.point != point; });
    return found;
}

std::string Unit::property(const std::string& name) const {
    std::string value = systemctl({"show", "--value", "--property=" + name, "--", name_});
    return value.substr(0, value.rfind('\n'));
}

pid_t Unit::mainPid() const {
    return std::stoi(property("MainPID"));
}

void Unit::start() const {
    systemctl({"start", "--", name_});
}

void Unit::stop() const {
    systemctl({"stop", "--", name_});
}

void Unit::restart() const {
    systemctl({"restart", "--", name_});
}

void Unit::signal(const std::string& name) const {
    systemctl({"kill", "--signal=" + name, "--", name_});
}

void Unit::killAndAwaitRestart() const {
    const pid_t before = mainPid();
    systemctl({"kill", "--signal=KILL", "--kill-whom=main", "--", name_});
    const bool restarted = waitFor(
        [&] {
            const pid_t now = mainPid();
            return now != 0 && now != before && activeState() == "active";
        },
        kPatience);
    if (!restarted) {
        throw std::runtime_error(name_ + " was not started again");
    }
}

std::vector<std::string> unitsLike(const std::string& pattern) {
    std::vector<std::string> found;
    for (const std::string& line :
         lines(systemctl({"list-units", "--all", "--plain", "--no-legend", "--", pattern}))) {
        found.push_back(line.substr(0, line.find(' ')));
    }
    return found;
}

std::vector<std::string> failedUnits() {
    std::vector<std::string> found;
    for (const std::string& line : lines(systemctl({"--failed", "--plain", "--no-legend"}))) {
        found.push_back(line.substr(0, line.find(' ')));
    }
    return found;
}

std::string processStatus(pid_t pid, const std::string& key) {
    const auto file = std::filesystem::path("/proc") / std::to_string(pid) / "status";
    for (const std::string& line : lines(contents(file))) {
        if (line.starts_with(key + ":\t")) {
            return line.substr(key.size() + 2);
        }
    }
    return {};
}

std::vector<pid_t> processesOf(const std::string& user) {
    const passwd* const entry = ::getpwnam(user.c_str());
    if (entry == nullptr) {
        throw std::runtime_error("there is no user " + user);
    }
    const std::string uid = std::to_string(entry->pw_uid) + "\t";
    std::vector<pid_t> found;
    for (const auto& directory : std::filesystem::directory_iterator("/proc")) {
        const std::string name = directory.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos &&
            processStatus(std::stoi(name), "Uid").starts_with(uid)) {
            found.push_back(std::stoi(name));
        }
    }
    return found;
}

int bootNumber() {
    const char* const number = std::getenv("FSRVP_GUEST_BOOT");
    return number == nullptr ? 0 : std::atoi(number);
}

void endBootInOrder() {
    std::ofstream("/run/guest/shutdown").close();
}

void expectPowerLoss() {
    std::cout << std::flush;
    endBootInOrder(); // or else the host takes the power away when it sees the status
    std::ofstream("/run/guest/status.new") << (testing::Test::HasFailure() ? 1 : 0) << std::flush;
    std::filesystem::rename("/run/guest/status.new", "/run/guest/status");
}

void losePower() {
    std::ofstream("/proc/sysrq-trigger") << 'b' << std::flush;
    for (;;) {
        ::pause();
    }
}

} // namespace fsrvp::test::guest
