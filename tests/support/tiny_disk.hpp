// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

namespace fsrvp::test {

/// A tmpfs of one megabyte on a directory, as long as it lives. Needs root.
class TinyDisk {
  public:
    /// @throws std::system_error
    explicit TinyDisk(std::filesystem::path place);
    ~TinyDisk();
    TinyDisk(const TinyDisk&) = delete;
    TinyDisk& operator=(const TinyDisk&) = delete;

    /// Leaves not a byte.
    void fill() const;
    /// Takes that back.
    void makeRoom() const;

    enum class Mode { ReadWrite, ReadOnly };

    /// ReadOnly fails while a file is open for writing.
    void remount(Mode mode) const;

  private:
    std::filesystem::path place_;
};

} // namespace fsrvp::test
