// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/daemon_fixture.hpp"
#include "tests/support/lab.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::test {

/// What snapshots leave on a server.
struct OnServer {
    std::vector<std::string> shares;
    std::vector<std::string> subvolumes;
    std::vector<std::string> shellSnapshots;

    bool operator==(const OnServer&) const = default;
};

void PrintTo(const OnServer& found, std::ostream* out);
OnServer lookAt(const Lab& lab);

/// A lab for each suite, an fsrvpd that knows it for each test.
class LabTest : public testing::Test {
  protected:
    static void SetUpTestSuite() { theLab().emplace(); }

    static void TearDownTestSuite() { theLab().reset(); }

    static Lab& lab() { return *theLab(); }

    void SetUp() override;

    static std::string unc(const std::string& share) { return "//127.0.0.1/" + share; }

    /// Runs `fsrvpctl create -q` and expects status 0. Gives the snapshots as JSON.
    nlohmann::json create(const std::vector<std::string>& shares, Argv options = {});
    /// Deletes all that there is; it has to succeed.
    void deleteAll();
    /// A file of the share, on the server itself.
    static void writeLive(const std::string& share, const std::string& text);
    static std::string readExposed(const std::string& share);

    /// What is on the server is what was there when the test began.
    void expectServerAsBefore() const { EXPECT_EQ(lookAt(lab()), before); }

    /// No snapshot is there or half made, no set and no job is open.
    void expectNothingRecorded() const;
    /// Both.
    void expectNothingLeft() const;
    /// Waits until fsrvpd has no open job and no unsettled set.
    bool waitUntilSettled(std::chrono::seconds limit = std::chrono::seconds(20)) const;

    OnServer before;
    std::optional<Daemon> daemon;

  private:
    static std::optional<Lab>& theLab();
};

/// For ranges in failure messages and comparisons.
std::vector<std::int64_t> idsOf(const nlohmann::json& snapshots);

} // namespace fsrvp::test
