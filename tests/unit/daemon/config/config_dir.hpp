// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/temp_dir.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fsrvp::test {

/// A directory of its own for configuration files; removed at the end.
class ConfigDir {
  public:
    const std::string& path() const noexcept { return directory_.path().native(); }

    std::string path(const std::string& name) const { return path() + "/" + name; }

    /// Writes a file with that mode, and its directory, which only the owner may write; its path.
    std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
        const std::filesystem::path file = path(name);
        std::filesystem::create_directories(file.parent_path());
        ::chmod(file.parent_path().c_str(), 0755);
        std::ofstream(file, std::ios::binary) << text;
        ::chmod(file.c_str(), mode);
        return file.string();
    }

  private:
    TempDir directory_;
};

} // namespace fsrvp::test
