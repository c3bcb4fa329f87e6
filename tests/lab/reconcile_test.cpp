// SPDX-License-Identifier: GPL-3.0-or-later
// What is on record against what a real server has, after somebody else had his hands on it.
#include "tests/lab/lab_fixture.hpp"

#include <regex>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

// Over the 66 s until a set counts as unknown.
constexpr seconds kLong{200};

class Reconcile : public LabTest {
  protected:
    /// "1 ok, 0 foreign", of all that is found.
    static std::string statuses(const json& document) {
        std::string text;
        for (const json& finding : document.value("findings", json::array())) {
            text += (text.empty() ? "" : ", ") + finding["id"].dump() + " " +
                    finding["status"].get<std::string>();
        }
        return text;
    }

    json reconcile(Argv arguments, int exitCode) {
        arguments.insert(arguments.begin(), {"reconcile", "-q", "--json"});
        const RunResult result = daemon->ctl(arguments, kLong);
        EXPECT_EQ(result.exitCode, exitCode) << result.out << result.err << daemon->log();
        return json::parse(result.out);
    }

    static std::string net(Argv arguments) {
        arguments.insert(arguments.begin(), "conf");
        const std::string said = lab().net(arguments);
        return said.substr(0, said.find('\n'));
    }

    /// As an administrator does.
    static void removeShare(const std::string& exposed) { net({"delshare", exposed}); }

    static void removeSubvolume(const std::string& path) {
        const RunResult result = run({"btrfs", "subvolume", "delete", path});
        EXPECT_EQ(result.exitCode, 0) << result.err;
    }

    static std::string pathOf(const std::string& exposed) {
        return net({"getparm", exposed, "path"});
    }

    /// The server forgets all sets: its file is gone.
    static void wipeSambasState() {
        std::size_t removed = 0;
        for (const char* const directory : {"lock", "state", "cache", "private"}) {
            removed += std::filesystem::remove(lab().dir() / directory / "srv_fss.tdb") ? 1 : 0;
        }
        EXPECT_EQ(removed, 1U);
        lab().restartSmbd();
    }

    /// By rpcclient, of share `datac`; a connection that ended just before may be in its way.
    struct Theirs {
        std::string set;
        std::string exposed;
    };

    Theirs createByRpcclient() {
        Theirs made;
        std::string said;
        EXPECT_TRUE(waitFor(
            [&] {
                const RunResult result = lab().rpcclient("fss_create_expose nas_rollback ro datac");
                said = result.out + result.err;
                std::smatch guid;
                const std::regex pattern("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
                if (result.exitCode != 0 || !std::regex_search(result.out, guid, pattern)) {
                    return false;
                }
                made.set = guid.str();
                return true;
            },
            seconds(10)))
            << said;
        for (const std::string& share : lab().listShares()) {
            made.exposed = share.starts_with("datac@") ? share : made.exposed;
        }
        return made;
    }
};

TEST_F(Reconcile, FindsAllAsRecorded) {
    create({"data", "hid$", "süß日"});

    EXPECT_EQ(statuses(reconcile({}, 0)), "1 ok, 2 ok, 3 ok");
    EXPECT_EQ(daemon->ctl({"reconcile", "-q"}).out, "3 ok\n");

    deleteAll();
    expectNothingLeft();
}

TEST_F(Reconcile, FindsASnapshotWhoseShareWasRemovedByHand) {
    const json made = create({"data", "datab"});
    removeShare(made[0]["exposed"]);

    const json found = reconcile({}, 6);

    ASSERT_EQ(statuses(found), "1 unshared, 2 ok");
    EXPECT_THAT(found["findings"][0]["hint"].get<std::string>(), HasSubstr("fsrvpctl delete 1"));
    deleteAll();
    expectNothingLeft();
}

TEST_F(Reconcile, TellsWhatIsGoneFromWhatIsLeftWhenTheServerLostItsState) {
    const json made = create({"data", "datab"});
    const std::string gone = pathOf(made[0]["exposed"]);
    const std::string left = pathOf(made[1]["exposed"]);
    ASSERT_TRUE(daemon->waitUntilIdle());
    removeShare(made[0]["exposed"]);
    removeSubvolume(gone);
    wipeSambasState();

    const json found = reconcile({"--forget-missing"}, 6);

    ASSERT_EQ(statuses(found), "1 forgotten, 2 lost-on-server");
    EXPECT_THAT(found["findings"][1]["hint"].get<std::string>(),
                HasSubstr("net conf delshare '" + made[1]["exposed"].get<std::string>() + "'"));
    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "deleted");
    EXPECT_EQ(daemon->ctlJson({"show", "2"})["snapshots"][0]["state"], "lost-on-server");

    // The administrator does as he is told.
    removeShare(made[1]["exposed"]);
    removeSubvolume(left);
    EXPECT_EQ(statuses(reconcile({"--forget-missing"}, 0)), "2 forgotten");
    expectNothingLeft();
}

TEST_F(Reconcile, AdoptsWhatAnotherClientMadeAndDeletesIt) {
    const Theirs theirs = createByRpcclient();
    const std::string share = unc(theirs.exposed);

    EXPECT_EQ(statuses(reconcile({lab().host()}, 0)), "0 foreign");
    const RunResult refused = daemon->ctl({"delete", "-q", share});
    EXPECT_EQ(refused.exitCode, 3);
    EXPECT_THAT(refused.err, HasSubstr("net conf delshare '" + theirs.exposed + "'"));
    EXPECT_EQ(daemon->ctl({"reconcile", "-q", "--adopt", share}).exitCode, 5) << "without its set";

    EXPECT_EQ(statuses(reconcile({"--adopt", share, "--set", theirs.set}, 0)), "1 adopted");

    EXPECT_EQ(daemon->ctlJson({"list", unc("datac")})["snapshots"].size(), 1U);
    EXPECT_EQ(statuses(reconcile({}, 0)), "1 ok");
    EXPECT_EQ(daemon->ctl({"delete", "-q", share}).exitCode, 0) << daemon->log();
    expectNothingLeft();
}

TEST_F(Reconcile, AdoptsItsOwnAfterItsStateDirectoryWasLost) {
    const json made = create({"data"})[0];
    daemon->stop();
    std::filesystem::remove_all(daemon->database().parent_path());
    daemon->start();
    EXPECT_THAT(daemon->ctlJson({"list"})["snapshots"], IsEmpty());
    EXPECT_EQ(statuses(reconcile({lab().host()}, 0)), "0 foreign");

    reconcile({"--adopt", unc(made["exposed"]), "--set", made["set_id"]}, 0);

    const json back = daemon->ctlJson({"show", "1"})["snapshots"][0];
    for (const char* const key :
         {"snapshot_id", "set_id", "server", "share", "exposed", "created"}) {
        EXPECT_EQ(back[key], made[key]) << key;
    }
    deleteAll();
    expectNothingLeft();
}

TEST_F(Reconcile, SeesEveryShareOfAServerThatHasThousands) {
    constexpr int kMany = 1500;
    // Samba needs its time for them, also for each new session.
    daemon->stop();
    daemon->writeLab(lab(), {{"timeouts", {{"connect_sec", 60}, {"call_sec", 60}}}});
    daemon->start();
    create({"data"});
    const std::filesystem::path few = lab().dir() / "few.conf";
    const std::filesystem::path many = lab().dir() / "many.conf";
    const std::string ours = lab().net({"conf", "list"});
    std::ofstream(few) << ours;
    std::ofstream text(many);
    text << ours;
    for (int i = 0; i < kMany; ++i) {
        const std::string number = std::to_string(1'000'000 + i);
        text << "[data@{00000000-0000-4000-8000-000000" << number.substr(1)
             << "}]\npath = " << lab().sharePath("data").string() << "\n";
    }
    text.close();
    net({"import", many});

    const json found = reconcile({"--timeout", "150"}, 0).value("findings", json::array());

    ASSERT_EQ(found.size(), kMany + 1U);
    EXPECT_EQ(found[0]["status"], "ok");
    EXPECT_EQ(found[kMany]["status"], "foreign");
    EXPECT_EQ(found[kMany]["share"], "data@{00000000-0000-4000-8000-000000001499}");
    net({"import", few});
    deleteAll();
    expectNothingLeft();
}

class ReconcileTwoServers : public Reconcile {
  protected:
    void SetUp() override {
        Reconcile::SetUp();
        daemon->stop();
        // The lab's own file goes with it.
        const std::filesystem::path credentials = daemon->configDir() / "second.credentials";
        std::filesystem::copy_file(second->credentialsFile(), credentials);
        daemon->writeServer({{"hosts", {"localhost"}},
                             {"port", second->port()},
                             {"credentials_file", credentials},
                             {"timeouts", {{"connect_sec", 2}}}},
                            "second");
        daemon->start();
    }

    std::optional<Lab> second{std::in_place};
};

TEST_F(ReconcileTwoServers, AnswersForTheOneThatIsThere) {
    daemon->ctlJson({"create", "--no-mount", unc("data"), "//localhost/data"});
    const std::string ours = daemon->ctlJson({"list", unc("data")})["snapshots"][0]["id"].dump();
    second.reset();

    const json found = reconcile({}, 6);

    ASSERT_EQ(statuses(found), ours + " ok");
    EXPECT_THAT(found["error"]["message"].get<std::string>(), HasSubstr("localhost"));
    EXPECT_EQ(statuses(reconcile({lab().host()}, 0)), ours + " ok");
    EXPECT_EQ(daemon->ctl({"reconcile", "-q", "localhost"}).exitCode, 9);
    EXPECT_EQ(daemon->ctl({"delete", "-q", ours}).exitCode, 0);
    expectServerAsBefore();
}

} // namespace
} // namespace fsrvp::test
