// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/guest/support/server.hpp"

#include "tests/guest/support/machine.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace fsrvp::test::guest {

namespace {

const std::filesystem::path kLab = "/srv/lab";

Argv net(Argv arguments) {
    arguments.insert(arguments.begin(), {"net", "--configfile=" + (kLab / "smb.conf").string()});
    return arguments;
}

} // namespace

void PrintTo(const OnServer& found, std::ostream* out) {
    *out << "shares " << testing::PrintToString(found.shares) << ", subvolumes "
         << testing::PrintToString(found.subvolumes);
}

OnServer lookAtServer() {
    OnServer found;
    found.shares = lines(succeed(net({"conf", "listshares"})));
    for (const std::string& line : lines(succeed({"btrfs", "subvolume", "list", kLab / "mnt"}))) {
        found.subvolumes.push_back(line.substr(line.find(" path ") + 6));
    }
    return found;
}

std::string unc(const std::string& share) {
    return "//win2k12/" + share;
}

std::filesystem::path directoryOf(const std::string& share) {
    if (const auto own = kLab / "mnt" / share; std::filesystem::is_directory(own)) {
        return own;
    }
    return lines(succeed(net({"conf", "getparm", share, "path"}))).at(0);
}

void removeShare(const std::string& share) {
    succeed(net({"conf", "delshare", share}));
}

void writeFile(const std::filesystem::path& file, const std::string& text) {
    if (!(std::ofstream(file, std::ios::binary) << text << std::flush)) {
        throw std::runtime_error("cannot write " + file.string());
    }
}

std::string readFile(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        throw std::runtime_error("cannot read " + file.string());
    }
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::filesystem::path credentialsFile() {
    return kLab / "credentials";
}

} // namespace fsrvp::test::guest
