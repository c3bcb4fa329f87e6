// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/fakes/fake_manager.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::test {

/// fsrvpctl as a process, on a private bus, against a fake fsrvpd.
class Ctl : public testing::Test {
  protected:
    static void SetUpTestSuite();
    static void TearDownTestSuite();
    void SetUp() override;

    static std::unique_ptr<PrivateBus>& bus();
    static Environment environment();
    static Argv commandLine(Argv arguments);
    static RunResult ctl(const Argv& arguments);
    /// The same program by its name `cifs`.
    static RunResult cifs(Argv arguments);

    std::optional<FakeManager> daemon;
};

/// With a current directory that has the directories real/ and real/empty/ and link -> real.
class CtlInDirectory : public Ctl {
  protected:
    void SetUp() override;
    void TearDown() override;

    /// The canonical path of a name in the directory.
    std::string at(const std::string& name) const { return top_ + "/" + name; }

  private:
    std::filesystem::path before_;
    std::optional<TempDir> dir_;
    std::string top_;
};

std::vector<std::string> linesOf(const std::string& path);

} // namespace fsrvp::test
