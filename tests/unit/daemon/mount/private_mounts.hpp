// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::test {

/// Tests that mount: this process has a mount namespace of its own, whose mounts nobody else sees.
/// Skipped where that is not allowed.
class PrivateMounts : public testing::Test {
  protected:
    void SetUp() override;
    /// Everything below directory() is unmounted.
    void TearDown() override;

    std::string path(const std::string& name) const { return (directory_.path() / name).string(); }

    /// Makes the directory and mounts a new tmpfs on it. Gives its path.
    std::string mountTmpfs(const std::string& name);
    std::string makeDirectory(const std::string& name);
    std::string makeFile(const std::string& name, const std::string& text = "text");
    void bind(const std::string& from, const std::string& to);
    void makeReadOnly(const std::string& mountPoint);

  private:
    TempDir directory_;
};

bool isMountPoint(const std::string& path);

} // namespace fsrvp::test
