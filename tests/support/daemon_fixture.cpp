// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/daemon_fixture.hpp"

#include "tests/support/wait_for.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fsrvp::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr fs::perms kForAll = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                              fs::perms::others_read | fs::perms::others_exec;

bool hasOwner(sdbus::IConnection& connection, const std::string& name) {
    const auto bus =
        sdbus::createProxy(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus");
    bool owned = false;
    bus->callMethod("NameHasOwner")
        .onInterface("org.freedesktop.DBus")
        .withArguments(name)
        .storeResultsTo(owned);
    return owned;
}

std::string nameOf(pid_t pid) {
    std::string name;
    std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
    return name;
}

} // namespace

Daemon::Daemon() {
    for (const char* name : {"state", "runtime", "config", "config/servers.d"}) {
        fs::create_directory(dir() / name);
        fs::permissions(dir() / name, fs::perms::owner_all);
    }
    // User nobody must get at the program wherever it was built.
    fs::permissions(dir(), kForAll);
    fs::copy_file(FSRVP_FSRVPCTL, dir() / "fsrvpctl");
    fs::permissions(dir() / "fsrvpctl", kForAll);
    connection_ = connectBus();
}

Daemon::~Daemon() {
    stop();
}

void Daemon::startIn(const Environment& more, std::function<Argv(Argv)> wrap) {
    more_ = more;
    wrap_ = std::move(wrap);
    start();
}

void Daemon::start() {
    Environment all = environment();
    all.insert(more_.begin(), more_.end());
    process_.emplace(wrap_(Argv{FSRVP_FSRVPD, "--config-dir", configDir()}), all);
    const auto ready = [this] { return hasOwner(*connection_, "org.fsrvpd1"); };
    waitFor([&] { return ready() || process_->wait(0ms); }, 10s);
    if (!ready()) {
        const std::string said = process_->err();
        process_.reset();
        throw std::runtime_error("fsrvpd did not take its name: " + said);
    }
}

void Daemon::stop(std::chrono::milliseconds limit) {
    if (!process_) {
        return;
    }
    process_->kill(SIGTERM);
    const auto status = process_->wait(limit);
    EXPECT_TRUE(status.has_value()) << "fsrvpd does not end: " << log();
    EXPECT_EQ(status.value_or(0), 0) << log();
    checkLog();
    process_.reset();
}

void Daemon::kill() {
    process_->kill(SIGKILL);
    process_->wait(5s);
    checkLog();
    process_.reset();
}

void Daemon::reload() {
    process_->kill(SIGHUP);
}

void Daemon::checkLog() const {
    for (const char* sign : {"AddressSanitizer", "LeakSanitizer", "runtime error:"}) {
        EXPECT_EQ(log().find(sign), std::string::npos) << log();
    }
}

pid_t Daemon::pid() const {
    return process_->pid();
}

std::string Daemon::log() const {
    return process_->err();
}

void Daemon::writeServer(const nlohmann::json& settings, const std::string& name) {
    writeServerText(settings.dump(4), name);
}

void Daemon::writeServerText(const std::string& text, const std::string& name) {
    const fs::path path = configDir() / "servers.d" / (name + ".json");
    std::ofstream(path) << text << '\n';
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

void Daemon::writeLab(const Lab& lab, const nlohmann::json& changes) {
    nlohmann::json settings{{"hosts", {lab.host()}},
                            {"port", lab.port()},
                            {"credentials_file", lab.credentialsFile()},
                            {"timeouts", {{"connect_sec", 2}, {"call_sec", 10}}}};
    settings.update(changes);
    writeServer(settings);
}

fs::path Daemon::program() const {
    return dir() / "fsrvpctl";
}

RunResult Daemon::ctl(const Argv& arguments, std::chrono::milliseconds limit) const {
    Argv argv{program()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run(argv, environment(), limit);
}

nlohmann::json Daemon::ctlJson(Argv arguments) const {
    arguments.insert(arguments.begin(), {"--json", "-q"});
    return nlohmann::json::parse(ctl(arguments).out);
}

std::unique_ptr<Process> Daemon::startCtl(const Argv& arguments) const {
    Argv argv{program()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return std::make_unique<Process>(argv, environment());
}

Argv Daemon::ctlAsNobody(const Argv& arguments) const {
    Argv argv{"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

Environment Daemon::environment() const {
    return {{"DBUS_SYSTEM_BUS_ADDRESS", bus_.address()},
            {"STATE_DIRECTORY", dir() / "state"},
            {"RUNTIME_DIRECTORY", dir() / "runtime"},
            {"TZ", "UTC"},
            {"LC_ALL", "C.UTF-8"},
            {"NO_COLOR", "1"}};
}

RunResult Daemon::second(const Environment& changes) const {
    Environment all = changes;
    all.merge(environment());
    return run({FSRVP_FSRVPD, "--config-dir", configDir()}, all, 5s);
}

nlohmann::json Daemon::sql(const std::string& query) const {
    const auto result =
        run({"sqlite3", "-readonly", "-json", "-cmd", ".timeout 5000", database(), query});
    if (result.exitCode != 0) {
        throw std::runtime_error("sqlite3 failed: " + result.err);
    }
    return result.out.empty() ? nlohmann::json::array() : nlohmann::json::parse(result.out);
}

void Daemon::changeDatabase(const std::string& statements) const {
    const auto result =
        run({"sqlite3", "-bail", "-cmd", "PRAGMA foreign_keys = ON", database(), statements});
    if (result.exitCode != 0) {
        throw std::runtime_error("sqlite3 failed: " + result.err);
    }
}

std::vector<std::string> Daemon::openFiles() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid()) + "/fd")) {
        std::error_code closedMeanwhile;
        const std::string file = fs::read_symlink(entry.path(), closedMeanwhile);
        if (file != "anon_inode:[timerfd]") {
            files.push_back(file);
        }
    }
    return files;
}

std::vector<pid_t> Daemon::children() const {
    std::vector<pid_t> found;
    for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid()) + "/task")) {
        std::ifstream file(thread.path() / "children");
        for (pid_t child = 0; file >> child;) {
            found.push_back(child);
        }
    }
    return found;
}

std::vector<pid_t> Daemon::agents() const {
    auto found = children();
    std::erase_if(found, [](pid_t child) { return nameOf(child) != "fsrvp-agent"; });
    return found;
}

bool Daemon::waitUntilIdle() const {
    return waitFor([this] { return agents().empty(); }, 10s);
}

void Daemon::expectNoRuntimeFiles() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir() / "runtime")) {
        names.push_back(entry.path().filename());
        EXPECT_TRUE(std::filesystem::is_empty(entry)) << entry.path();
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"by-share", "mnt", "private"}));
}

std::unique_ptr<sdbus::IConnection> Daemon::connectBus() const {
    return sdbus::createSessionBusConnectionWithAddress(bus_.address());
}

} // namespace fsrvp::test
