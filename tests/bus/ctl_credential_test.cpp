// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bus/ctl_fixture.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class CtlCredential : public Ctl {
  protected:
    /// With that on its stdin.
    static RunResult ctlWithInput(const Argv& arguments, const std::string& input) {
        Process process(commandLine(arguments), environment(), Process::Stdin::Pipe);
        process.writeStdin(input);
        process.closeStdin();
        const auto status = process.wait(seconds(20));
        return {status.value_or(-1), process.out(), process.err()};
    }

    FakeCredential kept(const std::string& name = "lab") const {
        const auto all = daemon->credentials();
        return all.contains(name) ? all.at(name) : FakeCredential();
    }
};

TEST_F(CtlCredential, SetTakesThePasswordFromStdin) {
    const RunResult result = ctlWithInput(
        {"credential", "set", "lab", "--user", "backup", "--domain", "LAB", "--password-stdin"},
        "sesame open\n");

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(result.out, "credential lab is stored, encrypted\n");
    EXPECT_EQ(kept().kind, "password");
    EXPECT_EQ(kept().user, "backup");
    EXPECT_EQ(kept().domain, "LAB");
    EXPECT_EQ(kept().secret, "sesame open\n") << "fsrvpd drops the newline";
}

TEST_F(CtlCredential, SetTakesThePasswordFromADescriptor) {
    const RunResult result =
        run({"sh",
             "-c",
             std::string("printf sesame | ") + FSRVP_FSRVPCTL +
                 " credential set lab -u backup --password-fd 5 5<&0 </dev/null"},
            environment());

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(kept().secret, "sesame");
}

TEST_F(CtlCredential, SetTakesAKeytabFromAFile) {
    const TempDir directory;
    const std::string file = directory.path() / "keytab";
    const std::string bytes("\x05\x02\0\n\xff\n", 6);
    std::ofstream(file, std::ios::binary) << bytes;

    const RunResult result = ctl({"credential", "set", "lab", "--keytab", file, "--json"});

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(kept().kind, "keytab");
    EXPECT_EQ(kept().secret, bytes);
    EXPECT_EQ(json::parse(result.out)["credentials"][0]["name"], "lab");
    EXPECT_EQ(ctl({"credential", "set", "lab", "--keytab", file + "x"}).exitCode, 3);
}

TEST_F(CtlCredential, SetWithoutASourceOrATerminalIsAUsageError) {
    const RunResult result = ctl({"credential", "set", "lab", "--user", "backup"});

    EXPECT_EQ(result.exitCode, 2);
    EXPECT_THAT(result.err, HasSubstr("no terminal to ask"));
    EXPECT_THAT(result.err, HasSubstr("--password-stdin"));
    EXPECT_TRUE(daemon->credentials().empty());
}

TEST_F(CtlCredential, SetRefusesWhatIsTooLongBeforeItIsSent) {
    const Argv arguments{"credential", "set", "lab", "-u", "b", "--password-stdin"};

    const RunResult result = ctlWithInput(arguments, std::string(5000, 's'));

    EXPECT_EQ(result.exitCode, 2);
    EXPECT_THAT(result.err, HasSubstr("more than 4097 bytes"));
    EXPECT_TRUE(daemon->credentials().empty());
}

TEST_F(CtlCredential, SetSaysWhenItIsNotEncrypted) {
    FakeCredential plain;
    plain.storage = "plain";
    daemon->addCredential("lab", plain);

    const RunResult result =
        ctlWithInput({"credential", "set", "lab", "-u", "backup", "--password-stdin"}, "sesame");

    EXPECT_EQ(result.out, "credential lab is stored, in plain text that only root may read\n");
}

TEST_F(CtlCredential, ListShowsThem) {
    daemon->addCredential("lab", {"password", "backup", "LAB", "sesame", "encrypted", ""});
    daemon->addCredential("machine", {"keytab", "", "", "sesame", "plain", ""});
    daemon->addCredential("old", {"", "", "", "", "", "it is damaged"});

    const RunResult people = ctl({"credential", "list"});
    const RunResult programs = ctl({"credential", "list", "--json"});

    EXPECT_EQ(people.out,
              "NAME     KIND      USER    DOMAIN  STORAGE\n"
              "lab      password  backup  LAB     encrypted\n"
              "machine  keytab    -       -       plain\n"
              "old      -         -       -       unusable: it is damaged\n");
    const json listed = json::parse(programs.out);
    EXPECT_EQ(listed["schema"], 1);
    EXPECT_EQ(listed["credentials"][0],
              json({{"name", "lab"},
                    {"kind", "password"},
                    {"user", "backup"},
                    {"domain", "LAB"},
                    {"storage", "encrypted"},
                    {"problem", nullptr}}));
    EXPECT_EQ(listed["credentials"][2]["problem"], "it is damaged");
    EXPECT_EQ(listed["credentials"][2]["storage"], nullptr);
    EXPECT_THAT(people.out + programs.out, Not(HasSubstr("sesame")));
}

TEST_F(CtlCredential, ListOfNoneSaysSo) {
    const RunResult result = ctl({"credential", "list"});

    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.err, "fsrvpctl: there are no credentials\n");
    EXPECT_EQ(json::parse(ctl({"credential", "list", "--json"}).out)["credentials"], json::array());
}

TEST_F(CtlCredential, RemoveForgetsIt) {
    daemon->addCredential("lab", {});

    EXPECT_EQ(ctl({"credential", "remove", "lab"}).exitCode, 0);
    EXPECT_TRUE(daemon->credentials().empty());
    EXPECT_EQ(ctl({"credential", "remove", "lab"}).exitCode, 3);
}

class CtlCredentialUsage : public CtlCredential, public testing::WithParamInterface<Argv> {};

TEST_P(CtlCredentialUsage, IsStatusTwo) {
    EXPECT_EQ(ctl(GetParam()).exitCode, 2);
    EXPECT_TRUE(daemon->credentials().empty());
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine,
    CtlCredentialUsage,
    testing::Values(
        Argv{"credential"},
        Argv{"credential", "set"},
        Argv{"credential", "set", "lab", "--password-stdin"},
        Argv{"credential", "set", "lab", "-u", "b", "--password-stdin", "--password-fd", "0"},
        Argv{"credential", "set", "lab", "-u", "b", "--password-stdin", "--keytab", "f"},
        Argv{"credential", "set", "lab", "-u", "b", "--password-fd", "0", "--keytab", "f"},
        Argv{"credential", "set", "lab", "-u", "b", "--password-fd", "-1"},
        Argv{"credential", "set", "lab", "-u", "b", "--password-fd", "99"},
        Argv{"credential", "set", "lab", "-u", "b", "sesame"},
        Argv{"credential", "set", "lab", "-u", "b", "--password", "sesame"},
        Argv{"credential", "list", "lab"},
        Argv{"credential", "remove"},
        Argv{"credential", "remove", "a", "b"}));

/// Where the password is asked for; script(1) is the terminal.
class CtlCredentialTerminal : public CtlCredential {
  protected:
    CtlCredentialTerminal()
        : process({"script",
                   "-qec",
                   // No shell stays around it: ^C would end that one too.
                   "exec " FSRVP_FSRVPCTL + std::string(" credential set lab -u backup"),
                   "/dev/null"},
                  environment(),
                  Process::Stdin::Pipe) {}

    bool shows(const std::string& text) const {
        return waitFor([&] { return process.out().find(text) != std::string::npos; }, seconds(20));
    }

    Process process;
};

TEST_F(CtlCredentialTerminal, AsksTwiceAndShowsNothing) {
    ASSERT_TRUE(shows("Password of backup: "));
    process.writeStdin("sesame\n");
    ASSERT_TRUE(shows("Password of backup, again: "));
    process.writeStdin("sesame\n");

    EXPECT_EQ(process.wait(seconds(20)), 0) << process.out();
    EXPECT_EQ(kept().secret, "sesame");
    EXPECT_THAT(process.out(), Not(HasSubstr("sesame")));
}

TEST_F(CtlCredentialTerminal, TwoThatDifferAreRefused) {
    ASSERT_TRUE(shows("Password of backup: "));
    process.writeStdin("sesame\n");
    ASSERT_TRUE(shows("again: "));
    process.writeStdin("sesami\n");

    EXPECT_EQ(process.wait(seconds(20)), 2);
    EXPECT_THAT(process.out(), HasSubstr("the two passwords differ"));
    EXPECT_THAT(process.out(), Not(HasSubstr("sesam")));
    EXPECT_TRUE(daemon->credentials().empty());
}

TEST_F(CtlCredentialTerminal, AnInterruptEndsIt) {
    ASSERT_TRUE(shows("Password of backup: "));
    process.writeStdin("\x03");

    EXPECT_EQ(process.wait(seconds(20)), 10) << process.out();
    EXPECT_TRUE(daemon->credentials().empty());
}

} // namespace
} // namespace fsrvp::test
