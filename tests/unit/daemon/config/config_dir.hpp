// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace fsrvp::test {

/// A directory of its own for configuration files; removed at the end.
class ConfigDir {
  public:
    ConfigDir() {
        std::string name =
            (std::filesystem::temp_directory_path() / "fsrvp-config-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("cannot make a temporary directory");
        }
        path_ = name;
    }

    ConfigDir(const ConfigDir&) = delete;
    ConfigDir& operator=(const ConfigDir&) = delete;

    ~ConfigDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const noexcept { return path_; }

    std::string path(const std::string& name) const { return path_ + "/" + name; }

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
    std::string path_;
};

} // namespace fsrvp::test
