// SPDX-License-Identifier: GPL-3.0-or-later

// What ForkLauncher starts in its tests: tells what it was given, leaves a file in its directory,
// then does as it is told until the other side hangs up.

#include "daemon/base/packet.hpp"

#include <nlohmann/json.hpp>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr int kSocket = 3;

std::vector<int> openDescriptors() {
    std::vector<int> open;
    for (int fd = 0; fd < 1024; ++fd) {
        if (::access(("/proc/self/fd/" + std::to_string(fd)).c_str(), F_OK) == 0 ||
            std::filesystem::is_symlink("/proc/self/fd/" + std::to_string(fd))) {
            open.push_back(fd);
        }
    }
    return open;
}

nlohmann::json report(char** environment) {
    nlohmann::json variables = nlohmann::json::array();
    for (char** variable = environment; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        variables.push_back(text.substr(0, text.find('=')));
    }
    sigset_t blocked;
    ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
    return {{"pid", ::getpid()},
            {"descriptors", openDescriptors()},
            {"stdin", std::filesystem::read_symlink("/proc/self/fd/0").string()},
            {"variables", variables},
            {"directory", std::getenv("RUNTIME_DIRECTORY")},
            {"blocks_sigchld", sigismember(&blocked, SIGCHLD) == 1}};
}

} // namespace

int main(int, char**, char** environment) {
    using fsrvp::receivePacket;
    using fsrvp::sendPacket;
    const nlohmann::json given = report(environment);
    const std::filesystem::path directory = given["directory"].get<std::string>();
    std::ofstream(directory / "krb5cc") << "a ticket";
    std::filesystem::create_directory(directory / "below");
    while (const auto packet = receivePacket(kSocket)) {
        if (*packet == "die") {
            std::abort();
        }
        sendPacket(kSocket, given.dump());
    }
    return 0;
}
