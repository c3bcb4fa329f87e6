// SPDX-License-Identifier: GPL-3.0-or-later
// Credentials as the installed product keeps them: encrypted by systemd-creds, which PID 1 runs.
#include "tests/guest/support/machine.hpp"
#include "tests/guest/support/server.hpp"
#include "tests/support/temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace fsrvp::test::guest {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Unit kDaemon("fsrvpd.service");
const Unit kSealSocket("fsrvp-seal.socket");
const std::filesystem::path kHostKey = "/var/lib/systemd/credential.secret";
const std::filesystem::path kServer = "/etc/fsrvpd/servers.d/lab.json";
constexpr const char* kSecret = "s3same-0pen-nowhere";
constexpr const char* kSecretInHex = "733373616d652d3070656e2d6e6f7768657265";

std::filesystem::path fileOf(const std::string& name) {
    return "/var/lib/fsrvpd/credentials/" + name;
}

RunResult runWithInput(const Argv& argv, const std::string& input) {
    Process process(argv, {}, Process::Stdin::Pipe);
    process.writeStdin(input);
    process.closeStdin();
    const auto status = process.wait(kPatience);
    return {status.value_or(-1), process.out(), process.err()};
}

RunResult set(const std::string& name, const std::string& user, const std::string& password) {
    return runWithInput(
        {"/usr/bin/fsrvpctl", "credential", "set", name, "-u", user, "--password-stdin"},
        password + "\n");
}

/// What follows the key in the guest's own credentials file.
std::string labCredential(const std::string& key) {
    for (const std::string& line : lines(readFile(credentialsFile()))) {
        if (line.starts_with(key + "=")) {
            return line.substr(key.size() + 1);
        }
    }
    return "";
}

class Credential : public testing::Test {
  protected:
    void SetUp() override {
        server_ = readFile(kServer);
        kDaemon.start();
    }

    void TearDown() override {
        kSealSocket.start();
        if (std::filesystem::exists("/root/key")) {
            std::filesystem::remove(kHostKey);
            std::filesystem::copy_file("/root/key", kHostKey);
            std::filesystem::remove("/root/key");
        }
        writeFile(kServer, server_);
        succeed({"systemctl", "reload", "fsrvpd.service"});
        const auto left = fsrvpctlJson({"credential", "list"})["credentials"];
        for (const auto& one : left) {
            fsrvpctl({"credential", "remove", one["name"].get<std::string>()});
        }
        succeed({"systemctl", "reset-failed"});
    }

    /// The guest's server is logged in to with that credential and no other.
    void useFor(const std::string& name) const {
        auto settings = nlohmann::json::parse(server_, nullptr, true, true);
        settings.erase("credentials_file");
        settings.erase("user");
        settings["credential"] = name;
        writeFile(kServer, settings.dump());
        succeed({"systemctl", "reload", "fsrvpd.service"});
    }

  private:
    std::string server_;
};

TEST_F(Credential, IsEncryptedWithAKeyOfThisHost) {
    const RunResult stored = set("lab", "backup", kSecret);

    ASSERT_EQ(stored.exitCode, 0) << stored.err;
    EXPECT_EQ(stored.out, "credential lab is stored, encrypted\n");
    EXPECT_TRUE(std::filesystem::exists(kHostKey)) << "it is made when there is none";
    const auto list = fsrvpctlJson({"credential", "list"})["credentials"];
    ASSERT_EQ(list.size(), 1U) << list;
    EXPECT_EQ(list[0]["storage"], "encrypted");
    const std::string text = readFile(fileOf("lab"));
    const RunResult opened = runWithInput({"systemd-creds", "decrypt", "--name=fsrvpd", "-", "-"},
                                          text.substr(text.find('\n') + 1));
    EXPECT_THAT(opened.out, testing::EndsWith(std::string("}\n") + kSecret));
}

TEST_F(Credential, IsNowhereInPlainText) {
    ASSERT_EQ(set("lab", "backup", kSecret).exitCode, 0);
    kDaemon.restart();
    ASSERT_EQ(set("lab", "backup", kSecret).exitCode, 0);
    const TempDir directory;
    const std::string patterns = directory.path() / "patterns";
    writeFile(patterns, std::string(kSecret) + "\n" + kSecretInHex + "\n");

    const RunResult found = run({"grep",
                                 "--recursive",
                                 "--files-with-matches",
                                 "--devices=skip",
                                 "--binary-files=text",
                                 "--fixed-strings",
                                 "--file=" + patterns,
                                 "/var/lib/fsrvpd",
                                 "/run",
                                 "/var/log"},
                                {},
                                kPatience);
    const std::string journal = succeed({"journalctl", "--boot", "--output=export"});

    EXPECT_EQ(found.out, "");
    EXPECT_EQ(found.exitCode, 1) << found.err;
    EXPECT_THAT(journal, HasSubstr("credential 'lab' was set by user 0"));
    EXPECT_EQ(journal.find(kSecret), std::string::npos);
    EXPECT_EQ(journal.find(kSecretInHex), std::string::npos);
}

TEST_F(Credential, LogsInAlsoAfterARestart) {
    ASSERT_EQ(set("lab", labCredential("username"), labCredential("password")).exitCode, 0);
    useFor("lab");
    const auto first = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(first.contains("snapshots")) << first;

    kDaemon.restart();

    EXPECT_EQ(fsrvpctl({"delete", "-q", first["snapshots"][0]["id"].dump()}).exitCode, 0);
    EXPECT_EQ(fsrvpctl({"credential", "remove", "lab"}).exitCode, 0);
    const auto without = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    EXPECT_THAT(without["error"]["message"].get<std::string>(),
                HasSubstr("there is no credential 'lab'"));
}

TEST_F(Credential, OfAnotherHostIsRefusedWithWhatToDo) {
    ASSERT_EQ(set("lab", labCredential("username"), labCredential("password")).exitCode, 0);
    useFor("lab");
    std::filesystem::copy_file(kHostKey, "/root/key");
    std::filesystem::remove(kHostKey);
    succeed({"systemd-creds", "setup"});

    const auto refused = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});

    ASSERT_TRUE(refused.contains("error")) << refused;
    EXPECT_THAT(refused["error"]["message"].get<std::string>(),
                HasSubstr("cannot use credential 'lab': systemd-creds cannot decrypt it"));
    EXPECT_THAT(refused["error"]["hint"].get<std::string>(),
                HasSubstr("journalctl -u 'fsrvp-open@*'"));
    EXPECT_THAT(succeed({"journalctl", "--boot", "--unit=fsrvp-open@*"}),
                HasSubstr("systemd-creds"));
    EXPECT_EQ(fsrvpctlJson({"credential", "list"})["credentials"][0]["storage"], "encrypted");
}

TEST_F(Credential, ThatCannotBeEncryptedIsNotStored) {
    ASSERT_EQ(set("other", "backup", "x").exitCode, 0); // there is a key now
    kSealSocket.stop();

    const RunResult refused = set("lab", "backup", kSecret);

    EXPECT_EQ(refused.exitCode, 1);
    EXPECT_THAT(refused.err, HasSubstr("cannot store credential 'lab': cannot reach the socket"));
    EXPECT_THAT(refused.err, HasSubstr("systemctl start fsrvp-seal.socket"));
    EXPECT_FALSE(std::filesystem::exists(fileOf("lab")));
}

TEST_F(Credential, LeavesNoFailedUnits) {
    ASSERT_EQ(set("lab", "backup", kSecret).exitCode, 0);

    EXPECT_THAT(failedUnits(), IsEmpty());
}

} // namespace
} // namespace fsrvp::test::guest
