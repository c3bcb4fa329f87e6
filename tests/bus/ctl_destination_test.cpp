// SPDX-License-Identifier: GPL-3.0-or-later
// What fsrvpctl create takes for sources and what for a destination.
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>

namespace fsrvp::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CtlDestination : public CtlInDirectory {
  protected:
    void SetUp() override {
        CtlInDirectory::SetUp();
        daemon->addShare(at("real"), Unc{"fs1", "data"});
    }
};

TEST_F(CtlDestination, IsALastNameWhereNothingIs) {
    const RunResult result = ctl({"create", "link", "link/new/"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.out, "snapshot 1 of //fs1/data is mounted at " + at("real/new") + "\n");
    EXPECT_THAT(daemon->lastCreate().sources, ElementsAre(at("real")));
    EXPECT_THAT(daemon->lastCreate().optionKeys, ElementsAre("destination"));
    EXPECT_EQ(daemon->lastCreate().destination, at("real/new"));
}

TEST_F(CtlDestination, IsALastNameOfAnEmptyDirectory) {
    ctl({"create", "//fs1/data", "link/empty"});

    EXPECT_THAT(daemon->lastCreate().sources, ElementsAre("//fs1/data"));
    EXPECT_EQ(daemon->lastCreate().destination, at("real/empty"));
}

TEST_F(CtlDestination, IsNoDirectoryWithSomethingInIt) {
    ctl({"create", "//fs1/data", "link"});

    EXPECT_THAT(daemon->lastCreate().sources, ElementsAre("//fs1/data", at("real")));
    EXPECT_EQ(daemon->lastCreate().destination, "");
}

TEST_F(CtlDestination, IsNoOnlyName) {
    const RunResult missing = ctl({"create", "nowhere"});
    ctl({"create", "real/empty"});

    EXPECT_EQ(missing.exitCode, 2);
    EXPECT_THAT(missing.err,
                HasSubstr("fsrvpctl: cannot find 'nowhere': No such file or directory\n"));
    EXPECT_THAT(daemon->lastCreate().sources, ElementsAre(at("real/empty")));
}

TEST_F(CtlDestination, IsForOneSource) {
    const RunResult result = ctl({"create", "real", "//fs1/home", "new"});

    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.err,
              "fsrvpctl: 'new' is where to mount a snapshot, and there are 2 to be taken\n"
              "  hint: give one source with a mount point; a source has to be there\n");
    EXPECT_THAT(daemon->lastCall().method, IsEmpty());
}

TEST_F(CtlDestination, IsAtOddsWithNoMount) {
    const RunResult result = ctl({"create", "--no-mount", "real", "new"});

    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.err,
              "fsrvpctl: 'new' is where to mount the snapshot, and --no-mount says not to\n"
              "  hint: leave one of them out; a source has to be there\n");
    EXPECT_THAT(daemon->lastCall().method, IsEmpty());
}

TEST_F(CtlDestination, WithoutAParentIsForTheDaemonToRefuse) {
    daemon->refuseDestination(at("no/new"), Error(Errc::NotFound, "there is no directory 'no'"));

    const RunResult result = ctl({"create", "real", "./no/new"});

    EXPECT_EQ(result.exitCode, 3);
    EXPECT_EQ(result.err, "fsrvpctl: there is no directory 'no'\n");
}

TEST_F(CtlDestination, IsTakenAsItIsWhateverCharactersItHas) {
    for (const std::string name : {"[a,b]", "{}", "%%", "before-12:30", "two words", "写\n"}) {
        const RunResult result = ctl({"create", "real", name});

        EXPECT_EQ(result.exitCode, 0) << result.err;
        EXPECT_EQ(daemon->lastCreate().destination, at(name));
    }
    ctl({"create", "--", "real", "-q"});
    EXPECT_EQ(daemon->lastCreate().destination, at("-q"));
}

TEST_F(CtlDestination, ThatBecomesNotUtf8IsRefused) {
    std::filesystem::create_directory("bad\xff");
    std::filesystem::create_directory_symlink("bad\xff", "good");

    const RunResult result = ctl({"create", "real", "good/new"});

    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.err,
              "fsrvpctl: the path '" + at("bad\\xff/new") +
                  "' is not UTF-8, and D-Bus takes nothing else\n");
}

} // namespace
} // namespace fsrvp::test
