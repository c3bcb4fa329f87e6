// SPDX-License-Identifier: GPL-3.0-or-later
// What no client can prevent on a real Samba server: it is on record by the name that it has there,
// and goes from the record when the administrator has removed it.
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "tests/lab/lab_fixture.hpp"
#include "tests/support/agent_client.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

/// A lab and an fsrvpd for one test, with a proxy between them that can hold a call.
class Lost : public testing::Test {
  protected:
    /// Samba's idle workers end after three seconds instead of sixty.
    void begin(LabOptions options = {}) {
        options.settings.emplace_back("rpcd_fsrvp:idle_seconds = 3");
        lab.emplace(options);
        proxy.emplace(lab->port());
        before = lab->subvolumes();
        daemon.writeLab(
            *lab,
            {{"port", proxy->port()},
             {"timeouts", {{"connect_sec", 2}, {"call_sec", 10}, {"workers_end_sec", 6}}}});
        daemon.start();
    }

    static std::string unc(const std::string& share) { return "//127.0.0.1/" + share; }

    /// Opens the connection; it stays for two seconds.
    void warmUp() const {
        EXPECT_EQ(daemon.ctl({"create", "-q", "--no-mount", unc("plain")}).exitCode, 5);
    }

    /// "directory @GMT-… in share data" of each snapshot on the server's disk.
    std::vector<std::string> onDisk() const {
        std::vector<std::string> found;
        for (const std::string& path : lab->subvolumes()) {
            if (std::find(before.begin(), before.end(), path) == before.end()) {
                const std::size_t slash = path.find('/');
                found.push_back("directory " + path.substr(slash + 1) + " in share " +
                                path.substr(0, slash));
            }
        }
        std::sort(found.begin(), found.end());
        return found;
    }

    /// What the records name.
    std::vector<std::string> named() const {
        std::vector<std::string> found;
        const json list = daemon.ctlJson({"list"});
        for (const json& snapshot : list["snapshots"]) {
            EXPECT_EQ(snapshot["state"], "lost-on-server");
            found.push_back(snapshot["remains"]);
        }
        std::sort(found.begin(), found.end());
        return found;
    }

    bool logHas(const std::string& text) const {
        for (const auto& entry : std::filesystem::directory_iterator(lab->dir() / "log")) {
            if (!entry.is_regular_file()) {
                continue;
            }
            std::ifstream file(entry.path());
            const std::string all{std::istreambuf_iterator<char>(file), {}};
            if (all.find(text) != std::string::npos) {
                return true;
            }
        }
        return false;
    }

    void removeFromDisk() const {
        const std::filesystem::path mount = lab->sharePath("data").parent_path();
        for (const std::string& path : lab->subvolumes()) {
            if (std::find(before.begin(), before.end(), path) == before.end()) {
                EXPECT_EQ(run({"btrfs", "subvolume", "delete", mount / path}).exitCode, 0) << path;
            }
        }
    }

    void removeShares() const {
        for (const std::string& share : lab->listShares()) {
            lab->net({"conf", "delshare", share});
        }
    }

    /// Samba's workers write what they know: one that was there before ours forgets it for all.
    static void storeWithoutOurs(AgentClient& other) {
        SetContext::In context;
        context.context = 0x19;
        EXPECT_EQ(other.call<SetContext>(context).hresult, hresult::kOk);
        StartShadowCopySet::In start;
        start.clientShadowCopySetId = Guid::random();
        SetOnly set;
        set.shadowCopySetId = other.call<StartShadowCopySet>(start).out.shadowCopySetId;
        EXPECT_EQ(other.call<AbortShadowCopySet>(set).hresult, hresult::kOk);
        other.kill();
    }

    /// Each id deletes once nothing of it is on the server.
    void expectDeletable() const {
        Argv arguments{"delete", "-q"};
        const json list = daemon.ctlJson({"list"});
        for (const json& snapshot : list["snapshots"]) {
            arguments.push_back(snapshot["id"].dump());
        }
        const RunResult deleted = daemon.ctl(arguments, seconds(200));
        EXPECT_EQ(deleted.exitCode, 0) << deleted.err << daemon.log();
        EXPECT_EQ(daemon.ctlJson({"list"})["snapshots"], json::array());
    }

    void expectThatADeleteNamesTheShare() {
        const RunResult deleted = daemon.ctl({"delete", "-q", "1"}, seconds(200));

        EXPECT_EQ(deleted.exitCode, 1) << deleted.err << daemon.log();
        const std::vector<std::string> shares = lab->listShares();
        ASSERT_EQ(shares.size(), 1U);
        EXPECT_EQ(named(), std::vector{"share " + shares[0]});
        EXPECT_THAT(deleted.err, HasSubstr("net conf delshare '" + shares[0] + "'"));
        EXPECT_EQ(daemon.ctlJson({"show", "1"})["snapshots"][0]["remains"], "share " + shares[0]);
        removeShares();
        removeFromDisk();
        expectDeletable();
    }

    std::optional<Lab> lab;
    std::optional<TcpProxy> proxy;
    std::vector<std::string> before;
    Daemon daemon;
};

/// A server whose sequence timer runs out after the commit of a set of ours.
class LostToTheTimer : public Lost {
  protected:
    void SetUp() override {
        LabOptions options;
        options.sequenceTimeout = seconds(2);
        options.settings.emplace_back("log level = 3");
        begin(std::move(options));
    }

    std::unique_ptr<Process> createUntilTheTimerRanOut() {
        warmUp();
        proxy->holdReply(6); // of CommitShadowCopySet
        auto creating = daemon.startCtl({"create", "-q", "--no-mount", unc("data")});
        EXPECT_TRUE(proxy->waitUntilHeld());
        EXPECT_EQ(onDisk().size(), 1U);
        EXPECT_TRUE(waitFor([this] { return logHas("FSRVP msg seq timeout fired"); }, seconds(10)));
        return creating;
    }

    /// Snapshot 1, of which another client has the set forgotten. Gives what the create says.
    std::string lose() {
        AgentClient other;
        other.connect(*lab);
        const auto creating = createUntilTheTimerRanOut();
        storeWithoutOurs(other);
        proxy->letGo();
        EXPECT_EQ(creating->wait(seconds(120)), 3) << creating->err() << daemon.log();
        EXPECT_EQ(onDisk().size(), 1U);
        return creating->err();
    }

    RunResult forgetMissing() const {
        return daemon.ctl({"reconcile", "-q", "--forget-missing"}, seconds(120));
    }
};

TEST_F(LostToTheTimer, SnapshotIsDeletedByAWorkerThatReadsItsSetAnew) {
    const auto creating = createUntilTheTimerRanOut();
    proxy->letGo();

    EXPECT_EQ(creating->wait(seconds(120)), 3) << creating->err() << daemon.log();

    EXPECT_THAT(creating->err(), HasSubstr("ExposeShadowCopySet"));
    EXPECT_THAT(creating->err(), testing::Not(HasSubstr("left on")));
    EXPECT_EQ(onDisk(), std::vector<std::string>());
    EXPECT_EQ(named(), std::vector<std::string>());
}

TEST_F(LostToTheTimer, SnapshotIsNamedWhenAnotherClientHasItsSetForgotten) {
    const std::string error = lose();

    EXPECT_THAT(error, HasSubstr("ExposeShadowCopySet"));
    EXPECT_THAT(error, HasSubstr(": " + onDisk()[0]));
    EXPECT_THAT(error, HasSubstr("btrfs subvolume delete @GMT-"));
    EXPECT_EQ(named(), onDisk());
    const RunResult check = daemon.ctl({"check", unc("data")});
    EXPECT_EQ(check.exitCode, 0) << check.err;
    EXPECT_THAT(check.out, HasSubstr("snapshot 1: " + onDisk()[0]));

    EXPECT_EQ(daemon.ctl({"delete", "-q", "1"}).exitCode, 1) << "it is there yet";
    EXPECT_EQ(named(), onDisk());
    removeFromDisk();
    expectDeletable();
}

TEST_F(LostToTheTimer, SnapshotIsForgottenByReconcileOnceItIsRemovedByHand) {
    lose();

    const RunResult there = forgetMissing();
    EXPECT_EQ(there.exitCode, 6) << there.out << there.err;
    EXPECT_EQ(named(), onDisk());

    removeFromDisk();
    const RunResult gone = forgetMissing();
    EXPECT_EQ(gone.exitCode, 0) << gone.out << gone.err << daemon.log();
    EXPECT_EQ(daemon.ctlJson({"list"})["snapshots"], json::array());
    EXPECT_EQ(daemon.ctl({"reconcile", "-q"}).exitCode, 0);
}

TEST_F(Lost, SnapshotsOfACommitThatFailedHalfWayAreNamed) {
    begin();
    warmUp();
    proxy->holdRequest(10); // three shares are asked for and added; this is CommitShadowCopySet
    const auto creating =
        daemon.startCtl({"create", "-q", "--no-mount", unc("data"), unc("datab"), unc("datac")});
    ASSERT_TRUE(proxy->waitUntilHeld());
    const std::filesystem::path datab = lab->sharePath("datab");
    ASSERT_EQ(run({"btrfs", "property", "set", datab, "ro", "true"}).exitCode, 0);
    ASSERT_TRUE(onDisk().empty());
    proxy->letGo();

    EXPECT_EQ(creating->wait(seconds(60)), 1) << creating->err() << daemon.log();

    ASSERT_EQ(run({"btrfs", "property", "set", datab, "ro", "false"}).exitCode, 0);
    EXPECT_THAT(creating->err(), HasSubstr("CommitShadowCopySet"));
    EXPECT_GE(onDisk().size(), 2U);
    EXPECT_EQ(named(), onDisk());
    EXPECT_EQ(daemon.sql("SELECT id FROM shadow_copy WHERE state = 'failed' AND "
                         "source_share <> 'datab'"),
              json::array());
    removeFromDisk();
    expectDeletable();
    EXPECT_EQ(daemon.ctl({"create", "-q", "--no-mount", unc("data")}).exitCode, 0);
}

TEST_F(Lost, ShareOfASetThatAnotherClientMadeTheServerForgetIsNamed) {
    begin();
    AgentClient other;
    other.connect(*lab);
    EXPECT_EQ(daemon.ctl({"create", "-q", "--no-mount", unc("data")}).exitCode, 0);
    ASSERT_TRUE(daemon.waitUntilIdle());
    storeWithoutOurs(other);

    expectThatADeleteNamesTheShare();
}

// Its lock directory is in /run, as Debian's is.
TEST_F(Lost, ShareOfASetThatTheServerForgotInARebootIsNamed) {
    begin();
    EXPECT_EQ(daemon.ctl({"create", "-q", "--no-mount", unc("data")}).exitCode, 0);
    ASSERT_TRUE(daemon.waitUntilIdle());
    ASSERT_TRUE(std::filesystem::remove(lab->dir() / "lock/srv_fss.tdb"));
    lab->restartSmbd();

    expectThatADeleteNamesTheShare();
}

// Samba writes an Expose to two files, one after the other. With only the first on the disk it does
// not know that it has exposed the set, and can't do it again.
TEST_F(Lost, ShareOfAnExposeThatAPowerLossCutInTwoIsNamed) {
    begin();
    warmUp();
    proxy->holdRequest(7); // of ExposeShadowCopySet
    const auto creating = daemon.startCtl({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(proxy->waitUntilHeld());
    const std::filesystem::path state = lab->dir() / "lock/srv_fss.tdb";
    const std::filesystem::path older = lab->dir() / "older.tdb";
    std::filesystem::copy_file(state, older);
    proxy->letRequestGo();
    ASSERT_TRUE(proxy->waitUntilHeld());
    const std::vector<std::string> shares = lab->listShares();
    ASSERT_EQ(shares.size(), 1U);
    std::filesystem::rename(older, state);
    lab->restartSmbd();
    proxy->cut();

    EXPECT_EQ(creating->wait(seconds(120)), 9) << creating->err() << daemon.log();

    EXPECT_EQ(named(), std::vector{"share " + shares[0]});
    EXPECT_THAT(creating->err(), HasSubstr("net conf delshare '" + shares[0] + "'"));
    EXPECT_EQ(daemon.ctl({"delete", "-q", "1"}).exitCode, 1) << "it is there yet";
    const RunResult reconciled = daemon.ctl({"reconcile"});
    EXPECT_EQ(reconciled.exitCode, 6) << reconciled.err;
    EXPECT_THAT(reconciled.out, HasSubstr("net conf delshare '" + shares[0] + "'"));
    EXPECT_EQ(named(), std::vector{"share " + shares[0]});
    removeShares();
    expectDeletable();
    EXPECT_TRUE(onDisk().empty());
    EXPECT_EQ(daemon.ctl({"create", "-q", "--no-mount", unc("data")}).exitCode, 0);
}

} // namespace
} // namespace fsrvp::test
