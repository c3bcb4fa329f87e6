// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

using CtlJob = Ctl;

TEST_F(CtlJob, ListsAndShowsJobs) {
    daemon->endJobs(JobEnding::WhenCancelled);
    ctl({"create", "--no-block", "//fs1/data", "//fs1/home"});
    daemon->endJobs(JobEnding::BeforeReply);
    ctl({"create", "--no-block", "//fs2/data"});

    EXPECT_EQ(ctl({"job", "list"}).out,
              "JOB  OPERATION  STATE    PHASE    STARTED              SUBJECTS\n"
              "2    create     done     -        2026-11-18 11:06:40  //fs2/data\n"
              "1    create     running  connect  2026-11-18 11:06:40  //fs1/data, //fs1/home\n");
    EXPECT_EQ(ctl({"job", "show", "2"}).out,
              "id: 2\noperation: create\nstate: done\nphase:\nsubjects: //fs2/data\n"
              "started_by_uid: 0\nstart: 2026-11-18 11:06:40\nend: 2026-11-18 11:06:49\n"
              "error:\nids: 1\n");
    const json listed = json::parse(ctl({"job", "list", "--json"}).out);
    EXPECT_EQ(listed["schema"], 1);
    EXPECT_EQ(listed["jobs"][1]["phase"], "connect");
    EXPECT_EQ(listed["jobs"][1]["end"], nullptr);
    EXPECT_EQ(json::parse(ctl({"job", "show", "--json", "2"}).out)["jobs"][0]["ids"],
              json::array({1}));
}

TEST_F(CtlJob, CancelsJobs) {
    daemon->endJobs(JobEnding::WhenCancelled);
    ctl({"create", "--no-block", "//fs1/data"});

    const RunResult first = ctl({"job", "cancel", "1"});
    const RunResult again = ctl({"job", "cancel", "1"});

    EXPECT_EQ(first.exitCode, 0);
    EXPECT_EQ(first.out + first.err, "");
    EXPECT_EQ(again.exitCode, 0);
    EXPECT_THAT(ctl({"job", "show", "1"}).out, HasSubstr("state: cancelled\n"));
}

TEST_F(CtlJob, SaysWhichJobThereIsNot) {
    const RunResult cancelled = ctl({"job", "cancel", "8"});
    const RunResult shown = ctl({"job", "show", "8"});

    EXPECT_EQ(cancelled.exitCode, 3);
    EXPECT_EQ(cancelled.err,
              "fsrvpctl: there is no job 8, or it ended more than two minutes ago\n");
    EXPECT_EQ(shown.exitCode, 3);
    EXPECT_EQ(shown.err, "fsrvpctl: there is no job 8 among the last 500\n");
}

TEST_F(CtlJob, CancelsTheOthersWhenOneCannotBe) {
    daemon->endJobs(JobEnding::WhenCancelled);
    ctl({"create", "--no-block", "//fs1/data"});

    EXPECT_EQ(ctl({"job", "cancel", "8", "1"}).exitCode, 6);
    EXPECT_THAT(ctl({"job", "show", "1"}).out, HasSubstr("state: cancelled\n"));
}

} // namespace
} // namespace fsrvp::test
