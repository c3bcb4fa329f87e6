// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/lab/lab_fixture.hpp"

#include <algorithm>
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

std::vector<std::string> LabTest::listed() const {
    std::vector<std::string> ids;
    const json list = daemon->ctlJson({"list"});
    for (const json& snapshot : list["snapshots"]) {
        ids.push_back(snapshot["id"].dump());
    }
    return ids;
}

void LabTest::deleteAll() {
    Argv arguments{"delete", "-q"};
    const std::vector<std::string> ids = listed();
    arguments.insert(arguments.end(), ids.begin(), ids.end());
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

void LabTest::expectAgreementOf(const std::vector<const Daemon*>& all) const {
    OnServer recorded = before;
    for (const Daemon* const one : all) {
        // vfs_btrfs names a snapshot by the second of its creation.
        const json rows =
            one->sql("SELECT exposed, source_share || '/@GMT-' || strftime('%Y.%m.%d-%H.%M.%S', "
                     "created_us / 1000000, 'unixepoch') AS directory FROM shadow_copy "
                     "WHERE state = 'exposed'");
        for (const json& row : rows) {
            recorded.shares.push_back(row["exposed"]);
            recorded.subvolumes.push_back(row["directory"]);
        }
        EXPECT_EQ(one->sql("SELECT id, state FROM shadow_copy "
                           "WHERE state NOT IN ('deleted', 'failed', 'exposed')"),
                  json::array());
        EXPECT_EQ(one->sql("SELECT id, state FROM shadow_copy_set "
                           "WHERE state NOT IN ('settled', 'complete')"),
                  json::array());
        EXPECT_EQ(one->sql("SELECT id, state FROM job WHERE ended_us IS NULL"), json::array());
    }
    OnServer found = lookAt(lab());
    for (std::vector<std::string>* const names :
         {&recorded.shares, &recorded.subvolumes, &found.shares, &found.subvolumes}) {
        std::sort(names->begin(), names->end());
    }
    EXPECT_EQ(found, recorded);
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

bool LabTest::waitUntilRecovered(std::chrono::seconds limit) const {
    const auto noneIsDeleting = [this] {
        return daemon->sql("SELECT id FROM shadow_copy WHERE state = 'deleting'").empty();
    };
    return waitFor(noneIsDeleting, limit) && waitUntilSettled(limit);
}

std::vector<std::int64_t> idsOf(const json& snapshots) {
    std::vector<std::int64_t> ids;
    for (const json& snapshot : snapshots) {
        ids.push_back(snapshot["id"].get<std::int64_t>());
    }
    return ids;
}

} // namespace fsrvp::test
