// SPDX-License-Identifier: GPL-3.0-or-later
// One snapshot of one share from its creation to its end, on a real server.
#include "tests/lab/lab_fixture.hpp"

#include <sys/stat.h>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Snapshots = LabTest;

bool rpcclientSees(const Lab& lab, const json& snapshot) {
    const RunResult result = lab.rpcclient(
        "fss_get_mapping " + snapshot["share"].get<std::string>() + " " +
        snapshot["set_id"].get<std::string>() + " " + snapshot["snapshot_id"].get<std::string>());
    return result.exitCode == 0 &&
           result.out.find(snapshot["exposed"].get<std::string>()) != std::string::npos;
}

TEST_F(Snapshots, AreMadeShownReadAndDeleted) {
    writeLive("data", "old\n");

    const json made = create({"data"})[0];
    writeLive("data", "new\n");

    EXPECT_THAT(lab().listShares(), ElementsAre(made["exposed"].get<std::string>()));
    EXPECT_EQ(readExposed(made["exposed"]), "old\n");
    EXPECT_EQ(readExposed("data"), "new\n");
    EXPECT_EQ(daemon->ctlJson({"list"})["snapshots"], json::array({made}));
    EXPECT_THAT(daemon->ctl({"list"}).out, HasSubstr(made["exposed"].get<std::string>()));

    EXPECT_EQ(daemon->ctl({"delete", "-q", "1"}).exitCode, 0) << daemon->log();

    expectNothingLeft();
    EXPECT_EQ(daemon->ctlJson({"list"})["snapshots"], json::array());
    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0]["state"], "deleted");
    EXPECT_EQ(daemon->ctlJson({"list", "--all"})["snapshots"][0]["state"], "deleted");
    EXPECT_THAT(daemon->ctl({"show", "1"}).out, HasSubstr("state: deleted\n"));
}

TEST_F(Snapshots, AreSeenByRpcclient) {
    const json made = create({"data"})[0];
    // Its worker of Samba's may be another than ours while our connection is open.
    ASSERT_TRUE(daemon->waitUntilIdle());

    EXPECT_TRUE(waitFor([&] { return rpcclientSees(lab(), made); }, std::chrono::seconds(5)));

    deleteAll();
    expectNothingLeft();
}

TEST_F(Snapshots, HaveTheSchemasKeysAsJson) {
    const json made = create({"data"}, {"-d", "before the update", "-l", "ticket=17"})[0];

    const json expected{{"id", 1},
                        {"snapshot_id", made["snapshot_id"]},
                        {"set_id", made["set_id"]},
                        {"server", "127.0.0.1:" + std::to_string(lab().port())},
                        {"share", "data"},
                        {"exposed", "data@{" + made["snapshot_id"].get<std::string>() + "}"},
                        {"created", made["created"]},
                        {"completed", made["completed"]},
                        {"context", "nas-rollback"},
                        {"writable", false},
                        {"state", "exposed"},
                        {"owner_uid", 0},
                        {"description", "before the update"},
                        {"labels", {{"ticket", "17"}}},
                        {"policy", nullptr},
                        {"protected", false},
                        {"holds", 0},
                        {"remains", ""},
                        {"mount_points", json::array()},
                        {"absent_mount_points", json::array()}};
    EXPECT_EQ(made, expected);
    EXPECT_THAT(made["created"].get<std::string>(),
                testing::MatchesRegex("20..-..-..T..:..:..\\.......Z"));
    EXPECT_EQ(daemon->ctlJson({"list"}), json({{"schema", 1}, {"snapshots", json::array({made})}}));
    EXPECT_EQ(daemon->ctlJson({"show", "1"}),
              json({{"schema", 1}, {"snapshots", json::array({made})}}));
    const json error = daemon->ctlJson({"show", "99"});
    EXPECT_EQ(error["schema"], 1);
    EXPECT_EQ(error["error"]["name"], "org.fsrvpd1.Error.NotFound");
    EXPECT_EQ(error["error"]["hresult"], nullptr);
    deleteAll();
}

TEST_F(Snapshots, AreAddressedByNumberGuidAndPrefix) {
    const json made = create({"data", "datab", "datac"});
    const std::string guid = made[1]["snapshot_id"];
    const std::string prefix = made[2]["snapshot_id"].get<std::string>().substr(0, 13);

    EXPECT_EQ(daemon->ctlJson({"show", "1"})["snapshots"][0], made[0]);
    EXPECT_EQ(daemon->ctlJson({"show", "{" + guid + "}"})["snapshots"][0], made[1]);
    EXPECT_EQ(daemon->ctlJson({"show", prefix})["snapshots"][0], made[2]);

    const json deleted = daemon->ctlJson({"delete", "1", guid, prefix});

    EXPECT_EQ(idsOf(deleted["snapshots"]), (std::vector<std::int64_t>{1, 2, 3}));
    expectNothingLeft();
}

TEST_F(Snapshots, AreNotDeletedWhenOneOfTheNamesIsWrong) {
    create({"data", "datab"});
    EXPECT_EQ(daemon->ctl({"delete", "-q", "1"}).exitCode, 0);

    EXPECT_EQ(daemon->ctl({"delete", "-q", "2", "1"}).exitCode, 3);
    EXPECT_EQ(daemon->ctlJson({"list"})["snapshots"].size(), 1U);

    EXPECT_EQ(daemon->ctl({"delete", "-q", "2", "2"}).exitCode, 0);
    expectNothingLeft();
}

class OddShares : public LabTest, public testing::WithParamInterface<const char*> {};

TEST_P(OddShares, HaveSnapshots) {
    const std::string share = GetParam();
    writeLive(share, "old\n");

    const json made = create({share})[0];
    writeLive(share, "new\n");

    EXPECT_EQ(made["share"], share);
    EXPECT_THAT(made["exposed"].get<std::string>(), testing::StartsWith(share + "@{"));
    EXPECT_EQ(readExposed(made["exposed"]), "old\n");
    EXPECT_THAT(lab().listShares(), ElementsAre(made["exposed"].get<std::string>()));
    deleteAll();
    expectNothingLeft();
}

INSTANTIATE_TEST_SUITE_P(Names, OddShares, testing::Values("my data", "süß日", "hid$", "shell"));

TEST_F(Snapshots, OfHiddenSharesAreHidden) {
    const json made = create({"hid$"})[0];

    EXPECT_THAT(made["exposed"].get<std::string>(), testing::EndsWith("}$"));
    deleteAll();
}

TEST_F(Snapshots, OfAShareInAnotherCaseAreOfThatShare) {
    const json made = create({"DATA"})[0];

    EXPECT_THAT(lab().listShares(), ElementsAre(made["exposed"].get<std::string>()));
    EXPECT_EQ(daemon->ctlJson({"list", unc("data")})["snapshots"], json::array({made}));
    EXPECT_EQ(daemon->ctlJson({"list", unc("datab")})["snapshots"], json::array());
    deleteAll();
    expectNothingLeft();
}

class Contexts : public LabTest, public testing::WithParamInterface<const char*> {};

TEST_P(Contexts, AreTakenByTheServer) {
    const json made = create({"data"}, {"--context", GetParam()})[0];

    EXPECT_EQ(made["context"], GetParam());
    EXPECT_EQ(made["writable"], false);
    EXPECT_THAT(lab().smbclient(made["exposed"], "mkdir made").out,
                HasSubstr("NT_STATUS_MEDIA_WRITE_PROTECTED"));
    deleteAll();
    expectNothingLeft();
}

INSTANTIATE_TEST_SUITE_P(
    Each,
    Contexts,
    testing::Values("nas-rollback", "app-rollback", "file-share-backup", "backup"),
    [](const auto& row) {
        std::string name = row.param;
        std::erase(name, '-');
        return name;
    });

TEST_F(Contexts, ReadWriteSnapshotsCanBeWritten) {
    const json made = create({"data"}, {"--rw"})[0];

    EXPECT_EQ(made["writable"], true);
    const RunResult written = lab().smbclient(made["exposed"], "mkdir made; rmdir made");
    EXPECT_EQ(written.exitCode, 0) << written.out;
    EXPECT_THAT(written.out, Not(HasSubstr("NT_STATUS")));
    deleteAll();
    expectNothingLeft();
}

TEST_F(Contexts, UnknownOnesAreRefusedBeforeTheServerIsAsked) {
    const RunResult result =
        daemon->ctl({"create", "-q", "--no-mount", "--context", "other", unc("data")});

    EXPECT_EQ(result.exitCode, 2) << result.err;
    EXPECT_THAT(daemon->agents(), IsEmpty());
    expectNothingLeft();
}

TEST_F(Snapshots, AreMadeWithoutWaiting) {
    const RunResult begun = daemon->ctl({"create", "-q", "--no-mount", "--no-block", unc("data")});

    EXPECT_EQ(begun.out, "1\n");
    EXPECT_TRUE(waitFor(
        [this] {
            return daemon->ctlJson({"job", "show", "1"})["jobs"][0]["state"] == "done";
        },
        std::chrono::seconds(10)));
    EXPECT_EQ(daemon->ctlJson({"job", "show", "1"})["jobs"][0]["ids"], json::array({1}));
    deleteAll();
}

} // namespace
} // namespace fsrvp::test
