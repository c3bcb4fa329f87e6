// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/guest/support/machine.hpp"
#include "tests/guest/support/server.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace fsrvp::test::guest {

/// A scenario with mounts. What it leaves is unmounted and deleted; after that the server must be
/// as it was, and nothing of a mount may be left in the guest.
class MountScenario : public testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;

    /// Takes a snapshot of the share and mounts it, at the destination if one is given.
    /// Gives it as `fsrvpctl --json` shows it.
    nlohmann::json create(const std::string& source, const std::string& destination = "");
    /// The same with a wrong end: gives the error as `--json` shows it.
    nlohmann::json refused(Argv arguments);
    /// As it is shown now.
    nlohmann::json show(const nlohmann::json& snapshot);

    static std::string id(const nlohmann::json& snapshot) { return snapshot["id"].dump(); }

    static std::filesystem::path mountPoint(const nlohmann::json& snapshot) {
        return snapshot["mount_points"].at(0).get<std::string>();
    }

    static std::string exposedUnc(const nlohmann::json& snapshot) {
        return unc(snapshot["exposed"].get<std::string>());
    }

    /// The one mount there, as PID 1 sees it; a mount that is not there for none.
    static Mount mountAt(const std::filesystem::path& point);

    static bool isMounted(const std::filesystem::path& point) { return !mountsAt(point).empty(); }

    static bool isAbsent(const std::filesystem::path& path) {
        return !std::filesystem::exists(path);
    }

  private:
    OnServer before_;
};

} // namespace fsrvp::test::guest
