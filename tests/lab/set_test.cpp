// SPDX-License-Identifier: GPL-3.0-or-later
// Several snapshots: in one set, and of one share right after each other.
#include "tests/lab/lab_fixture.hpp"

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::UnorderedElementsAre;

using Sets = LabTest;

TEST_F(Sets, OfThreeSharesAreOneInstant) {
    const json made = create({"my data", "süß日", "hid$"});

    EXPECT_EQ(made[0]["set_id"], made[1]["set_id"]);
    EXPECT_EQ(made[0]["set_id"], made[2]["set_id"]);
    EXPECT_EQ(made[0]["created"], made[1]["created"]);
    EXPECT_EQ(made[0]["created"], made[2]["created"]);
    EXPECT_EQ(made[0]["completed"], made[2]["completed"]);
    EXPECT_THAT(lab().listShares(),
                UnorderedElementsAre(made[0]["exposed"].get<std::string>(),
                                     made[1]["exposed"].get<std::string>(),
                                     made[2]["exposed"].get<std::string>()));
    EXPECT_EQ(daemon->sql("SELECT id FROM shadow_copy_set").size(), 1U);
    deleteAll();
    expectNothingLeft();
}

TEST_F(Sets, KeepTheirOthersWhenOneIsDeleted) {
    const json made = create({"data", "datab"});

    EXPECT_EQ(daemon->ctl({"delete", "-q", "1"}).exitCode, 0);

    EXPECT_EQ(daemon->ctlJson({"list"})["snapshots"], json::array({made[1]}));
    EXPECT_EQ(lab().listShares(), std::vector{made[1]["exposed"].get<std::string>()});
    EXPECT_EQ(daemon->ctl({"delete", "-q", "2"}).exitCode, 0);
    expectNothingLeft();
}

TEST_F(Sets, WithOneShareThatCannotLeaveNothingOfTheOthers) {
    const RunResult result =
        daemon->ctl({"create", "-q", "--no-mount", unc("data"), unc("plain"), unc("datab")});

    EXPECT_EQ(result.exitCode, 5);
    EXPECT_THAT(result.err, testing::HasSubstr(unc("plain")));
    expectNothingLeft();
}

/// The suite's lab is 127.0.0.1, one more is localhost.
class TwoServers : public LabTest {
  protected:
    void SetUp() override {
        LabTest::SetUp();
        daemon->stop();
        daemon->writeServer({{"hosts", {"localhost"}},
                             {"port", second->port()},
                             {"credentials_file", second->credentialsFile()},
                             {"timeouts", {{"connect_sec", 2}}}},
                            "second");
        daemon->start();
    }

    std::optional<Lab> second{std::in_place};
};

TEST_F(TwoServers, HaveASetEachInOneJob) {
    const json made = daemon->ctlJson(
        {"create", "--no-mount", unc("data"), "//localhost/data", unc("datab")})["snapshots"];

    ASSERT_EQ(made.size(), 3U);
    EXPECT_EQ(lab().listShares().size(), 2U);
    EXPECT_EQ(second->listShares().size(), 1U);
    EXPECT_EQ(daemon->sql("SELECT id FROM shadow_copy_set").size(), 2U);
    EXPECT_EQ(daemon->sql("SELECT id FROM job").size(), 1U);
    deleteAll();
    expectNothingLeft();
    EXPECT_TRUE(second->listShares().empty());
}

TEST_F(TwoServers, OneThatIsAwayDoesNotKeepTheOther) {
    const json made =
        daemon->ctlJson({"create", "--no-mount", unc("data"), "//localhost/data"})["snapshots"];
    ASSERT_EQ(made.size(), 2U);
    ASSERT_TRUE(daemon->waitUntilIdle());
    second.reset();

    const RunResult created =
        daemon->ctl({"create", "-q", "--no-mount", unc("datab"), "//localhost/datab"});
    EXPECT_EQ(created.exitCode, 6) << created.err;
    EXPECT_THAT(created.out, testing::HasSubstr(unc("datab")));
    EXPECT_THAT(created.err, testing::HasSubstr("//localhost/datab"));

    const RunResult deleted = daemon->ctl({"delete", "--json", "1", "2", "3"});
    EXPECT_EQ(deleted.exitCode, 6);
    const json document = json::parse(deleted.out);
    EXPECT_EQ(document["snapshots"].size(), 2U);
    EXPECT_EQ(document["error"]["name"], "org.fsrvpd1.Error.Partial");
    expectServerAsBefore();
    const json list = daemon->ctlJson({"list"});
    ASSERT_EQ(list["snapshots"].size(), 1U);
    EXPECT_THAT(list["snapshots"][0]["server"].get<std::string>(),
                testing::StartsWith("localhost:"));
    EXPECT_EQ(list["snapshots"][0]["state"], "exposed");
}

using SameShare = LabTest;

TEST_F(SameShare, TwiceRightAfterEachOtherHasTwoSnapshots) {
    writeLive("data", "first\n");
    const json first = create({"data"})[0];
    writeLive("data", "second\n");
    const json second = create({"data"})[0];

    EXPECT_EQ(readExposed(first["exposed"]), "first\n");
    EXPECT_EQ(readExposed(second["exposed"]), "second\n");
    EXPECT_LT(first["created"], second["created"]);
    // The spacing did it, not a commit that failed.
    EXPECT_EQ(daemon->sql("SELECT id FROM shadow_copy_set").size(), 2U);
    deleteAll();
    expectNothingLeft();
}

TEST_F(SameShare, TwiceAtOnceHasTwoSnapshots) {
    const auto one = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});
    const auto other = daemon->startCtl({"create", "-q", "--no-mount", unc("data")});

    EXPECT_EQ(one->wait(std::chrono::seconds(20)), 0) << one->err();
    EXPECT_EQ(other->wait(std::chrono::seconds(20)), 0) << other->err();
    EXPECT_EQ(lab().listShares().size(), 2U);
    EXPECT_EQ(daemon->sql("SELECT id FROM shadow_copy_set").size(), 2U);
    deleteAll();
    expectNothingLeft();
}

TEST_F(SameShare, AcrossARestartHasTwoSnapshots) {
    create({"data"});
    daemon->stop();
    daemon->start();
    create({"data"});

    EXPECT_EQ(lab().listShares().size(), 2U);
    deleteAll();
    expectNothingLeft();
}

TEST_F(SameShare, InAnotherCaseIsSpacedToo) {
    create({"data"});
    create({"DATA"});

    EXPECT_EQ(daemon->sql("SELECT id FROM shadow_copy_set").size(), 2U);
    deleteAll();
}

} // namespace
} // namespace fsrvp::test
