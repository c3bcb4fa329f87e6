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

    /// In the place of the lab of a SetUpTestSuite().
    static void startLab(const LabOptions& options) { theLab().emplace(options); }

    static Lab& lab() { return *theLab(); }

    void SetUp() override;

    static std::string unc(const std::string& share) { return "//127.0.0.1/" + share; }

    /// Runs `fsrvpctl create -q` and expects status 0. Gives the snapshots as JSON.
    nlohmann::json create(const std::vector<std::string>& shares, Argv options = {});
    /// The numbers of all snapshots that there are, as fsrvpctl takes them.
    std::vector<std::string> listed() const;
    /// Deletes them; there have to be some, and it has to succeed.
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

    /// The snapshots on record, the exposed shares, and the snapshots on the disk are just the same
    /// ones, besides those that were there when the test began; nothing is open or half made. All
    /// are of shares on btrfs.
    void expectAgreement() const { expectAgreementOf({&*daemon}); }

    /// The same of several of them together.
    void expectAgreementOf(const std::vector<const Daemon*>& all) const;
    /// Waits until fsrvpd has no open job and no unsettled set.
    bool waitUntilSettled(std::chrono::seconds limit = std::chrono::seconds(20)) const;
    /// The same after a start of fsrvpd; also that deletes which the last one had begun are done.
    bool waitUntilRecovered(std::chrono::seconds limit = std::chrono::seconds(20)) const;

    OnServer before;
    std::optional<Daemon> daemon;

  private:
    static std::optional<Lab>& theLab();
};

/// For ranges in failure messages and comparisons.
std::vector<std::int64_t> idsOf(const nlohmann::json& snapshots);

} // namespace fsrvp::test
