// SPDX-License-Identifier: GPL-3.0-or-later

// What FSRVP can't reach any more is named, and goes from the record when it is gone.

#include "daemon/model/gmt_name.hpp"
#include "tests/unit/daemon/fsrvp/fss_client.hpp"
#include "tests/unit/daemon/jobs/lost_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using When = Failure::When;

using LostInCreate = LostTest;

TEST_F(LostInCreate, ATimerThatRunsOutAfterTheCommitLeavesADirectoryThatIsNamed) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    expireAfterCommit(server);

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "NotFound") << "the first error counts";
    EXPECT_THAT(errorText(*job), HasSubstr("ExposeShadowCopySet on fs1"));
    EXPECT_THAT(errorText(*job), HasSubstr("; left on fs1: " + directory(server, "data")));
    EXPECT_THAT(job->error()->hint(),
                HasSubstr("on the server: btrfs subvolume delete " +
                          server.directories("data").at(0) + " in the directory of share data"));
    EXPECT_THAT(job->error()->hint(), HasSubstr("fsrvpctl delete 1"));
    EXPECT_EQ(copyStates(), "lost-on-server");
    EXPECT_EQ(remains(), std::vector{directory(server, "data")});
    EXPECT_EQ(snapshot(1).created, TimeUs(server.onDisk().at(0).time));
    EXPECT_EQ(setStates(), "settled");
    server.onCall({});
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
}

TEST_F(LostInCreate, ACommitThatFailsHalfWayNamesWhatIsThereAndNothingElse) {
    fakes::FssOptions options;
    options.clock = thisSecond;
    FssServer& server = addServer("fs1", {"data", "other", "third"}, options);
    server.breakShare("other");

    const auto job = create({"//fs1/data", "//fs1/other", "//fs1/third"});

    EXPECT_EQ(job->error()->hresult(), hresult::kFail);
    EXPECT_EQ(server.onDisk().size(), remains().size());
    // It was tried twice, with a set each; the second may have found the names taken.
    EXPECT_THAT(copyStates(), testing::StartsWith("lost-on-server failed lost-on-server "));
    EXPECT_EQ(remains().at(0), directory(server, "data"));
    EXPECT_EQ(remains().at(1), directory(server, "third"));
    EXPECT_THAT(errorText(*job), HasSubstr(directory(server, "data")));
    EXPECT_THAT(errorText(*job), HasSubstr(directory(server, "third")));
    EXPECT_EQ(server.sets().size(), 0U);
}

TEST_F(LostInCreate, TheServersClockCounts) {
    fakes::FssOptions options;
    options.clock = [] { return thisSecond() - 1h; };
    FssServer& server = addServer("fs1", {"data"}, options);
    network.setClockAhead(-1h);
    expireAfterCommit(server);

    create({"//fs1/data"});

    EXPECT_EQ(remains(), std::vector{directory(server, "data")});
}

TEST_F(LostInCreate, WhereTheServerShowsNothingADoubtStays) {
    fakes::FssOptions options = likeOurs();
    options.directories = fakes::FssOptions::Directories::Hidden;
    FssServer& server = addServer("fs1", {"data"}, options);
    expireAfterCommit(server);

    create({"//fs1/data"});

    ASSERT_EQ(remains().size(), 1U);
    EXPECT_THAT(remains()[0], HasSubstr("maybe a snapshot of share data, taken 20"));
    EXPECT_THAT(remains()[0], HasSubstr("UTC, which the server does not show"));
    EXPECT_FALSE(snapshot(1).created);
}

TEST_F(LostInCreate, WhereTheServerShowsAnotherSnapshotThereIsNoDoubt) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    create({"//fs1/data"});
    restartBeforeCommit(server);

    EXPECT_EQ(errorName(*create({"//fs1/data"})), "Unreachable");

    server.onCall({});
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
    EXPECT_EQ(copyStates(), "exposed failed exposed");
    EXPECT_EQ(server.onDisk().size(), 2U);
}

TEST_F(LostInCreate, WhatAServerHasBackAfterItsPowerWentIsKnownAndLeavesNoDoubt) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    const auto before = create({"//fs1/data"});
    run(store().setCopyState(1, CopyState::Deleted, before->record().id));
    restartBeforeCommit(server);

    create({"//fs1/data"});

    server.onCall({});
    create({"//fs1/data"}); // which settles it
    EXPECT_EQ(copyStates(), "deleted failed exposed");
}

TEST_F(LostInCreate, TheExposedShareOfASetThatTheServerForgotIsNamed) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    server.fail<ExposeShadowCopySet>(Failure::drop(When::AfterActing));
    int exposes = 0;
    server.onCall([&server, &exposes](std::string_view operation) {
        if (operation == "ExposeShadowCopySet" && ++exposes == 2) {
            server.forgetSets();
        }
    });

    const auto job = create({"//fs1/data"});

    const std::string exposed = server.exposedShares().at(0);
    EXPECT_EQ(remains(), std::vector{"share " + exposed});
    EXPECT_EQ(snapshot(1).exposed, exposed);
    EXPECT_EQ(snapshot(1).created, TimeUs(server.onDisk().at(0).time));
    EXPECT_THAT(job->error()->hint(), HasSubstr("net conf delshare 'data@{"));
    EXPECT_THAT(job->error()->hint(), HasSubstr(server.directories("data").at(0)));
    server.removeExposedShare(exposed);
    server.removeFromDisk(snapshot(1).snapshotId);
    EXPECT_EQ(errorName(*remove({1})), "none");
    EXPECT_EQ(copyStates(), "deleted");
}

TEST_F(LostInCreate, WhereTheServerLetsNobodyLookTheReasonIsSaid) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    expireAfterCommit(server);
    network.failShareQuestion(Error(Errc::AccessDenied, "not you"));

    create({"//fs1/data"});

    ASSERT_EQ(remains().size(), 1U);
    EXPECT_THAT(remains()[0], HasSubstr("on fs1: not you"));
    EXPECT_EQ(setStates(), "settled");
}

TEST_F(LostInCreate, AServerThatGoesAwayWhileItIsLookedAtIsLookedAtAgain) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    expireAfterCommit(server);
    network.failShareQuestion(Error(Errc::Unreachable, "gone"));
    create({"//fs1/data"});
    EXPECT_EQ(setStates(), "committing settled") << "the second is the look whether one can start";
    server.onCall({});

    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");

    EXPECT_EQ(snapshot(1).state, CopyState::LostOnServer);
    EXPECT_EQ(remains(), std::vector{directory(server, "data")});
}

TEST_F(LostInCreate, DirectoriesOfOtherSnapshotsAreNotTakenForIt) {
    fakes::FssOptions options;
    std::vector<std::chrono::sys_seconds> times; // of the Adds to come, the last first
    options.clock = [&times] {
        const auto time = times.back();
        times.pop_back();
        return time;
    };
    FssServer& server = addServer("fs1", {"data"}, options);
    const auto start = thisSecond();
    times = {start + 1s, start, start - 1h};
    create({"//fs1/data"}); // of another time
    create({"//fs1/data"}); // of this time, and on record
    expireAfterCommit(server);

    create({"//fs1/data"});

    EXPECT_EQ(remains(), std::vector{"directory " + gmtName(start + 1s) + " in share data"});
}

TEST_F(LostInCreate, SeveralDirectoriesThatFitAreAllNamed) {
    fakes::FssOptions options;
    const auto start = thisSecond();
    auto next = start;
    options.clock = [&next] { return std::exchange(next, next + 1s); };
    FssServer& server = addServer("fs1", {"data"}, options);
    FssClient(server).recovered(uR"(\\fs1\data\)");
    expireAfterCommit(server);

    create({"//fs1/data"});

    EXPECT_EQ(remains(),
              std::vector{"one of the directories " + gmtName(start) + ", " + gmtName(start + 1s) +
                          " in share data"});
}

TEST_F(LostInCreate, AShareIsTheSameInAnotherCase) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    create({"//fs1/data"}); // of this time, and on record
    expireAfterCommit(server);

    create({"//fs1/DATA"});

    EXPECT_EQ(remains(),
              std::vector{"directory " + server.directories("data").at(1) + " in share DATA"});
}

TEST_F(LostInCreate, OfSeveralDirectoriesOneHasToGoBeforeTheRecord) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    FssClient(server).recovered(uR"(\\fs1\data\)");
    expireAfterCommit(server);
    create({"//fs1/data"});
    server.onCall({});
    const std::string several = snapshot(1).remains;
    ASSERT_THAT(several, HasSubstr("one of the directories"));

    EXPECT_EQ(errorName(*remove({1})), "LostOnServer");
    EXPECT_EQ(remains(), std::vector{several});
    server.removeFromDisk(snapshot(1).snapshotId);
    EXPECT_EQ(errorName(*remove({1})), "none");

    EXPECT_EQ(copyStates(), "deleted");
}

TEST_F(LostInCreate, AStaleWorkerIsGivenTimeBeforeASetCountsAsUnknown) {
    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    server.fail<ExposeShadowCopySet>(Failure::drop(When::BeforeActing));
    server.fail<ExposeShadowCopySet>(Failure::result(hresult::kInvalidArgument), 2);
    server.fail<ExposeShadowCopySet>(Failure::result(hresult::kInvalidArgument), 3);

    EXPECT_EQ(errorName(*create({"//fs1/data"})), "Unreachable");

    EXPECT_EQ(copyStates(), "failed");
    expectNothingLeft(server);
}

class LostInDelete : public LostTest {
  protected:
    void SetUp() override {
        ASSERT_EQ(errorName(*create({"//fs1/data"})), "none");
        exposed = "share " + snapshot(1).exposed;
        server.forgetSets();
    }

    FssServer& server = addServer("fs1", {"data"}, likeOurs());
    std::string exposed;
};

TEST_F(LostInDelete, AShareWhoseSetTheServerForgotIsNamed) {
    const auto job = remove({1});

    EXPECT_EQ(errorName(*job), "LostOnServer");
    EXPECT_THAT(errorText(*job), HasSubstr("left on fs1: " + exposed));
    EXPECT_THAT(job->error()->hint(),
                HasSubstr("net conf delshare '" + snapshot(1).exposed + "' (Samba), btrfs " +
                          "subvolume delete " + server.directories("data").at(0)));
    EXPECT_THAT(job->error()->hint(),
                HasSubstr("delete shadows id {" + snapshot(1).snapshotId.text() + "}"));
    EXPECT_EQ(copyStates(), "lost-on-server");
    EXPECT_EQ(remains(), std::vector{exposed});
    EXPECT_EQ(std::ranges::count(server.calls(), "DeleteShareMapping"), 3);
    EXPECT_TRUE(isMountable(snapshot(1)));
}

TEST_F(LostInDelete, ItIsDeletedOnceTheAdministratorHasRemovedIt) {
    remove({1});
    server.removeExposedShare(snapshot(1).exposed);
    server.removeFromDisk(snapshot(1).snapshotId);

    EXPECT_EQ(errorName(*remove({1})), "none");

    EXPECT_EQ(copyStates(), "deleted");
    EXPECT_EQ(snapshot(1).remains, "");
}

TEST_F(LostInDelete, AnAdministratorWhoForgetsTheDirectoryIsTold) {
    remove({1});
    server.removeExposedShare(snapshot(1).exposed);

    const auto job = remove({1});

    EXPECT_EQ(errorName(*job), "LostOnServer");
    EXPECT_EQ(remains(), std::vector{directory(server, "data")});
    EXPECT_THAT(job->error()->hint(), HasSubstr("on the server: btrfs subvolume delete @GMT-"));
    EXPECT_THAT(job->error()->hint(), Not(HasSubstr("delshare"))) << "that was done";
}

TEST_F(LostInDelete, OneThatTheServerKnowsAgainIsDeleted) {
    ASSERT_EQ(errorName(*create({"//fs1/data"})), "none");
    server.failTimes<DeleteShareMapping>(3, Failure::result(hresult::kObjectNotFound));
    EXPECT_EQ(errorName(*remove({2})), "LostOnServer");

    EXPECT_EQ(errorName(*remove({2})), "none");

    EXPECT_EQ(snapshot(2).state, CopyState::Deleted);
    EXPECT_EQ(server.onDisk().size(), 1U) << "the first";
}

TEST_F(LostInDelete, ARefusalLeavesItLost) {
    remove({1});
    server.fail<DeleteShareMapping>(Failure::result(hresult::kAccessDenied));

    EXPECT_EQ(errorName(*remove({1})), "AccessDenied");

    EXPECT_EQ(remains(), std::vector{exposed});
}

TEST_F(LostInDelete, OneThatWasOnlyDoubtedGoesFromTheRecord) {
    const auto job = run(creating({"//fs1/data"}));
    expireAfterCommit(server);
    ended(job);
    server.onCall({});
    ASSERT_EQ(snapshot(2).state, CopyState::LostOnServer);
    server.removeFromDisk(server.onDisk().back().shadowCopyId);

    EXPECT_EQ(errorName(*remove({2})), "none");

    EXPECT_EQ(snapshot(2).state, CopyState::Deleted);
}

TEST_F(LostTest, ADeleteSettlesWhatEarlierJobsLeft) {
    FssServer& server = addServer("fs1", {"data", "other"}, likeOurs());
    create({"//fs1/data"});
    server.fail<CommitShadowCopySet>(Failure::drop(When::AfterActing));
    server.failTimes<ExposeShadowCopySet>(2, Failure::result(hresult::kFail));
    create({"//fs1/other"});
    EXPECT_EQ(setStates(), "complete committing");

    EXPECT_EQ(errorName(*remove({1})), "none");
    EXPECT_EQ(copyStates(), "deleted creating") << "what fails there is no failure of the delete";
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "none");
    EXPECT_EQ(errorName(*remove({3})), "none");

    EXPECT_EQ(copyStates(), "deleted failed deleted");
    expectNothingLeft(server);
}

} // namespace
} // namespace fsrvp::jobs
