// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/job_record.hpp"
#include "daemon/model/server_id.hpp"
#include "daemon/model/snapshot.hpp"

#include <gtest/gtest.h>

namespace fsrvp {
namespace {

// The names are in the database and on the bus: they can't change any more.

TEST(SetState, HasItsNames) {
    EXPECT_EQ(setStateName(SetState::Started), "started");
    EXPECT_EQ(setStateName(SetState::Committing), "committing");
    EXPECT_EQ(setStateName(SetState::Exposed), "exposed");
    EXPECT_EQ(setStateName(SetState::Complete), "complete");
    EXPECT_EQ(setStateName(SetState::Settled), "settled");
}

TEST(SetState, IsReadFromItsName) {
    for (const SetState state : {SetState::Started,
                                 SetState::Committing,
                                 SetState::Exposed,
                                 SetState::Complete,
                                 SetState::Settled}) {
        EXPECT_EQ(parseSetState(setStateName(state)), state);
    }
    EXPECT_EQ(parseSetState("Started"), std::nullopt);
    EXPECT_EQ(parseSetState(""), std::nullopt);
}

TEST(CopyState, HasItsNames) {
    EXPECT_EQ(copyStateName(CopyState::Creating), "creating");
    EXPECT_EQ(copyStateName(CopyState::Exposed), "exposed");
    EXPECT_EQ(copyStateName(CopyState::Deleting), "deleting");
    EXPECT_EQ(copyStateName(CopyState::Deleted), "deleted");
    EXPECT_EQ(copyStateName(CopyState::Failed), "failed");
    EXPECT_EQ(copyStateName(CopyState::LostOnServer), "lost-on-server");
}

TEST(CopyState, IsReadFromItsName) {
    for (const CopyState state : {CopyState::Creating,
                                  CopyState::Exposed,
                                  CopyState::Deleting,
                                  CopyState::Deleted,
                                  CopyState::Failed,
                                  CopyState::LostOnServer}) {
        EXPECT_EQ(parseCopyState(copyStateName(state)), state);
    }
    EXPECT_EQ(parseCopyState("lost"), std::nullopt);
}

TEST(JobState, HasItsNamesAndIsReadFromThem) {
    EXPECT_EQ(jobStateName(JobState::Queued), "queued");
    EXPECT_EQ(jobStateName(JobState::Running), "running");
    EXPECT_EQ(jobStateName(JobState::Done), "done");
    EXPECT_EQ(jobStateName(JobState::Failed), "failed");
    EXPECT_EQ(jobStateName(JobState::Cancelled), "cancelled");
    for (const JobState state : {JobState::Queued,
                                 JobState::Running,
                                 JobState::Done,
                                 JobState::Failed,
                                 JobState::Cancelled}) {
        EXPECT_EQ(parseJobState(jobStateName(state)), state);
    }
    EXPECT_EQ(parseJobState("canceled"), std::nullopt);
}

TEST(ServerId, NamesThePortOnlyWhereItIsUnusual) {
    EXPECT_EQ((ServerId{"fs1", 445}.text()), "fs1");
    EXPECT_EQ((ServerId{"fs1", 1445}.text()), "fs1:1445");
}

TEST(ServerId, DiffersByPort) {
    EXPECT_NE((ServerId{"fs1", 445}), (ServerId{"fs1", 1445}));
    EXPECT_EQ((ServerId{"fs1", 445}), (ServerId{"fs1"}));
}

} // namespace
} // namespace fsrvp
