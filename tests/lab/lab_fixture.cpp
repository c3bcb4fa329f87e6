// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/lab/lab_fixture.hpp"

#include <sstream>

namespace fsrvp::test {

using nlohmann::json;

void PrintTo(const OnServer& found, std::ostream* out) {
    *out << "shares " << testing::PrintToString(found.shares) << ", subvolumes "
         << testing::PrintToString(found.subvolumes) << ", of shell "
         << testing::PrintToString(found.shellSnapshots);
}

OnServer lookAt(const Lab& lab) {
    return {lab.listShares(), lab.subvolumes(), lab.shellSnapshots()};
}

std::optional<Lab>& LabTest::theLab() {
    static std::optional<Lab> one;
    return one;
}

void LabTest::SetUp() {
    before = lookAt(lab());
    daemon.emplace();
    daemon->writeLab(lab());
    daemon->start();
}

json LabTest::create(const std::vector<std::string>& shares, Argv options) {
    options.insert(options.begin(), {"create", "-q", "--json", "--no-mount"});
    for (const std::string& share : shares) {
        options.push_back(unc(share));
    }
    const RunResult result = daemon->ctl(options);
    EXPECT_EQ(result.exitCode, 0) << result.out << result.err << daemon->log();
    const json document = json::parse(result.out);
    EXPECT_EQ(document.value("snapshots", json::array()).size(), shares.size()) << result.out;
    return document.value("snapshots", json::array());
}

void LabTest::deleteAll() {
    Argv arguments{"delete", "-q"};
    const json list = daemon->ctlJson({"list"});
    for (const json& snapshot : list["snapshots"]) {
        arguments.push_back(snapshot["id"].dump());
    }
    const RunResult result = daemon->ctl(arguments);
    EXPECT_EQ(result.exitCode, 0) << result.err << daemon->log();
}

void LabTest::writeLive(const std::string& share, const std::string& text) {
    std::ofstream(lab().sharePath(share) / "file.txt") << text;
}

std::string LabTest::readExposed(const std::string& share) {
    // smbclient prints nothing but the file to stdout.
    const RunResult result = lab().smbclient(share, "get file.txt -");
    EXPECT_EQ(result.exitCode, 0) << result.out << result.err;
    return result.out;
}

void LabTest::expectNothingRecorded() const {
    EXPECT_EQ(daemon->sql("SELECT id, state FROM shadow_copy "
                          "WHERE state NOT IN ('deleted', 'failed')"),
              json::array());
    EXPECT_EQ(daemon->sql("SELECT id, state FROM shadow_copy_set WHERE state <> 'settled' AND "
                          "id IN (SELECT set_row FROM shadow_copy WHERE state <> 'deleted') OR "
                          "state NOT IN ('settled', 'complete')"),
              json::array());
    EXPECT_EQ(daemon->sql("SELECT id, state FROM job WHERE ended_us IS NULL"), json::array());
}

void LabTest::expectNothingLeft() const {
    expectServerAsBefore();
    expectNothingRecorded();
}

bool LabTest::waitUntilSettled(std::chrono::seconds limit) const {
    return waitFor(
        [this] {
            return daemon
                ->sql("SELECT id FROM job WHERE ended_us IS NULL UNION ALL SELECT id FROM "
                      "shadow_copy_set WHERE state NOT IN ('settled', 'complete')")
                .empty();
        },
        limit);
}

std::vector<std::int64_t> idsOf(const json& snapshots) {
    std::vector<std::int64_t> ids;
    for (const json& snapshot : snapshots) {
        ids.push_back(snapshot["id"].get<std::int64_t>());
    }
    return ids;
}

} // namespace fsrvp::test
