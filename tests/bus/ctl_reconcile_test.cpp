// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Finding kOk{"fs1", 1, "data@{a}", FindingStatus::Ok, ""};
const Finding kMissing{"fs1", 12, "data@{b}", FindingStatus::Missing, "forget it"};
const Finding kForeign{"fs1:1445", 0, "data@{c}", FindingStatus::Foreign, "adopt it"};

Error trouble() {
    return Error(Errc::Partial, "on fs1: 1 missing").withHint("look");
}

using CtlReconcile = CtlInDirectory;

TEST_F(CtlReconcile, PrintsWhatIsNotAsRecordedAndTheNumbers) {
    daemon->setFindings({kOk, kOk, kMissing, kForeign});
    daemon->failJobs(trouble());

    const RunResult result = ctl({"reconcile"});

    EXPECT_EQ(result.exitCode, 6);
    EXPECT_EQ(result.out,
              "ID  SERVER    STATUS   SHARE\n"
              "12  fs1       missing  data@{b}\n"
              "                       forget it\n"
              "-   fs1:1445  foreign  data@{c}\n"
              "                       adopt it\n"
              "2 ok, 1 missing, 1 foreign\n");
    EXPECT_EQ(result.err, "fsrvpctl: on fs1: 1 missing\n  hint: look\n");
    EXPECT_EQ(daemon->lastCall().method, "Reconcile");
    EXPECT_THAT(daemon->lastCall().ids, IsEmpty());
    EXPECT_THAT(daemon->lastCall().optionKeys, IsEmpty());
}

TEST_F(CtlReconcile, PrintsTheNumbersAloneWhenAllIsAsRecorded) {
    EXPECT_EQ(ctl({"reconcile", "--quiet"}).out, "no snapshots\n");
    daemon->setFindings({kOk});

    const RunResult result = ctl({"reconcile", "--quiet"});

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(result.out, "1 ok\n");
    EXPECT_EQ(result.err, "");
}

TEST_F(CtlReconcile, PrintsAllWithJson) {
    daemon->setFindings({kOk, kMissing});
    daemon->failJobs(trouble());

    const RunResult result = ctl({"reconcile", "--json", "fs1"});
    const json document = json::parse(result.out);

    EXPECT_EQ(result.exitCode, 6);
    EXPECT_EQ(document["schema"], 1);
    EXPECT_EQ(
        document["findings"],
        json::array(
            {{{"server", "fs1"}, {"id", 1}, {"share", "data@{a}"}, {"status", "ok"}, {"hint", ""}},
             {{"server", "fs1"},
              {"id", 12},
              {"share", "data@{b}"},
              {"status", "missing"},
              {"hint", "forget it"}}}));
    EXPECT_EQ(document["error"]["name"], "org.fsrvpd1.Error.Partial");
}

TEST_F(CtlReconcile, SendsServersAndOptions) {
    EXPECT_EQ(ctl({"reconcile", "fs1", "[2001:db8::1]:1445", "--forget-missing", "--timeout=1h"})
                  .exitCode,
              0);
    EXPECT_THAT(daemon->lastCall().ids, ElementsAre("fs1", "[2001:db8::1]:1445"));
    EXPECT_THAT(daemon->lastCall().optionKeys, ElementsAre("forget_missing", "timeout_sec"));
    EXPECT_TRUE(daemon->lastCall().forgetMissing);
    EXPECT_EQ(daemon->lastCall().timeoutSec, 3600U);

    EXPECT_EQ(ctl({"reconcile", "--adopt", "//fs1/data@{a}", "--set", "b"}).exitCode, 0);
    EXPECT_THAT(daemon->lastCall().optionKeys, ElementsAre("adopt", "set"));
    EXPECT_EQ(daemon->lastCall().adopt, "//fs1/data@{a}");
    EXPECT_EQ(daemon->lastCall().set, "b");
    EXPECT_EQ(ctl({"reconcile", "--set", "b"}).exitCode, 2) << "of nothing";
}

TEST_F(CtlReconcile, OfNothingThatCouldBeAskedIsTheErrorAlone) {
    daemon->failJobs(Error(Errc::Unreachable, "fs1: no route"));

    const RunResult result = ctl({"reconcile", "fs1"});

    EXPECT_EQ(result.exitCode, 9);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("fsrvpctl: fs1: no route\n"));
}

TEST_F(CtlReconcile, WritesControlCharactersEscaped) {
    daemon->setFindings({{"fs1", 0, "x\x1b[2J", FindingStatus::Foreign, "take \x1b[2J"}});

    const RunResult result = ctl({"reconcile"});

    EXPECT_THAT(result.out, HasSubstr("x\\x1b[2J"));
    EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

TEST_F(CtlReconcile, PrintsTheFindingsOfAServerWithThousandsOfSnapshots) {
    std::vector<Finding> many(10'000, kMissing);
    many.back() = kOk;
    daemon->setFindings(many);

    const json document = json::parse(ctl({"reconcile", "--json"}).out);

    EXPECT_EQ(document["findings"].size(), 10'000U);
    EXPECT_EQ(document["findings"].back()["status"], "ok");
}

} // namespace
} // namespace fsrvp::test
