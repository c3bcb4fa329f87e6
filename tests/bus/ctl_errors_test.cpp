// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/error_table.hpp"
#include "tests/bus/ctl_fixture.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <string>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class CtlError : public Ctl, public testing::WithParamInterface<std::size_t> {};

TEST_P(CtlError, OfACallHasItsExitStatusNameAndHint) {
    const auto code = static_cast<Errc>(GetParam());
    daemon->refuse(Error(code, "cannot do it", 0x80042308U).withHint("try another"));

    const RunResult people = ctl({"show", "1"});
    const RunResult programs = ctl({"--json", "list"});
    const json error = json::parse(programs.out)["error"];

    EXPECT_EQ(people.exitCode, errorRow(code).exitCode);
    EXPECT_EQ(people.out, "");
    EXPECT_EQ(people.err, "fsrvpctl: cannot do it (hresult 0x80042308)\n  hint: try another\n");
    EXPECT_EQ(programs.exitCode, errorRow(code).exitCode);
    EXPECT_EQ(programs.err, "");
    EXPECT_EQ(error,
              json({{"name", errorBusName(code)},
                    {"hresult", "0x80042308"},
                    {"message", "cannot do it"},
                    {"hint", "try another"}}));
}

TEST_P(CtlError, OfAJobHasItsExitStatus) {
    const auto code = static_cast<Errc>(GetParam());
    daemon->failJobs(Error(code, "cannot do it"));

    const RunResult result = ctl({"create", "-q", "//fs1/data"});

    EXPECT_EQ(result.exitCode, errorRow(code).exitCode);
    EXPECT_THAT(result.err, StartsWith("fsrvpctl: cannot do it\n"));
}

INSTANTIATE_TEST_SUITE_P(Each,
                         CtlError,
                         testing::Range(std::size_t{0}, kErrcCount),
                         [](const auto& row) {
                             return std::string(errcName(static_cast<Errc>(row.param)));
                         });

using CtlBus = Ctl;

TEST_F(CtlBus, WithoutTheDaemonIsUnreachable) {
    daemon->vanish();

    const RunResult result = ctl({"list"});

    EXPECT_EQ(result.exitCode, 11);
    EXPECT_THAT(result.err, StartsWith("fsrvpctl: cannot reach fsrvpd: "));
    EXPECT_THAT(result.err, HasSubstr("\n  hint: start it: systemctl start fsrvpd\n"));
}

TEST_F(CtlBus, WithoutABusIsUnreachable) {
    const RunResult result = run(commandLine({"list", "--json"}),
                                 {{"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus"}});

    EXPECT_EQ(result.exitCode, 11);
    EXPECT_EQ(json::parse(result.out)["error"]["name"], "org.fsrvpd1.Error.DaemonUnreachable");
}

TEST_F(CtlBus, ThatRefusesIsNotAuthorized) {
    daemon->refuse("org.freedesktop.DBus.Error.AccessDenied", "Rejected send message");

    EXPECT_EQ(ctl({"list"}).exitCode, 4);
}

class CtlUsage : public Ctl, public testing::WithParamInterface<Argv> {};

TEST_P(CtlUsage, ErrorIsStatusTwoAlsoAsJson) {
    Argv withJson = GetParam();
    withJson.emplace_back("--json");

    const RunResult people = ctl(GetParam());
    const RunResult programs = ctl(withJson);

    EXPECT_EQ(people.exitCode, 2);
    EXPECT_EQ(people.out, "");
    EXPECT_THAT(people.err, StartsWith("fsrvpctl: "));
    EXPECT_THAT(people.err, HasSubstr("\n  hint: "));
    EXPECT_EQ(programs.exitCode, 2);
    EXPECT_EQ(json::parse(programs.out)["error"]["name"], "org.fsrvpd1.Error.InvalidArgument");
}

INSTANTIATE_TEST_SUITE_P(CommandLine,
                         CtlUsage,
                         testing::Values(Argv{},
                                         Argv{"lsit"},
                                         Argv{"list", "--wrong"},
                                         Argv{"list", "//fs1/a", "//fs1/b"},
                                         Argv{"create"},
                                         Argv{"create", "-q", "//fs1/a", "--timeout", "soon"},
                                         Argv{"create", "-q", "//fs1/a", "-l", "nolabel"},
                                         Argv{"create", "-q", "//fs1/a", "-l", "=v"},
                                         Argv{"show"},
                                         Argv{"delete"},
                                         Argv{"delete", ""},
                                         Argv{"delete", "//fs1/data"},
                                         Argv{"mount"},
                                         Argv{"mount", "1", "/mnt/a", "/mnt/b"},
                                         Argv{"mount", "1", "//fs1/data"},
                                         Argv{"mount", "1", "--lazy"},
                                         Argv{"umount"},
                                         Argv{"umount", "1", "2"},
                                         Argv{"job"},
                                         Argv{"job", "show", "seven"}));

TEST_F(CtlUsage, TheSameLabelTwiceIsRefused) {
    EXPECT_EQ(ctl({"create", "//fs1/a", "-l", "k=1", "-l", "k=2"}).exitCode, 2);
}

TEST_F(CtlUsage, AnArgumentThatIsNotUtf8IsRefusedWithJson) {
    const RunResult result = ctl({"show", "\xff", "--json"});

    EXPECT_EQ(result.exitCode, 2);
    EXPECT_TRUE(json::accept(result.out));
}

TEST_F(CtlUsage, HelpAndVersionGoToStdout) {
    EXPECT_THAT(ctl({"--help"}).out, HasSubstr("create"));
    EXPECT_THAT(ctl({"create", "--help"}).out, HasSubstr("--no-block"));
    EXPECT_THAT(ctl({"create", "--help"}).out, HasSubstr("create [OPTIONS] SOURCE...\n"));
    EXPECT_THAT(ctl({"delete", "--help"}).out, HasSubstr("ID|PATH TEXT ... REQUIRED"));
    EXPECT_THAT(ctl({"--version"}).out, StartsWith("fsrvpctl "));
    EXPECT_EQ(ctl({"--version"}).exitCode, 0);
}

} // namespace
} // namespace fsrvp::test
