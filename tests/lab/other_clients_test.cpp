// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpd is not alone: other FSRVP clients, and administrators with tools of their own.
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "tests/lab/lab_fixture.hpp"
#include "tests/support/agent_client.hpp"

#include <csignal>
#include <regex>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// What rpcclient has made; it prints one line "data(GUID): share data@{GUID} exposed…".
struct Foreign {
    std::string set;
    std::string copy;
};

class OtherClients : public LabTest {
  protected:
    /// Of share `datac`, by rpcclient. A connection that ended just before may be in its way.
    Foreign createByRpcclient() {
        Foreign made;
        EXPECT_TRUE(waitFor(
            [&] {
                const RunResult result = lab().rpcclient("fss_create_expose nas_rollback ro datac");
                const std::regex guids("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
                std::vector<std::string> found;
                for (std::sregex_iterator it(result.out.begin(), result.out.end(), guids), end;
                     it != end;
                     ++it) {
                    found.push_back(it->str());
                }
                if (result.exitCode == 0 && found.size() >= 2) {
                    made = {found.front(), found.back()};
                }
                said = result.out + result.err;
                return result.exitCode == 0 && found.size() >= 2;
            },
            seconds(10)))
            << said;
        return made;
    }

    /// The connection of another client is gone, its set is not.
    static SetOnly startSetAndDie() {
        AgentClient other;
        other.connect(lab());
        SetContext::In context;
        context.context = 0x19;
        EXPECT_EQ(other.call<SetContext>(context).hresult, hresult::kOk);
        StartShadowCopySet::In start;
        start.clientShadowCopySetId = Guid::random();
        const auto started = other.call<StartShadowCopySet>(start);
        EXPECT_EQ(started.hresult, hresult::kOk);
        other.kill();
        SetOnly set;
        set.shadowCopySetId = started.out.shadowCopySetId;
        return set;
    }

    /// Samba gives a connection to another worker, which does not know the set, while the one that
    /// has it has not noticed that its last client is gone.
    static bool abortSet(const SetOnly& set) {
        return waitFor(
            [&set] {
                AgentClient client;
                client.connect(lab());
                return client.call<AbortShadowCopySet>(set).hresult == hresult::kOk;
            },
            seconds(20));
    }

    bool waitForPhase(const std::string& phase) const {
        return waitFor(
            [&] {
                return daemon->ctlJson({"job", "show", "1"})["jobs"][0]["phase"] == phase;
            },
            seconds(10));
    }

    std::string said;
};

TEST_F(OtherClients, SnapshotsOfRpcclientAndOursLiveBesideEachOther) {
    const Foreign foreign = createByRpcclient();
    const std::vector<std::string> theirs = lab().listShares();
    ASSERT_EQ(theirs.size(), 1U) << said;

    const json ours = create({"data"})[0];
    EXPECT_THAT(lab().listShares(), Contains(theirs[0]));
    EXPECT_EQ(daemon->ctlJson({"list"})["snapshots"].size(), 1U);
    deleteAll();
    EXPECT_EQ(lab().listShares(), theirs);
    expectNothingRecorded();

    const json again = create({"data"})[0];
    ASSERT_TRUE(daemon->waitUntilIdle());
    EXPECT_TRUE(waitFor(
        [&] {
            const RunResult result =
                lab().rpcclient("fss_delete datac " + foreign.set + " " + foreign.copy);
            said = result.out + result.err;
            return lab().listShares() == std::vector{again["exposed"].get<std::string>()};
        },
        seconds(10)))
        << said;
    deleteAll();
    expectNothingLeft();
}

TEST_F(OtherClients, SetInProgressIsWaitedFor) {
    const SetOnly theirs = startSetAndDie();

    const auto creating = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(waitForPhase("wait"));
    EXPECT_FALSE(creating->wait(std::chrono::milliseconds(0)));
    EXPECT_TRUE(abortSet(theirs));

    EXPECT_EQ(creating->wait(seconds(60)), 0) << creating->err() << daemon->log();
    deleteAll();
    expectNothingLeft();
}

TEST_F(OtherClients, SetInProgressIsNamedWhenTheJobsTimeIsOver) {
    const SetOnly theirs = startSetAndDie();

    const RunResult result =
        daemon->ctl({"create", "-q", "--no-mount", "--timeout", "2s", unc("data")});

    EXPECT_EQ(result.exitCode, 7) << result.err;
    EXPECT_THAT(result.err, HasSubstr("0x80042316"));
    EXPECT_THAT(result.err, HasSubstr("another shadow copy set is being created"));
    expectNothingLeft();
    EXPECT_TRUE(abortSet(theirs));
}

TEST_F(OtherClients, JobThatWaitsCanBeCancelled) {
    const SetOnly theirs = startSetAndDie();
    const auto creating = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(waitForPhase("wait"));

    EXPECT_EQ(daemon->ctl({"job", "cancel", "1"}).exitCode, 0);

    EXPECT_EQ(creating->wait(seconds(5)), 10) << creating->err();
    EXPECT_EQ(daemon->ctlJson({"job", "show", "1"})["jobs"][0]["state"], "cancelled");
    expectNothingLeft();
    EXPECT_TRUE(abortSet(theirs));
}

TEST_F(OtherClients, InterruptedFsrvpctlCancelsItsJob) {
    lab().freeze();
    const auto creating = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(waitFor([this] { return !daemon->agents().empty(); }, seconds(5)));
    creating->kill(SIGINT);

    EXPECT_EQ(creating->wait(seconds(5)), 10) << creating->err();
    lab().thaw();
    expectNothingLeft();
}

using ByHand = LabTest;

TEST_F(ByHand, ExposedShareRemovedOnTheServerIsDeletedAllTheSame) {
    const json made = create({"data"})[0];
    lab().net({"conf", "delshare", made["exposed"].get<std::string>()});

    deleteAll();

    expectNothingLeft();
    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "deleted");
}

TEST_F(ByHand, SnapshotRemovedOnTheServerIsDeletedAllTheSame) {
    const json made = create({"data"})[0];
    const std::vector<std::string> all = lab().subvolumes();
    ASSERT_EQ(all.size(), before.subvolumes.size() + 1);
    const std::filesystem::path path = lab().sharePath("data").parent_path() / all.back();
    const RunResult removed = run({"btrfs", "subvolume", "delete", path});
    ASSERT_EQ(removed.exitCode, 0) << removed.err;

    deleteAll();

    expectNothingLeft();
    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "deleted");
    EXPECT_EQ(daemon->ctl({"delete", "-q", "1"}).exitCode, 3);
}

TEST_F(ByHand, RestartedServerStillKnowsItsSnapshots) {
    create({"data"});
    ASSERT_TRUE(daemon->waitUntilIdle());
    lab().restartSmbd();

    deleteAll();

    expectNothingLeft();
}

/// Two hosts with an fsrvpd each. Samba may give each a worker of its own; what one of these has
/// written over of the other's is lost only when that other worker ends, after 60 idle seconds.
class TwoHosts : public LabTest {
  protected:
    void SetUp() override {
        LabTest::SetUp();
        other.emplace();
        other->writeLab(lab());
        other->start();
    }

    static std::unique_ptr<Process> startCreate(const Daemon& host, const Argv& sources) {
        Argv arguments{"create", "-q", "--no-mount"};
        arguments.insert(arguments.end(), sources.begin(), sources.end());
        return host.startCtl(arguments);
    }

    static std::unique_ptr<Process> startDelete(const Daemon& host) {
        Argv arguments{"delete", "-q"};
        const json list = host.ctlJson({"list"});
        for (const json& snapshot : list["snapshots"]) {
            arguments.push_back(snapshot["id"].dump());
        }
        return host.startCtl(arguments);
    }

    void expectBothSucceed(const std::unique_ptr<Process>& first,
                           const std::unique_ptr<Process>& second) {
        EXPECT_EQ(first->wait(seconds(200)), 0) << first->err() << daemon->log();
        EXPECT_EQ(second->wait(seconds(200)), 0) << second->err() << other->log();
        expectAgreementOf({&*daemon, &*other});
    }

    std::optional<Daemon> other;
};

TEST_F(TwoHosts, UseOneServerAtTheSameTime) {
    for (int round = 0; round < 3 && !HasFailure(); ++round) {
        const auto first = startCreate(*daemon, {unc("data"), unc("hid$")});
        const auto second = startCreate(*other, {unc("datab")});
        expectBothSucceed(first, second);
        const auto firstGone = startDelete(*daemon);
        const auto secondGone = startDelete(*other);
        expectBothSucceed(firstGone, secondGone);
    }
    expectServerAsBefore();
}

} // namespace
} // namespace fsrvp::test
