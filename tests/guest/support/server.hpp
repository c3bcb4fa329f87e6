// SPDX-License-Identifier: GPL-3.0-or-later
// The guest's own Samba server: what it has, behind the back of every client.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fsrvp::test::guest {

/// What snapshots leave on the server.
struct OnServer {
    std::vector<std::string> shares; ///< the exposed ones
    std::vector<std::string> subvolumes;

    bool operator==(const OnServer&) const = default;
};

void PrintTo(const OnServer& found, std::ostream* out);
OnServer lookAtServer();

/// For SMB, as //win2k12/NAME.
std::string unc(const std::string& share);
/// Where the server has a share of its own or an exposed one.
/// @throws std::runtime_error  it has no such share
std::filesystem::path directoryOf(const std::string& share);
/// An exposed one, as an administrator of the server does it.
void removeShare(const std::string& share);
void writeFile(const std::filesystem::path& file, const std::string& text);
std::string readFile(const std::filesystem::path& file);
/// What mount.cifs takes as credentials=.
std::filesystem::path credentialsFile();

} // namespace fsrvp::test::guest
