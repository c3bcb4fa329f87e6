// SPDX-License-Identifier: GPL-3.0-or-later
// `cifs filesystem snapshot …`: fsrvpctl by its other name.
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Cifs : public CtlInDirectory {
  protected:
    void SetUp() override {
        CtlInDirectory::SetUp();
        daemon->addShare(at("real"), Unc{"fs1", "data"});
    }

    static RunResult snapshot(Argv arguments) {
        arguments.insert(arguments.begin(), {"filesystem", "snapshot"});
        return cifs(arguments);
    }
};

TEST_F(Cifs, CreatesListsAndDeletes) {
    const RunResult created = snapshot({"create", "link", "link/mine"});
    EXPECT_EQ(created.exitCode, 0);
    EXPECT_EQ(created.out, "snapshot 1 of //fs1/data is mounted at " + at("real/mine") + "\n");
    EXPECT_EQ(created.err, "");
    EXPECT_THAT(daemon->lastCreate().sources, ElementsAre(at("real")));
    EXPECT_THAT(daemon->lastCreate().optionKeys, ElementsAre("destination"));

    const RunResult listed = snapshot({"list", "link"});
    EXPECT_EQ(listed.out, ctl({"list"}).out);
    EXPECT_THAT(listed.out, HasSubstr(at("real/mine")));

    const RunResult deleted = snapshot({"delete", "link/mine/"});
    EXPECT_EQ(deleted.exitCode, 0);
    EXPECT_EQ(deleted.out, "snapshot 1 of //fs1/data is deleted\n");
    EXPECT_EQ(snapshot({"list"}).err, "cifs: there are no snapshots\n");
}

TEST_F(Cifs, TakesTheSecondNameForTheDestinationWhateverIsThere) {
    const RunResult result = snapshot({"create", "//fs1/data", "real"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_THAT(daemon->lastCreate().sources, ElementsAre("//fs1/data"));
    EXPECT_EQ(daemon->lastCreate().destination, at("real"));
}

TEST_F(Cifs, TakesNumbersForPaths) {
    daemon->add(FakeManager::snapshot(7));

    EXPECT_EQ(snapshot({"delete", "7"}).exitCode, 3);
    EXPECT_THAT(daemon->lastCall().ids, ElementsAre(at("7")));
    EXPECT_EQ(daemon->find(7).state, CopyState::Exposed);
}

TEST_F(Cifs, DeletesSeveral) {
    snapshot({"create", "real", "[a,b]"});
    snapshot({"create", "real", "two"});

    const RunResult result = snapshot({"delete", "[a,b]", "two"});

    EXPECT_EQ(result.out,
              "snapshot 1 of //fs1/data is deleted\nsnapshot 2 of //fs1/data is deleted\n");
}

TEST_F(Cifs, HasJsonAndQuiet) {
    const json created = json::parse(snapshot({"create", "real", "mine", "--json"}).out);
    const json gone = json::parse(cifs({"--json", "filesystem", "snapshot", "delete", "no"}).out);

    EXPECT_EQ(created, json::parse(snapshot({"list", "--json"}).out));
    EXPECT_EQ(gone["error"]["name"], "org.fsrvpd1.Error.NotFound");
    EXPECT_EQ(snapshot({"list", "-q", "//fs1/other"}).err, "");
}

TEST_F(Cifs, SaysItsOwnNameInErrors) {
    daemon->refuseDestination(at("mine"), Error(Errc::AlreadyExists, "something is there"));

    EXPECT_EQ(snapshot({"create", "real", "mine"}).err, "cifs: something is there\n");
    EXPECT_EQ(snapshot({"create", "nowhere", "mine"}).exitCode, 2);
    EXPECT_EQ(snapshot({"create", "real", "//fs1/x"}).exitCode, 2);
}

TEST_F(Cifs, HelpHasAllVerbs) {
    for (const Argv& arguments :
         {Argv{"--help"}, Argv{"filesystem", "--help"}, Argv{"filesystem", "snapshot", "--help"}}) {
        const RunResult result = cifs(arguments);

        EXPECT_EQ(result.exitCode, 0);
        EXPECT_THAT(result.out, HasSubstr("cifs filesystem snapshot create SRC DST"));
        EXPECT_THAT(result.out, HasSubstr("cifs filesystem snapshot delete DST..."));
        EXPECT_THAT(result.out, HasSubstr("cifs filesystem snapshot list [SRC]"));
    }
    EXPECT_THAT(snapshot({"create", "--help"}).out, HasSubstr("create [OPTIONS] SRC DST\n"));
    EXPECT_THAT(cifs({"--version"}).out, StartsWith("cifs "));
}

class CifsUsage : public Cifs, public testing::WithParamInterface<Argv> {};

TEST_P(CifsUsage, ErrorIsStatusTwoAlsoAsJson) {
    Argv withJson = GetParam();
    withJson.emplace_back("--json");

    const RunResult people = cifs(GetParam());
    const RunResult programs = cifs(withJson);

    EXPECT_EQ(people.exitCode, 2);
    EXPECT_EQ(people.out, "");
    EXPECT_THAT(people.err, StartsWith("cifs: "));
    EXPECT_THAT(people.err, HasSubstr("\n  hint: see cifs filesystem snapshot --help\n"));
    EXPECT_EQ(programs.exitCode, 2);
    EXPECT_EQ(json::parse(programs.out)["error"]["name"], "org.fsrvpd1.Error.InvalidArgument");
    EXPECT_THAT(daemon->lastCall().method, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(CommandLine,
                         CifsUsage,
                         testing::Values(Argv{},
                                         Argv{"create", "a", "b"},
                                         Argv{"filesystem"},
                                         Argv{"filesystem", "quota"},
                                         Argv{"filesystem", "snapshot"},
                                         Argv{"filesystem", "snapshot", "mount", "1"},
                                         Argv{"filesystem", "snapshot", "create"},
                                         Argv{"filesystem", "snapshot", "create", "a"},
                                         Argv{"filesystem", "snapshot", "create", "a", "b", "c"},
                                         Argv{"filesystem", "snapshot", "delete"},
                                         Argv{"filesystem", "snapshot", "list", "a", "b"},
                                         Argv{"filesystem", "snapshot", "list", "--all"}));

} // namespace
} // namespace fsrvp::test
