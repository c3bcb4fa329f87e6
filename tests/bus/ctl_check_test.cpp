// SPDX-License-Identifier: GPL-3.0-or-later
// fsrvpctl check and fsrvpctl credential test.
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

const CheckLine kName{"name", "ok", "fs1 is 192.0.2.1", "", ""};
const CheckLine kClock{"clock", "warning", "600 s behind", "set the clocks", "this host"};
const CheckLine kRpc{"rpc", "failed", "no FSRVP here", "install it", "server fs1"};
const CheckLine kShare{"share", "not-tried", "", "", ""};

Error noFsrvp() {
    return Error(Errc::NotSupported, "no FSRVP here").withHint("install it");
}

using CtlCheck = CtlInDirectory;

TEST_F(CtlCheck, PrintsALineACheckAndItsCureBelow) {
    daemon->setChecks({kName, kClock});

    const RunResult result = ctl({"check", "//fs1/data"});

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(result.out,
              "CHECK  RESULT   FOUND\n"
              "name   ok       fs1 is 192.0.2.1\n"
              "clock  warning  600 s behind\n"
              "                on this host: set the clocks\n");
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(daemon->lastCall().method, "CheckSource");
    EXPECT_THAT(daemon->lastCall().ids, ElementsAre("//fs1/data"));
    EXPECT_THAT(daemon->lastCall().optionKeys, IsEmpty());
}

TEST_F(CtlCheck, EndsWithTheErrorOfTheCheckThatFailed) {
    daemon->setChecks({kName, kRpc, kShare});
    daemon->failJobs(noFsrvp());

    const RunResult result = ctl({"check", "//fs1/data"});

    EXPECT_EQ(result.exitCode, 5);
    EXPECT_EQ(result.out,
              "CHECK  RESULT     FOUND\n"
              "name   ok         fs1 is 192.0.2.1\n"
              "rpc    failed     no FSRVP here\n"
              "                  on server fs1: install it\n"
              "share  not-tried\n");
    EXPECT_EQ(result.err, "fsrvpctl: no FSRVP here\n  hint: install it\n");
}

TEST_F(CtlCheck, PrintsOneDocumentWithJson) {
    daemon->setChecks({kName, kClock});
    const json good = json::parse(ctl({"check", "--json", "//fs1/data"}).out);
    daemon->setChecks({kRpc, kShare});
    daemon->failJobs(noFsrvp());
    const RunResult failed = ctl({"check", "--json", "//fs1/data"});
    const json bad = json::parse(failed.out);

    EXPECT_EQ(good["schema"], 1);
    EXPECT_FALSE(good.contains("error"));
    ASSERT_EQ(good["checks"].size(), 2U);
    EXPECT_EQ(good["checks"][1],
              json({{"name", "clock"},
                    {"verdict", "warning"},
                    {"text", "600 s behind"},
                    {"cure", "set the clocks"},
                    {"machine", "this host"}}));
    EXPECT_EQ(failed.exitCode, 5);
    EXPECT_EQ(failed.err, "");
    EXPECT_EQ(bad["checks"][0]["verdict"], "failed");
    EXPECT_EQ(bad["checks"][1],
              json({{"name", "share"},
                    {"verdict", "not-tried"},
                    {"text", ""},
                    {"cure", ""},
                    {"machine", ""}}));
    EXPECT_EQ(bad["error"]["name"], "org.fsrvpd1.Error.NotSupported");
    EXPECT_EQ(bad["error"]["hint"], "install it");
}

TEST_F(CtlCheck, OfAJobThatFoundNothingIsTheErrorAlone) {
    daemon->failJobs(Error(Errc::Cancelled, "the time is over"));

    const RunResult people = ctl({"check", "//fs1/data"});
    const json programs = json::parse(ctl({"check", "--json", "//fs1/data"}).out);

    EXPECT_EQ(people.exitCode, 10);
    EXPECT_EQ(people.out, "");
    EXPECT_THAT(people.err, HasSubstr("fsrvpctl: the time is over\n"));
    EXPECT_FALSE(programs.contains("checks"));
    EXPECT_EQ(programs["error"]["message"], "the time is over");
}

TEST_F(CtlCheck, SendsACanonicalPathTheCredentialAndTheTimeout) {
    daemon->addShare(at("real"), Unc{"fs1", "data"});
    daemon->setChecks({kName});

    const RunResult result = ctl({"check", "link/empty/", "--credential", "lab", "--timeout=2min"});

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_THAT(daemon->lastCall().ids, ElementsAre(at("real/empty")));
    EXPECT_THAT(daemon->lastCall().optionKeys, ElementsAre("credential", "timeout_sec"));
    EXPECT_EQ(daemon->lastCall().credential, "lab");
    EXPECT_EQ(daemon->lastCall().timeoutSec, 120U);
}

TEST_F(CtlCheck, RefusesAPathThatIsNotThereAndWhatFsrvpdRefuses) {
    EXPECT_EQ(ctl({"check", "nowhere"}).exitCode, 2);
    EXPECT_EQ(daemon->lastCall().method, "");
    EXPECT_EQ(ctl({"check", "real"}).exitCode, 2) << "it is on no share";
    EXPECT_EQ(ctl({"check"}).exitCode, 2);
    EXPECT_EQ(ctl({"check", "//fs1/a", "//fs1/b"}).exitCode, 2);
}

TEST_F(CtlCheck, KnowsAJobThatWasOverBeforeItSubscribed) {
    daemon->endJobs(JobEnding::BeforeReply);
    daemon->setChecks({kName, kRpc});
    daemon->failJobs(noFsrvp());

    const RunResult result = ctl({"check", "//fs1/data"});

    EXPECT_EQ(result.exitCode, 5);
    EXPECT_THAT(result.out, HasSubstr("\nrpc    failed  no FSRVP here\n"));
}

TEST_F(CtlCheck, PrintsTheJobWithoutWaitingForIt) {
    daemon->endJobs(JobEnding::WhenCancelled);

    EXPECT_EQ(ctl({"check", "--no-block", "//fs1/data"}).out, "1\n");
    EXPECT_EQ(json::parse(ctl({"check", "--no-block", "--json", "//fs1/data"}).out),
              json({{"schema", 1}, {"job", 2}}));
    EXPECT_EQ(ctl({"credential", "test", "--no-block", "lab", "fs1"}).out, "3\n");
}

TEST_F(CtlCheck, CancelsTheJobWhenInterrupted) {
    daemon->endJobs(JobEnding::WhenCancelled);
    daemon->setChecks({kName});
    Process process(commandLine({"check", "//fs1/data"}), environment());
    ASSERT_TRUE(daemon->waitUntilJobIsRead());

    process.kill(SIGINT);

    EXPECT_EQ(process.wait(std::chrono::seconds(10)), 10);
    EXPECT_THAT(process.err(), HasSubstr("fsrvpctl: job 1 was cancelled\n"));
}

/// A server says what its name and its shares' owner are.
TEST_F(CtlCheck, WritesControlCharactersEscaped) {
    const std::string hostile = "fs1\n\x1b[2J\xe2\x80\xae";
    const std::string escaped = "fs1\\x0a\\x1b[2J\\xe2\\x80\\xae";
    daemon->setChecks({{"owner", "failed", hostile, "ask " + hostile, "server " + hostile}});
    daemon->failJobs(Error(Errc::Failed, hostile));

    const RunResult people = ctl({"check", "//fs1/data"});
    const json programs = json::parse(ctl({"check", "--json", "//fs1/data"}).out);

    EXPECT_EQ(people.out,
              "CHECK  RESULT  FOUND\n"
              "owner  failed  " +
                  escaped + "\n               on server " + escaped + ": ask " + escaped + "\n");
    EXPECT_THAT(people.err, HasSubstr("fsrvpctl: " + escaped + "\n"));
    EXPECT_THAT(people.out + people.err, Not(HasSubstr("\x1b")));
    EXPECT_EQ(programs["checks"][0]["text"], hostile);
}

TEST_F(CtlCheck, OfACredentialNamesItAndTheServer) {
    daemon->setChecks({kName});

    const RunResult result = ctl({"credential", "test", "lab", "fs1:1445", "--timeout", "90"});

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(result.out, "CHECK  RESULT  FOUND\nname   ok      fs1 is 192.0.2.1\n");
    EXPECT_EQ(daemon->lastCall().method, "TestCredential");
    EXPECT_THAT(daemon->lastCall().ids, ElementsAre("lab"));
    EXPECT_EQ(daemon->lastCall().server, "fs1:1445");
    EXPECT_EQ(daemon->lastCall().timeoutSec, 90U);
    EXPECT_EQ(ctl({"credential", "test", "lab"}).exitCode, 2);
    EXPECT_EQ(ctl({"credential", "test", "lab", "fs1", "fs2"}).exitCode, 2);
}

TEST_F(CtlCheck, OfACredentialHasTheExitStatusOfItsError) {
    daemon->setChecks({{"credential", "failed", "there is none", "set it", "this host"}});
    daemon->failJobs(Error(Errc::NotFound, "there is no credential 'lab'"));

    const RunResult result = ctl({"credential", "test", "lab", "fs1", "--json"});

    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(json::parse(result.out)["checks"][0]["machine"], "this host");
    EXPECT_EQ(json::parse(result.out)["error"]["name"], "org.fsrvpd1.Error.NotFound");
}

} // namespace
} // namespace fsrvp::test
