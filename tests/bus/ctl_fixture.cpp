// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"

#include <fstream>

namespace fsrvp::test {

void Ctl::SetUpTestSuite() {
    bus() = std::make_unique<PrivateBus>();
}

void Ctl::TearDownTestSuite() {
    bus().reset();
}

void Ctl::SetUp() {
    daemon.emplace(bus()->address());
}

std::unique_ptr<PrivateBus>& Ctl::bus() {
    static std::unique_ptr<PrivateBus> theBus;
    return theBus;
}

Environment Ctl::environment() {
    return {{"DBUS_SYSTEM_BUS_ADDRESS", bus()->address()},
            {"TZ", "UTC"},
            {"LC_ALL", "C"},
            {"NO_COLOR", ""}};
}

Argv Ctl::commandLine(Argv arguments) {
    arguments.insert(arguments.begin(), FSRVP_FSRVPCTL);
    return arguments;
}

RunResult Ctl::ctl(const Argv& arguments) {
    return run(commandLine(arguments), environment());
}

RunResult Ctl::cifs(Argv arguments) {
    arguments.insert(arguments.begin(), FSRVP_CIFS);
    return run(arguments, environment());
}

void CtlInDirectory::SetUp() {
    Ctl::SetUp();
    before_ = std::filesystem::current_path();
    dir_.emplace();
    top_ = std::filesystem::canonical(dir_->path()).string();
    std::filesystem::current_path(top_);
    std::filesystem::create_directories("real/empty");
    std::filesystem::create_directory_symlink("real", "link");
}

void CtlInDirectory::TearDown() {
    std::filesystem::current_path(before_);
    dir_.reset();
}

std::vector<std::string> linesOf(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

} // namespace fsrvp::test
