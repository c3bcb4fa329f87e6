// SPDX-License-Identifier: GPL-3.0-or-later
// Credentials that a real fsrvpd keeps, without systemd and so not encrypted. Needs root, to be an
// ordinary user too.
#include "tests/support/daemon_fixture.hpp"
#include "tests/support/wait_for.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

using Dict = std::map<std::string, sdbus::Variant>;

constexpr const char* kSecret = "s3same-0pen";
constexpr const char* kSecretInHex = "733373616d652d3070656e";
constexpr uid_t kNobody = 65534;

std::string readFile(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

/// Processes with that text in their command line or environment, but this one.
std::vector<std::string> processesThatShow(const std::string& text) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string pid = entry.path().filename();
        if (pid.find_first_not_of("0123456789") != std::string::npos ||
            pid == std::to_string(::getpid())) {
            continue;
        }
        if ((readFile(entry.path() / "cmdline") + readFile(entry.path() / "environ")).find(text) !=
            std::string::npos) {
            found.push_back(pid);
        }
    }
    return found;
}

struct Pipe {
    /// With that in it.
    explicit Pipe(const std::string& text) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0 ||
            ::write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            throw std::runtime_error("no pipe");
        }
        reader = UniqueFd(ends[0]);
        writer = UniqueFd(ends[1]);
    }

    UniqueFd reader;
    UniqueFd writer;
};

class DaemonCredential : public testing::Test {
  protected:
    void SetUp() override { daemon.start(); }

    std::filesystem::path file(const std::string& name) const {
        return daemon.dir() / "state" / "credentials" / name;
    }

    /// fsrvpctl that waits for the password on its stdin.
    std::unique_ptr<Process> startSet(const std::string& name, const Argv& more = {}) const {
        Argv argv{FSRVP_FSRVPCTL, "credential", "set", name, "--password-stdin"};
        argv.insert(argv.end(), more.begin(), more.end());
        return std::make_unique<Process>(argv, daemon.environment(), Process::Stdin::Pipe);
    }

    RunResult set(const std::string& name, const std::string& password) const {
        const auto process = startSet(name, {"--user", "backup", "--domain", "LAB"});
        process->writeStdin(password);
        process->closeStdin();
        const auto status = process->wait(seconds(20));
        return {status.value_or(-1), process->out(), process->err()};
    }

    static std::unique_ptr<sdbus::IProxy> manager(sdbus::IConnection& connection) {
        return sdbus::createProxy(connection, "org.fsrvpd1", "/org/fsrvpd1");
    }

    /// The error's name and message; both empty when it worked.
    static std::pair<std::string, std::string>
    call(sdbus::IConnection& connection, const std::string& name, int fd, const Dict& options) {
        try {
            manager(connection)
                ->callMethod("SetCredential")
                .onInterface("org.fsrvpd1.Manager")
                .withArguments(name, sdbus::UnixFd(fd), options);
            return {};
        } catch (const sdbus::Error& error) {
            return {error.getName(), error.getMessage()};
        }
    }

    Daemon daemon;
};

TEST_F(DaemonCredential, IsKeptListedAndForgotten) {
    const RunResult stored = set("lab", std::string(kSecret) + "\n");

    EXPECT_EQ(stored.exitCode, 0) << stored.err;
    EXPECT_EQ(stored.out, "credential lab is stored, in plain text that only root may read\n");
    daemon.stop();
    daemon.start();
    EXPECT_EQ(daemon.ctlJson({"credential", "list"})["credentials"],
              json::parse(R"([{"name": "lab", "kind": "password", "user": "backup",
                               "domain": "LAB", "storage": "plain", "problem": null}])"));
    EXPECT_EQ(daemon.ctl({"credential", "remove", "lab"}).exitCode, 0);
    EXPECT_EQ(daemon.ctl({"credential", "remove", "lab"}).exitCode, 3);
    EXPECT_EQ(daemon.ctlJson({"credential", "list"})["credentials"], json::array());
    EXPECT_FALSE(std::filesystem::exists(file("lab")));
}

TEST_F(DaemonCredential, LiesInAFileThatOnlyRootReads) {
    set("lab", std::string(kSecret) + "\n");

    struct stat status {};

    ASSERT_EQ(::stat(file("lab").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    ASSERT_EQ(::stat(file("").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0700U);
    EXPECT_THAT(readFile(file("lab")), testing::EndsWith(std::string(kSecretInHex) + "\n"))
        << "one newline is dropped";
}

TEST_F(DaemonCredential, IsSeenByNobodyOnItsWay) {
    // What the bus carries, to the last message.
    Process monitor(
        {"dbus-monitor", "--address", daemon.environment().at("DBUS_SYSTEM_BUS_ADDRESS")}, {});
    ASSERT_TRUE(
        waitFor([&] { return monitor.out().find("NameLost") != std::string::npos; }, seconds(10)));
    const auto process = startSet("lab", {"--user", "backup"});
    process->writeStdin(kSecret);

    EXPECT_THAT(processesThatShow(kSecret), testing::IsEmpty());
    process->closeStdin();
    EXPECT_EQ(process->wait(seconds(20)), 0) << process->err();
    EXPECT_THAT(processesThatShow(kSecret), testing::IsEmpty());
    daemon.ctl({"credential", "list"});
    daemon.ctl({"credential", "remove", "lab"});

    ASSERT_TRUE(waitFor([&] { return monitor.out().find("RemoveCredential") != std::string::npos; },
                        seconds(10)));
    EXPECT_THAT(monitor.out(), HasSubstr("SetCredential"));
    EXPECT_THAT(monitor.out(), HasSubstr("string \"lab\""));
    for (const std::string& seen : {monitor.out(), daemon.log(), process->out() + process->err()}) {
        EXPECT_THAT(seen, Not(HasSubstr(kSecret)));
        EXPECT_THAT(seen, Not(HasSubstr(kSecretInHex)));
    }
    EXPECT_THAT(daemon.log(), HasSubstr("credential 'lab' was set by user 0"));
}

TEST_F(DaemonCredential, ThatIsWrongIsRefusedAndNotQuoted) {
    const auto connection = daemon.connectBus();
    const std::string two = std::string(kSecret) + "\nsecond line";
    const Dict user{{"user", "backup"}};
    Dict keytab = user;
    keytab["kind"] = "keytab";

    struct Case {
        std::string name;
        std::string secret;
        Dict options;
    };

    for (const Case& each : {Case{"lab", two, user},
                             Case{"lab", std::string(kSecret) + std::string("\0", 1), user},
                             Case{"lab", kSecret + std::string(5000, 'x'), user},
                             Case{"lab", "", user},
                             Case{"lab", kSecret, {}},
                             Case{"lab", kSecret, keytab},
                             Case{"../lab", kSecret, user},
                             Case{"", kSecret, user},
                             Case{"lab", kSecret, {{"user", "b"}, {"kind", "ticket"}}},
                             Case{"lab", kSecret, {{"user", "b"}, {"colour", "red"}}},
                             Case{"lab", kSecret, {{"user", std::uint32_t{7}}}}}) {
        Pipe pipe(each.secret);
        pipe.writer.reset();

        const auto [error, message] = call(*connection, each.name, pipe.reader.get(), each.options);

        EXPECT_EQ(error, "org.fsrvpd1.Error.InvalidArgument") << message;
        EXPECT_THAT(message, Not(HasSubstr(kSecret)));
    }
    EXPECT_TRUE(std::filesystem::is_empty(file("")));
    EXPECT_THAT(daemon.log(), Not(HasSubstr(kSecret)));
}

TEST_F(DaemonCredential, OfAnOrdinaryUserIsNotEvenRead) {
    set("lab", kSecret);
    ASSERT_EQ(::seteuid(kNobody), 0);
    const auto connection = daemon.connectBus();
    ASSERT_EQ(::seteuid(0), 0);
    Pipe pipe("what nobody sent");
    pipe.writer.reset();

    const auto [error, message] = call(*connection, "lab", pipe.reader.get(), {{"user", "nobody"}});

    EXPECT_EQ(error, "org.fsrvpd1.Error.NotAuthorized");
    EXPECT_THAT(message, HasSubstr("user 65534 may not manage credentials"));
    std::array<char, 64> left{};
    EXPECT_EQ(::read(pipe.reader.get(), left.data(), left.size()), 16);
    EXPECT_EQ(daemon.ctlJson({"credential", "list"})["credentials"][0]["user"], "backup");
    for (const Argv& arguments :
         {Argv{"credential", "list"}, Argv{"credential", "remove", "lab"}}) {
        EXPECT_EQ(run(daemon.ctlAsNobody(arguments), daemon.environment()).exitCode, 4);
    }
}

TEST_F(DaemonCredential, ThatDoesNotEndHoldsUpNobody) {
    const auto connection = daemon.connectBus();
    const auto proxy = manager(*connection);
    Pipe pipe(kSecret);
    const auto fds = daemon.openFds();

    proxy->callMethodAsync("SetCredential")
        .onInterface("org.fsrvpd1.Manager")
        .withArguments("lab", sdbus::UnixFd(pipe.reader.get()), Dict{{"user", "backup"}})
        .uponReplyInvoke([](const sdbus::Error*) {});
    ASSERT_TRUE(waitFor([&] { return daemon.openFds() > fds; }, seconds(10)));

    EXPECT_EQ(daemon.ctl({"credential", "list"}).exitCode, 0);
    daemon.stop(seconds(2));
    EXPECT_TRUE(std::filesystem::is_empty(file("")));
}

/// Of the methods that log in with one.
class DaemonCheck : public DaemonCredential {
  protected:
    /// The error's name; empty when a job was begun.
    template <class Subject>
    std::string begin(const char* method, const Subject& subject, const Dict& options) const {
        const auto connection = daemon.connectBus();
        try {
            manager(*connection)
                ->callMethod(method)
                .onInterface("org.fsrvpd1.Manager")
                .withArguments(subject, options);
            return {};
        } catch (const sdbus::Error& error) {
            return error.getName();
        }
    }

    static constexpr const char* kInvalid = "org.fsrvpd1.Error.InvalidArgument";
    static const inline std::string kShare = "//fs1/data";
    static const inline std::string kName = "lab";
    static const inline Dict kServer{{"server", std::string("fs1")}};
};

TEST_F(DaemonCheck, IsForAdministrators) {
    const Argv check{"check", kShare};
    const Argv test{"credential", "test", kName, "fs1"};

    for (const Argv& arguments : {check, test}) {
        const RunResult result = run(daemon.ctlAsNobody(arguments), daemon.environment());
        EXPECT_EQ(result.exitCode, 4);
        EXPECT_EQ(result.out, "");
        EXPECT_THAT(result.err, HasSubstr("user 65534 may not "));
    }
    EXPECT_EQ(daemon.sql("SELECT id FROM job"), json::array());
}

TEST_F(DaemonCheck, RefusesOptionsThatItDoesNotKnow) {
    const std::vector<std::string> shares{kShare};
    const Dict number{{"credential", std::uint32_t{7}}};
    Dict more = kServer;
    more["credential"] = kName;

    EXPECT_EQ(begin("CheckSource", kShare, {{"colour", kName}}), kInvalid);
    EXPECT_EQ(begin("CheckSource", kShare, number), kInvalid);
    EXPECT_EQ(begin("CheckSource", kShare, {{"timeout_sec", kName}}), kInvalid);
    EXPECT_EQ(begin("CreateSnapshot", shares, number), kInvalid);
    EXPECT_EQ(begin("TestCredential", kName, {}), kInvalid);
    EXPECT_EQ(begin("TestCredential", kName, {{"server", std::uint32_t{7}}}), kInvalid);
    EXPECT_EQ(begin("TestCredential", kName, more), kInvalid);
    EXPECT_EQ(daemon.sql("SELECT id FROM job"), json::array());
}

TEST_F(DaemonCheck, RefusesAServerThatIsNone) {
    for (const std::string server : {"", " ", "fs1:0", "fs1:70000", "fs1\n"}) {
        EXPECT_NE(begin("TestCredential", kName, {{"server", server}}), "") << "'" << server << "'";
    }
}

TEST_F(DaemonCheck, OfACredentialThatThereIsNotTriesNothingElse) {
    for (const Argv& arguments :
         {Argv{"check", kShare, "--credential", kName}, Argv{"credential", "test", kName, "fs1"}}) {
        const json found = daemon.ctlJson(arguments);

        EXPECT_EQ(daemon.ctl(arguments).exitCode, 3);
        EXPECT_EQ(found["error"]["name"], "org.fsrvpd1.Error.NotFound") << found;
        ASSERT_GE(found["checks"].size(), 2U) << found;
        EXPECT_EQ(found["checks"][0]["name"], "credential");
        EXPECT_EQ(found["checks"][0]["verdict"], "failed");
        EXPECT_THAT(found["checks"][0]["cure"].get<std::string>(), HasSubstr("credential list"));
        EXPECT_EQ(found["checks"][0]["machine"], "this host");
        for (std::size_t i = 1; i < found["checks"].size(); ++i) {
            EXPECT_EQ(found["checks"][i]["verdict"], "not-tried");
        }
    }
    EXPECT_EQ(daemon.ctl({"create", "-q", "--no-mount", kShare, "--credential", kName}).exitCode,
              3);
}

} // namespace
} // namespace fsrvp::test
