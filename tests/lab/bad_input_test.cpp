// SPDX-License-Identifier: GPL-3.0-or-later
// What people get wrong: each has its own message and exit status, soon, and leaves nothing.
#include "tests/lab/lab_fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Two seconds to connect by Daemon::writeLab(), and what starting processes takes on a busy host.
constexpr milliseconds kConnectTime(2000);
constexpr milliseconds kSlack(2500);

/// A port on loopback that takes connections, if it listens, and says nothing.
class SilentPort {
  public:
    enum class Listens { No, Yes };

    explicit SilentPort(Listens listens)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        if (::bind(socket_.get(), generic, size) != 0 ||
            ::getsockname(socket_.get(), generic, &size) != 0 ||
            (listens == Listens::Yes && ::listen(socket_.get(), 8) != 0)) {
            throw std::runtime_error("cannot make a port");
        }
        port_ = ntohs(address.sin_port);
    }

    std::uint16_t port() const noexcept { return port_; }

  private:
    UniqueFd socket_;
    std::uint16_t port_ = 0;
};

class BadInput : public LabTest {
  protected:
    /// fsrvpctl fails in time, as a person and as a program see it, and nothing is left.
    /// Gives what a person sees.
    std::string expectFailure(const Argv& arguments, int status, const std::string& name) {
        Argv quiet = arguments;
        quiet.insert(quiet.begin(), "-q");
        const auto begin = steady_clock::now();
        const RunResult people = daemon->ctl(quiet);
        EXPECT_LT(steady_clock::now() - begin, kConnectTime + kSlack) << people.err;
        EXPECT_EQ(people.exitCode, status) << people.err;
        EXPECT_EQ(people.out, "");
        EXPECT_THAT(people.err, StartsWith("fsrvpctl: "));

        Argv asJson = quiet;
        asJson.insert(asJson.begin(), "--json");
        const RunResult programs = daemon->ctl(asJson);
        EXPECT_EQ(programs.exitCode, status);
        EXPECT_EQ(programs.err, "");
        const json document = json::parse(programs.out);
        EXPECT_EQ(document["schema"], 1);
        EXPECT_EQ(document["error"]["name"], "org.fsrvpd1.Error." + name);
        hresult = document["error"]["hresult"];
        return people.err;
    }

    std::string expectCreateFails(const std::string& source, int status, const std::string& name) {
        const std::string message = expectFailure({"create", "--no-mount", source}, status, name);
        expectNothingLeft();
        return message;
    }

    /// A fresh configuration for the server.
    void useSettings(const json& changes = json::object()) {
        daemon->stop();
        daemon->writeLab(lab(), changes);
        daemon->start();
    }

    void useCredentials(const std::string& text) {
        const std::filesystem::path path = daemon->dir() / "credentials";
        std::ofstream(path) << text;
        std::filesystem::permissions(
            path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        useSettings({{"credentials_file", path}});
    }

    json hresult; ///< of the last failure
};

TEST_F(BadInput, UnknownShareIsNotFoundAndTheOthersAreListed) {
    const std::string said = expectCreateFails(unc("dta"), 3, "NotFound");

    EXPECT_THAT(said,
                AllOf(HasSubstr("has no share 'dta'"),
                      HasSubstr("data, datab, datac"),
                      HasSubstr("my data"),
                      HasSubstr("süß日")));
    EXPECT_EQ(hresult, "0x80070057");
}

TEST_F(BadInput, UnknownHostIsUnreachable) {
    daemon->writeServer(json{{"hosts", {"*.invalid"}},
                             {"credentials_file", lab().credentialsFile()},
                             {"timeouts", {{"connect_sec", 2}}}},
                        "invalid");
    useSettings();

    EXPECT_THAT(expectCreateFails("//nowhere.invalid/data", 9, "NameNotResolved"),
                HasSubstr("cannot find the address of host 'nowhere.invalid'"));
}

TEST_F(BadInput, ClosedPortIsUnreachable) {
    const SilentPort closed(SilentPort::Listens::No);
    useSettings({{"port", closed.port()}});

    EXPECT_THAT(expectCreateFails(unc("data"), 9, "Unreachable"),
                AllOf(HasSubstr("127.0.0.1:" + std::to_string(closed.port())),
                      HasSubstr("Connection refused")));
}

TEST_F(BadInput, HostThatNeverAnswersTimesOut) {
    const SilentPort silent(SilentPort::Listens::Yes);
    useSettings({{"port", silent.port()}});

    EXPECT_THAT(expectCreateFails(unc("data"), 8, "TimedOut"),
                HasSubstr("did not answer within 2 s"));
}

TEST_F(BadInput, FrozenServerTimesOut) {
    lab().freeze();
    const std::string said = expectFailure({"create", "--no-mount", unc("data")}, 8, "TimedOut");
    lab().thaw();

    EXPECT_THAT(said, HasSubstr("did not answer within 2 s"));
    expectNothingLeft();
    create({"data"});
    deleteAll();
    expectNothingLeft();
}

TEST_F(BadInput, WrongPasswordFailsToAuthenticate) {
    useCredentials("username=root\npassword=wrong\n");

    const std::string said = expectCreateFails(unc("data"), 4, "AuthenticationFailed");

    EXPECT_THAT(said,
                AllOf(HasSubstr("password is wrong"),
                      HasSubstr("NT_STATUS_LOGON_FAILURE"),
                      Not(HasSubstr("password=wrong"))));
}

TEST_F(BadInput, UserWithoutBackupRightsIsDenied) {
    useSettings({{"credentials_file", lab().credentialsFile(Lab::User::Nobody)}});

    EXPECT_THAT(expectCreateFails(unc("data"), 4, "AccessDenied"),
                AllOf(HasSubstr("E_ACCESSDENIED"), HasSubstr("Backup Operators")));
    EXPECT_EQ(hresult, "0x80070005");
}

TEST_F(BadInput, ShareThatCannotBeSnapshottedIsNotSupported) {
    const std::string said = expectCreateFails(unc("plain"), 5, "NotSupported");

    EXPECT_THAT(
        said,
        AllOf(HasSubstr("can't take snapshots"), HasSubstr(unc("plain")), HasSubstr("hint: ")));
    EXPECT_EQ(hresult, "0x8004230c");
}

TEST_F(BadInput, SourceThatIsNoUncIsRefused) {
    for (const char* source : {"//", "//127.0.0.1", "///data"}) {
        EXPECT_THAT(expectCreateFails(source, 2, "InvalidSource"), HasSubstr("is no share"));
    }
}

TEST_F(BadInput, PathThatIsOnNoShareIsRefused) {
    for (const char* source : {"/mnt/none", "data", "C:\\data"}) {
        EXPECT_THAT(expectCreateFails(source, 2, "InvalidSource"), HasSubstr("cannot find"));
    }
    EXPECT_THAT(expectCreateFails("/", 2, "InvalidSource"), HasSubstr("not on a cifs mount"));
}

TEST_F(BadInput, DirectoryInAShareMeansTheWholeShare) {
    const json made = create({"data/dir"})[0];

    EXPECT_EQ(made["share"], "data");
    EXPECT_EQ(readExposed(made["exposed"]), readExposed("data"));
    deleteAll();
    expectNothingLeft();
}

TEST_F(BadInput, SourceNamedTwiceIsRefused) {
    EXPECT_THAT(
        expectFailure({"create", "--no-mount", unc("data"), unc("DATA")}, 2, "InvalidArgument"),
        HasSubstr("was named twice"));
    expectNothingLeft();
}

TEST_F(BadInput, HostWithoutCredentialsIsNamed) {
    EXPECT_THAT(expectCreateFails("//127.0.0.2/data", 4, "NoCredential"),
                AllOf(HasSubstr("no credentials for server 127.0.0.2"), HasSubstr("servers.d")));
}

TEST_F(BadInput, EmptyUserNameIsRefusedBeforeTheServerIsAsked) {
    useCredentials("username=\npassword=anything\n");

    EXPECT_THAT(expectCreateFails(unc("data"), 4, "NoCredential"), HasSubstr("no user name"));
    EXPECT_TRUE(daemon->agents().empty());
}

TEST_F(BadInput, MissingCredentialsFileIsNamed) {
    useSettings({{"credentials_file", "/nonexistent/credentials"}});

    EXPECT_THAT(expectCreateFails(unc("data"), 1, "Configuration"),
                HasSubstr("/nonexistent/credentials"));
}

TEST_F(BadInput, DeletedSnapshotCannotBeDeletedAgain) {
    create({"data"});
    deleteAll();

    EXPECT_THAT(expectFailure({"delete", "1"}, 3, "NotFound"), HasSubstr("was deleted already"));
    expectNothingLeft();
}

TEST_F(BadInput, MalformedGuidIsRefused) {
    for (const char* id : {"{3f2a}", "3f2a0000-0000-0000-0000-0000000000000", "-1"}) {
        EXPECT_THAT(expectFailure({"delete", "--", id}, 2, "InvalidArgument"),
                    HasSubstr("is no snapshot's number, GUID, beginning of a GUID"));
    }
    EXPECT_THAT(expectFailure({"delete", ""}, 2, "InvalidArgument"), HasSubstr("names nothing"));
}

TEST_F(BadInput, WhatLooksLikeNoIdIsAPath) {
    for (const char* path : {"3f2ax", "3f2a0000-0000-0000-0000-00000000000g", "/mnt/no"}) {
        EXPECT_THAT(expectFailure({"delete", path}, 3, "NotFound"),
                    HasSubstr("is no mount point of a snapshot"));
    }
}

TEST_F(BadInput, UnknownNumberAndGuidAreNotFound) {
    for (const char* id : {"99", "3f2a0000-0000-0000-0000-000000000000", "3f2a"}) {
        EXPECT_THAT(expectFailure({"delete", id}, 3, "NotFound"),
                    HasSubstr("there is no snapshot '" + std::string(id) + "'"));
        EXPECT_THAT(expectFailure({"show", id}, 3, "NotFound"), HasSubstr("there is no snapshot"));
    }
}

using BrokenConfiguration = BadInput;

const char* const kBroken = "{\n    \"hosts\": [\"127.0.0.1\"],\n    \"prot\": 445\n}\n";

TEST_F(BrokenConfiguration, AtStartIsNamedByCreateAndMendedByHup) {
    daemon->stop();
    daemon->writeServerText(kBroken);
    daemon->start();

    EXPECT_EQ(daemon->ctl({"list"}).exitCode, 0);
    const std::string said =
        expectFailure({"create", "--no-mount", unc("data")}, 1, "Configuration");
    EXPECT_THAT(said, AllOf(HasSubstr("servers.d/lab.json:3"), HasSubstr("'prot'")));
    EXPECT_THAT(daemon->log(), HasSubstr("servers.d/lab.json:3"));
    expectNothingLeft();

    daemon->writeLab(lab());
    daemon->reload();
    EXPECT_TRUE(waitFor(
        [this] { return daemon->log().find("read the configuration anew") != std::string::npos; },
        std::chrono::seconds(5)));
    create({"data"});
    deleteAll();
    expectNothingLeft();
}

TEST_F(BrokenConfiguration, AtHupLeavesWhatThereWas) {
    daemon->writeServerText(kBroken);
    daemon->reload();
    EXPECT_TRUE(
        waitFor([this] { return daemon->log().find("servers.d/lab.json:3") != std::string::npos; },
                std::chrono::seconds(5)));

    create({"data"});
    deleteAll();
    expectNothingLeft();
}

TEST_F(BrokenConfiguration, FileThatOthersCanWriteIsRefusedByName) {
    std::filesystem::permissions(daemon->configDir() / "servers.d" / "lab.json",
                                 std::filesystem::perms::others_write,
                                 std::filesystem::perm_options::add);
    daemon->stop();
    daemon->start();

    EXPECT_THAT(expectFailure({"create", "--no-mount", unc("data")}, 1, "Configuration"),
                HasSubstr("servers.d/lab.json"));
}

} // namespace
} // namespace fsrvp::test
