// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/lab.hpp"

#include "tests/support/wait_for.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fsrvp::test {

namespace {

using namespace std::chrono_literals;

Argv runArgv(const std::filesystem::path& dir, const LabOptions& options) {
    Argv argv{FSRVP_LABSERVER,
              "run",
              "--dir",
              dir,
              "--extra-shares",
              std::to_string(options.extraShares)};
    if (options.port) {
        argv.insert(argv.end(), {"--port", std::to_string(*options.port)});
    }
    if (options.sequenceTimeout) {
        argv.insert(argv.end(),
                    {"--seconds-timeout", std::to_string(options.sequenceTimeout->count())});
    }
    if (options.kerberos) {
        argv.emplace_back("--kerberos");
    }
    for (const std::string& setting : options.settings) {
        argv.insert(argv.end(), {"--setting", setting});
    }
    return argv;
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> found;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        found.push_back(line);
    }
    return found;
}

/// Share names are UTF-8; the socket of a winbindd is compiled into Samba's programs, so the host's
/// own one would be asked for users.
const Environment kServersEnvironment{{"LC_ALL", "C.UTF-8"}, {"_NO_WINBINDD", "1"}};

/// What a program printed, which had to succeed.
std::string outOf(const Argv& argv, const RunResult& result) {
    if (result.exitCode != 0) {
        throw std::runtime_error(argv[0] + " " + argv[1] + " failed: " + result.err);
    }
    return result.out;
}

std::string ask(const Argv& argv) {
    return outOf(argv, run(argv, kServersEnvironment, 60s));
}

} // namespace

Lab::Lab(const LabOptions& options) : process_(runArgv(dir(), options), {}, Process::Stdin::Pipe) {
    const auto described = [this] { return process_.out().ends_with('\n'); };
    waitFor([&] { return described() || process_.wait(0ms); }, 60s);
    if (!described()) {
        // Given the time to clean up, unlike what the destructor of the process would do.
        process_.closeStdin();
        process_.kill(SIGTERM);
        process_.wait(30s);
        throw std::runtime_error("cannot start a lab: " + process_.err());
    }
    takeDescription(process_.out());
}

Lab::~Lab() {
    process_.closeStdin();
    const auto exitCode = process_.wait(30s);
    if (exitCode != 0) {
        std::fprintf(stderr,
                     "the lab in %s did not end cleanly (%s): %s\n",
                     dir().c_str(),
                     exitCode ? std::to_string(*exitCode).c_str() : "still runs after 30 s",
                     process_.err().c_str());
        std::abort();
    }
}

std::filesystem::path Lab::credentialsFile(User user) const {
    return dir() / (user == User::Root ? "credentials" : "credentials-nobody");
}

std::string Lab::credentialsText(User user) const {
    std::ostringstream text;
    text << std::ifstream(credentialsFile(user)).rdbuf();
    return text.str();
}

const std::filesystem::path& Lab::sharePath(const std::string& name) const {
    return shares_.at(name);
}

std::vector<std::string> Lab::listShares() const {
    return lines(net({"conf", "listshares"}));
}

std::string Lab::net(const Argv& arguments) const {
    Argv argv{"net", "--configfile=" + smbConf().string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return outOf(argv, runTool(argv));
}

RunResult Lab::runTool(const Argv& argv) const {
    Argv inNamespace{"nsenter", "--pid", "--target", std::to_string(initPid_)};
    inNamespace.insert(inNamespace.end(), argv.begin(), argv.end());
    return run(inNamespace, kServersEnvironment, 60s);
}

std::vector<std::string> Lab::subvolumes() const {
    const std::string marker = " path "; // "ID 256 gen 8 top level 5 path data"
    auto found = lines(ask({"btrfs", "subvolume", "list", sharePath("data").parent_path()}));
    for (std::string& line : found) {
        line.erase(0, line.find(marker) + marker.size());
    }
    return found;
}

std::vector<std::string> Lab::shellSnapshots() const {
    // shell-snap makes the directory with the first.
    const std::filesystem::path all = sharePath("shell").parent_path() / "shell-snapshots";
    std::vector<std::string> found;
    if (std::filesystem::exists(all)) {
        for (const auto& entry : std::filesystem::directory_iterator(all)) {
            found.push_back(entry.path());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

void Lab::restartSmbd() {
    takeDescription(labserver("restart-smbd"));
}

void Lab::freeze() {
    labserver("freeze");
}

void Lab::thaw() {
    labserver("thaw");
}

Argv Lab::withHosts(const Argv& argv) const {
    Argv inNamespace{"unshare",
                     "--mount",
                     "bash",
                     "-c",
                     R"(mount --bind "$0" /etc/hosts && exec "$@")",
                     realm().dir / "hosts"};
    inNamespace.insert(inNamespace.end(), argv.begin(), argv.end());
    return inNamespace;
}

RunResult Lab::rpcclient(const std::string& command, User user) const {
    auto argv = clientArgv("rpcclient", user);
    argv.insert(argv.end(), {"--command=" + command, host()});
    return runTool(argv);
}

RunResult Lab::smbclient(const std::string& share, const std::string& command, User user) const {
    auto argv = clientArgv("smbclient", user);
    argv.insert(argv.end(), {"--command=" + command, "//" + host() + "/" + share});
    return run(argv);
}

std::string Lab::labserver(const std::string& verb) const {
    return ask({FSRVP_LABSERVER, verb, dir()});
}

Argv Lab::clientArgv(const std::string& program, User user) const {
    return {program,
            "--configfile=" + smbConf().string(),
            "--authentication-file=" + credentialsFile(user).string(),
            "--port=" + std::to_string(port())};
}

void Lab::takeDescription(std::string_view json) {
    const auto description = nlohmann::json::parse(json);
    port_ = description.at("port").get<std::uint16_t>();
    smbdPid_ = description.at("smbd_pid").get<pid_t>();
    initPid_ = description.at("init_pid").get<pid_t>();
    shares_.clear();
    for (const auto& [name, path] : description.at("shares").items()) {
        shares_.emplace(name, path.get<std::string>());
    }
    if (const nlohmann::json& realm = description.at("kerberos"); !realm.is_null()) {
        realm_ = LabRealm{realm.at("realm"),
                          realm.at("name"),
                          realm.at("machine"),
                          realm.at("dir").get<std::string>(),
                          realm.at("passwords")};
    }
}

} // namespace fsrvp::test
