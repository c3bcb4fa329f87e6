// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/model/unc.hpp"

#include <optional>
#include <string>
#include <vector>

namespace fsrvp {

/// Where the host says what is to be mounted.
struct MountEntryPlaces {
    std::string fstab = "/etc/fstab";
    /// Directories of unit files; of the first one that has a unit of some name, only that counts.
    std::vector<std::string> units = {"/etc/systemd/system",
                                      "/run/systemd/system",
                                      "/usr/local/lib/systemd/system",
                                      "/usr/lib/systemd/system"};
};

/// The credentials= (or cred=) file of the share's own entry: of type cifs or smb3, for the share
/// itself or a directory in it, whatever the case; fstab before mount units, the first that names
/// one. What can't be read is passed over: these files are not ours.
std::optional<std::string> credentialsFileOfEntry(const Unc& share, const MountEntryPlaces& places);

} // namespace fsrvp
