// SPDX-License-Identifier: GPL-3.0-or-later

// A set that its server refuses to settle is given up, and what it leaves is named.

#include "tests/unit/daemon/jobs/lost_fixture.hpp"

#include <gmock/gmock.h>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using When = Failure::When;

class GivenUp : public LostTest {
  protected:
    /// A set that is recorded as committing and that the server does not settle.
    void SetUp() override {
        server.fail<CommitShadowCopySet>(Failure::drop(When::AfterActing));
        server.failTimes<ExposeShadowCopySet>(1000, Failure::result(hresult::kFail));
        EXPECT_EQ(errorName(*create({"//fs1/data"})), "Unreachable");
        EXPECT_EQ(attempts(), 1);
    }

    /// The settle job's attempt is the last.
    void giveUp() {
        while (run(store().countAttempt(1)) < 9) {
        }
        crash();
        start();
        run(manager().recover());
        ended(jobs().at(0));
        ASSERT_EQ(copyStates(), "lost-on-server");
    }

    int attempts() const {
        return std::stoi(column("SELECT CAST(attempts AS TEXT) FROM shadow_copy_set WHERE id = 1"));
    }

    FssServer& server = addServer("fs1", {"data"}, likeOurs());
};

TEST_F(GivenUp, OnlyAServerThatRefusesIsCounted) {
    server.clearFailures();
    server.refuseConnections(Errc::Unreachable, 3);
    crash();
    create({"//fs1/data"});
    EXPECT_EQ(attempts(), 1) << "it could not be asked";

    server.refuseConnections(Errc::Unreachable, 0);
    server.expireSequence();
    server.fail<StartShadowCopySet>(Failure::result(hresult::kSetInProgress));
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
    EXPECT_EQ(attempts(), 1) << "another client's set";
}

TEST_F(GivenUp, ASetThatTheServerRefusedTooOftenIsAskedForNoMore) {
    for (int refused = 2; refused < 10; ++refused) {
        const auto job = create({"//fs1/data"});
        EXPECT_EQ(job->error()->hresult(), hresult::kFail);
        EXPECT_EQ(attempts(), refused);
    }
    server.expireSequence(); // or it would be in the way of the next

    server.onCall([this](std::string_view call) {
        if (call == "IsPathSupported") {
            server.clearFailures();
        }
    });
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");

    EXPECT_EQ(setStates(), "settled complete");
    EXPECT_EQ(remains(), std::vector{directory(server, "data")});
}

TEST_F(GivenUp, TheSettleJobSaysSo) {
    while (run(store().countAttempt(1)) < 9) {
    }
    crash();
    start();

    run(manager().recover());

    ASSERT_EQ(jobs().size(), 1U);
    const auto job = ended(jobs()[0]);
    EXPECT_EQ(job->record().operation, "settle");
    EXPECT_EQ(errorName(*job), "LostOnServer");
    EXPECT_THAT(errorText(*job), HasSubstr("after 10 attempts to settle it: ExposeShadowCopySet"));
    EXPECT_THAT(errorText(*job), HasSubstr("left on fs1: " + directory(server, "data")));
    EXPECT_EQ(recorded(*job).state, JobState::Failed);
}

TEST_F(GivenUp, ADeleteOfItTriesOnceMore) {
    giveUp();
    server.clearFailures();

    EXPECT_EQ(errorName(*remove({1})), "none");

    EXPECT_EQ(copyStates(), "deleted");
    expectNothingLeft(server);
}

TEST_F(GivenUp, ACreateThatItIsInTheWayOfNamesIt) {
    giveUp();

    const auto job = ended(run(creating({"//fs1/data"}, 2s)));

    EXPECT_EQ(errorName(*job), "Busy");
    EXPECT_EQ(job->error()->hresult(), hresult::kSetInProgress);
    EXPECT_THAT(errorText(*job),
                HasSubstr("; it may be one that was given up here: snapshot 1 of //fs1/data"));
    EXPECT_THAT(job->error()->hint(), HasSubstr("try fsrvpctl delete 1; else wait"));
    server.clearFailures();
    EXPECT_EQ(errorName(*remove({1})), "none") << "as the hint has it";
    expectNothingLeft(server);
}

TEST_F(GivenUp, AnotherServersIsInNobodysWay) {
    giveUp();
    FssServer& second = addServer("fs2", {"data"});
    second.failTimes<StartShadowCopySet>(20, Failure::result(hresult::kSetInProgress));

    const auto job = ended(run(creating({"//fs2/data"}, 2s)));

    EXPECT_EQ(errorName(*job), "Busy");
    EXPECT_THAT(errorText(*job), Not(HasSubstr("given up")));
}

TEST_F(LostTest, AGivenUpSetThatTheServerKnowsIsNotTakenForGone) {
    fakes::FssOptions options = likeOurs();
    options.directories = fakes::FssOptions::Directories::Hidden;
    FssServer& server = addServer("fs1", {"data"}, options);
    server.fail<CommitShadowCopySet>(Failure::drop(When::AfterActing));
    server.failTimes<ExposeShadowCopySet>(3, Failure::result(hresult::kFail));
    create({"//fs1/data"});
    while (run(store().countAttempt(1)) < 9) {
    }
    crash();
    start();
    run(manager().recover());
    ended(jobs().at(0));
    ASSERT_THAT(snapshot(1).remains, HasSubstr("maybe a snapshot of share data"));
    const std::string remains = snapshot(1).remains;

    const auto refused = remove({1});

    EXPECT_EQ(refused->error()->hresult(), hresult::kFail);
    EXPECT_THAT(errorText(*refused), HasSubstr("ExposeShadowCopySet on fs1"));
    EXPECT_EQ(snapshot(1).state, CopyState::LostOnServer);
    EXPECT_EQ(snapshot(1).remains, remains);
    EXPECT_EQ(errorName(*remove({1})), "none");
    expectNothingLeft(server);
}

TEST_F(LostTest, OfASetThatIsGivenUpOnlyWhatIsThereIsNamed) {
    FssServer& server = addServer("fs1", {"data", "other"}, likeOurs());
    server.fail<RecoveryCompleteShadowCopySet>(Failure::result(hresult::kFail), 1);
    server.fail<RecoveryCompleteShadowCopySet>(Failure::result(hresult::kFail), 2);
    for (const unsigned ofOther : {2U, 4U}) {
        server.fail<DeleteShareMapping>(Failure::result(hresult::kAccessDenied), ofOther);
    }
    create({"//fs1/data", "//fs1/other"});
    ASSERT_EQ(server.exposedShares().size(), 1U);
    while (run(store().countAttempt(1)) < 9) {
    }
    crash();
    start();

    run(manager().recover());

    EXPECT_EQ(errorName(*ended(jobs().at(0))), "LostOnServer");
    EXPECT_EQ(copyStates(), "failed lost-on-server");
    EXPECT_EQ(remains(), std::vector{"share " + server.exposedShares().at(0)});
}

} // namespace
} // namespace fsrvp::jobs
