// SPDX-License-Identifier: GPL-3.0-or-later
// The machine with fsrvpd and its server loses its power at a random moment of creates, mounts,
// unmounts and deletes, again and again on the same disk; after each the server must have what is
// on record, and nothing else. FSRVP_SEED repeats a run, FSRVP_POWER_LOSSES says how many there
// are.
#include "tests/guest/support/mount_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using testing::IsEmpty;

constexpr std::string_view kSnapshotMark = "@GMT-";
constexpr int kSomeAreLost = 6; // exit status Partial

unsigned long fromEnvironment(const char* name) {
    const char* const text = std::getenv(name);
    return text == nullptr ? 0 : std::strtoul(text, nullptr, 10);
}

/// Paths of the subvolumes that snapshots are.
std::set<std::string> snapshotsOnDisk() {
    std::set<std::string> found;
    for (const std::string& path : lookAtServer().subvolumes) {
        if (path.find(kSnapshotMark) != std::string::npos) {
            found.insert(path.substr(path.find("lab/") + 4));
        }
    }
    return found;
}

/// share/@GMT-2026.01.31-23.59.59, which vfs_btrfs makes of the server's time.
std::string pathOf(const json& snapshot) {
    const std::string created = snapshot.at("created"); // 2026-01-31T23:59:59.000000Z
    std::string time = created.substr(0, 19);
    std::replace(time.begin(), time.end(), 'T', '-');
    std::replace(time.begin(), time.begin() + 10, '-', '.');
    std::replace(time.begin() + 11, time.end(), ':', '.');
    return snapshot.at("share").get<std::string>() + "/" + std::string(kSnapshotMark) + time;
}

/// What `fsrvpctl --json` has under that key.
json listed(const std::string& key, Argv arguments) {
    json document = fsrvpctlJson(std::move(arguments));
    EXPECT_TRUE(document.contains(key)) << document;
    return document.value(key, json::array());
}

bool isIdle() {
    const json jobs = listed("jobs", {"job", "list"});
    return std::none_of(jobs.begin(), jobs.end(), [](const json& job) {
        return job["state"] == "queued" || job["state"] == "running";
    });
}

/// Btrfs forgets a deletion that was not on the disk yet. That is the server's to lose: the share
/// is gone, and FSRVP can't reach what has come back.
void removeWhatCameBack(std::set<std::string>& onDisk) {
    for (const json& snapshot : listed("snapshots", {"list", "--all"})) {
        const bool isGone = snapshot["state"] == "deleted" || snapshot["state"] == "failed";
        if (isGone && !snapshot["created"].is_null() && onDisk.erase(pathOf(snapshot)) != 0) {
            std::cout << "the server's disk has " << pathOf(snapshot) << " back\n";
            succeed({"btrfs", "subvolume", "delete", "/srv/lab/mnt/" + pathOf(snapshot)});
        }
    }
}

/// As the record says it to an administrator. Of a snapshot whose delete was under way, the share
/// may be gone and the directory not.
void removeByHand(const json& lost) {
    std::cout << "left on the server: " << lost["remains"] << "\n";
    const std::string exposed = lost["exposed"];
    const bool isShared = !exposed.empty() && lost["remains"] == "share " + exposed;
    if (isShared) {
        removeShare(exposed);
    }
    if (!lost["created"].is_null()) {
        const std::string path = pathOf(lost);
        const std::string share = lost["share"];
        const std::string directory =
            "directory " + path.substr(share.size() + 1) + " in share " + share;
        EXPECT_TRUE(isShared || lost["remains"] == directory) << lost;
        succeed({"btrfs", "subvolume", "delete", "/srv/lab/mnt/" + path});
    }
}

/// What Samba has done, and not written down when its power went, FSRVP can't reach: a snapshot
/// that it has made for a commit, or a share for an Expose; and all that there is when its power
/// goes while it writes, since it wipes the file before.
void removeWhatIsLost() {
    const RunResult reconciled = fsrvpctl({"reconcile", "-q"});
    EXPECT_THAT(reconciled.exitCode, testing::AnyOf(0, kSomeAreLost)) << reconciled.err;
    Argv deletion{"delete", "-q"};
    for (const json& snapshot : listed("snapshots", {"list"})) {
        if (snapshot["state"] == "lost-on-server") {
            removeByHand(snapshot);
            deletion.push_back(snapshot["id"].dump());
        }
    }
    if (deletion.size() > 2) {
        const RunResult deleted = fsrvpctl(deletion);
        EXPECT_EQ(deleted.exitCode, 0) << deleted.err;
    }
}

/// What a failure is understood by.
void tellAll() {
    std::cout << fsrvpctlJson({"list", "--all"}).dump(1) << "\n"
              << fsrvpctlJson({"job", "list"}).dump(1) << "\n"
              << run({"journalctl", "--no-pager", "-b", "-u", "fsrvpd"}).out;
}

void expectAgreement() {
    EXPECT_TRUE(waitFor(isIdle, 2 * kPatience));
    removeWhatIsLost();
    const OnServer server = lookAtServer();
    std::set<std::string> shares(server.shares.begin(), server.shares.end());
    std::set<std::string> onDisk = snapshotsOnDisk();
    for (const json& snapshot : listed("snapshots", {"list"})) {
        EXPECT_EQ(snapshot["state"], "exposed") << snapshot;
        EXPECT_EQ(shares.erase(snapshot["exposed"]), 1U) << snapshot;
        EXPECT_EQ(onDisk.erase(pathOf(snapshot)), 1U) << snapshot;
    }
    removeWhatCameBack(onDisk);
    EXPECT_THAT(shares, IsEmpty());
    EXPECT_THAT(onDisk, IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty("/run/fsrvpd/private"));
}

/// Of snapshots that stay: where a share shows a snapshot, fsrvpd knows that it shows all, and has
/// no doubt about what a commit may have left.
constexpr const char* kKept = "kept";

void createThoseThatStay() {
    for (const json& snapshot : listed("snapshots", {"list"})) {
        if (snapshot["description"] == kKept) {
            return;
        }
    }
    const RunResult kept = fsrvpctl({"create",
                                     "-q",
                                     "--no-mount",
                                     "--description",
                                     kKept,
                                     unc("data"),
                                     unc("datab"),
                                     unc("datac")});
    EXPECT_EQ(kept.exitCode, 0) << kept.err;
}

void createAndDelete() {
    EXPECT_EQ(fsrvpctl({"create", "-q", unc("data")}).exitCode, 0);
    EXPECT_EQ(fsrvpctl({"create", "-q", "--no-mount", unc("datab"), unc("datac")}).exitCode, 0);
    for (const json& snapshot : listed("snapshots", {"list"})) {
        if (snapshot["description"] != kKept) {
            EXPECT_EQ(fsrvpctl({"delete", "-q", snapshot["id"].dump()}).exitCode, 0);
        }
    }
}

/// How long that takes on this machine; measured once, since it differs by a factor of ten.
std::chrono::milliseconds durationOfOne() {
    const std::filesystem::path file = "/srv/duration";
    if (!std::filesystem::exists(file)) {
        const auto begin = std::chrono::steady_clock::now();
        createAndDelete();
        const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begin);
        writeFile(file, std::to_string(duration.count()));
        succeed({"sync", file});
    }
    return std::chrono::milliseconds(std::stoll(readFile(file)));
}

std::size_t countSnapshots(const std::string& share) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/srv/lab/mnt/" + share)) {
        count += entry.path().filename().string().starts_with(kSnapshotMark) ? 1 : 0;
    }
    return count;
}

/// Once the server has made or removed a snapshot, which it writes down a little later.
void awaitChange(const std::string& share, bool isMade) {
    std::size_t before = countSnapshots(share);
    waitFor(
        [&] {
            const std::size_t now = countSnapshots(share);
            const bool isThat = isMade ? now > before : now < before;
            before = now;
            return isThat;
        },
        kPatience);
}

/// The moment at which the power goes: mostly any of a create and delete, every other time one of
/// the worst.
std::function<void()> chooseMoment(unsigned long seed, std::chrono::milliseconds longest) {
    std::mt19937_64 random(seed + static_cast<unsigned long>(bootNumber()));
    std::cout << "seed " << seed << ": the power goes ";
    if (bootNumber() % 2 == 1) {
        const bool isMade = bootNumber() % 4 == 1;
        const std::string share = std::vector<std::string>{"data", "datab", "datac"}[random() % 3];
        std::cout << "when a snapshot of " << share << " was " << (isMade ? "made" : "removed")
                  << std::endl;
        return [share, isMade] { awaitChange(share, isMade); };
    }
    const std::chrono::milliseconds moment(
        std::uniform_int_distribution<std::int64_t>(0, longest.count())(random));
    std::cout << "after " << moment.count() << " ms of " << longest.count() << std::endl;
    return [moment] { std::this_thread::sleep_for(moment); };
}

void workUntilThePowerGoes(unsigned long seed) {
    createThoseThatStay();
    const std::function<void()> await = chooseMoment(seed, durationOfOne());
    expectPowerLoss();
    std::thread([await] {
        await();
        if (!testing::Test::HasFailure()) {
            losePower();
        }
    }).detach();
    while (!testing::Test::HasFailure()) {
        createAndDelete();
    }
}

class PowerLoss : public testing::Test {
  protected:
    void TearDown() override {
        if (HasFailure()) {
            tellAll();
        }
    }
};

TEST_F(PowerLoss, LeavesWhatIsOnRecordAndNothingElse) {
    const auto losses = static_cast<int>(fromEnvironment("FSRVP_POWER_LOSSES"));
    const unsigned long seed = fromEnvironment("FSRVP_SEED");
    ASSERT_GE(losses, 1);
    if (bootNumber() > 1) {
        expectAgreement();
    }
    if (bootNumber() <= losses && !HasFailure()) {
        workUntilThePowerGoes(seed);
        return;
    }
    for (const json& snapshot : listed("snapshots", {"list"})) {
        EXPECT_EQ(fsrvpctl({"delete", "-q", snapshot["id"].dump()}).exitCode, 0);
    }
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
    std::cout << "the power was lost " << losses << " times, seed " << seed << "\n";
}

} // namespace
} // namespace fsrvp::test::guest
