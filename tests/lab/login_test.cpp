// SPDX-License-Identifier: GPL-3.0-or-later
// By each login that fsrvpd can be told of, whole: fsrvpctl, fsrvpd, agent, a real server and KDC.
#include "tests/support/daemon_fixture.hpp"
#include "tests/support/lab.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class LoginTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        LabOptions options;
        options.kerberos = true;
        theLab().emplace(options);
    }

    static void TearDownTestSuite() { theLab().reset(); }

    static std::optional<Lab>& theLab() {
        static std::optional<Lab> one;
        return one;
    }

    static Lab& lab() { return *theLab(); }

    static const LabRealm& realm() { return lab().realm(); }

    static std::string share(const std::string& host = realm().host) {
        return "//" + host + "/data";
    }

    /// fsrvpd, where the lab's server has its name, with these keys for it.
    void start(json keys) {
        keys["hosts"] = {realm().host, "127.0.0.1"};
        keys["port"] = lab().port();
        daemon.writeServer(keys);
        daemon.startIn({{"KRB5_CONFIG", realm().krb5Conf()}},
                       [](const Argv& argv) { return lab().withHosts(argv); });
    }

    /// Takes a snapshot, sees it in the list and on the server, and deletes it.
    void createListAndDelete(const Argv& more = {}) {
        Argv create{"create", "--no-mount", share()};
        create.insert(create.end(), more.begin(), more.end());
        const json made = daemon.ctlJson(create);
        ASSERT_TRUE(made.contains("snapshots") && made["snapshots"].size() == 1U) << made;
        EXPECT_FALSE(made.contains("error")) << made;
        const std::string exposed = made["snapshots"][0]["exposed"];
        EXPECT_THAT(lab().listShares(), testing::Contains(exposed));
        EXPECT_EQ(daemon.ctlJson({"list"})["snapshots"], made["snapshots"]);

        const json gone =
            daemon.ctlJson({"delete", std::to_string(made["snapshots"][0]["id"].get<int>())});

        EXPECT_FALSE(gone.contains("error")) << gone;
        EXPECT_THAT(lab().listShares(), testing::Not(testing::Contains(exposed)));
        EXPECT_EQ(daemon.ctlJson({"list"})["snapshots"], json::array());
    }

    /// Keeps root's password in the realm, or on the server, by that name.
    void keep(const std::string& name, const std::string& user, const std::string& password) {
        const std::filesystem::path file = daemon.dir() / "secret";
        std::ofstream(file) << password;
        const RunResult kept =
            run({"bash",
                 "-c",
                 R"("$0" credential set "$1" --user "$2" --password-stdin <"$3")",
                 daemon.dir() / "fsrvpctl",
                 name,
                 user,
                 file},
                daemon.environment());
        EXPECT_EQ(kept.exitCode, 0) << kept.err;
    }

    static std::string passwordOf(Lab::User user) {
        const std::string text = lab().credentialsText(user);
        const std::size_t begin = text.find("password=") + 9;
        return text.substr(begin, text.find('\n', begin) - begin);
    }

    /// The line of `check` by that name.
    static json line(const json& checked, const std::string& name) {
        for (const json& one : checked["checks"]) {
            if (one["name"] == name) {
                return one;
            }
        }
        ADD_FAILURE() << "no line " << name << " in " << checked;
        return {};
    }

    Daemon daemon;
};

struct Keys {
    const char* name; ///< of the test
    json (*keys)(const Lab& lab);
};

void PrintTo(const Keys& keys, std::ostream* out) {
    *out << keys.name;
}

class EachLogin : public LoginTest, public testing::WithParamInterface<Keys> {};

TEST_P(EachLogin, CreatesListsAndDeletes) {
    start(GetParam().keys(lab()));

    createListAndDelete();
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    EachLogin,
    testing::Values(
        Keys{"Ntlm",
             [](const Lab& lab) {
                 return json{{"credentials_file", lab.credentialsFile()}};
             }},
        Keys{"NtlmByNegotiate",
             [](const Lab& lab) {
                 return json{{"credentials_file", lab.credentialsFile()}, {"auth", "negotiate"}};
             }},
        Keys{"NtlmAtIntegrity",
             [](const Lab& lab) {
                 return json{{"credentials_file", lab.credentialsFile()},
                             {"rpc_protection", "integrity"}};
             }},
        Keys{"KerberosByKeytab",
             [](const Lab& lab) {
                 return json{{"keytab", lab.realm().keytab("root")}};
             }},
        Keys{"KerberosByTheMachinesKeytab",
             [](const Lab& lab) {
                 return json{{"keytab", lab.realm().keytab("client")}};
             }},
        Keys{"KerberosByNegotiate",
             [](const Lab& lab) {
                 return json{{"keytab", lab.realm().keytab("root")}, {"auth", "negotiate"}};
             }}),
    [](const auto& keys) { return keys.param.name; });

TEST_F(LoginTest, ByACredentialThatServersDNames) {
    start({{"credential", "lab"}});
    keep("lab", "root", passwordOf(Lab::User::Root));

    createListAndDelete();
}

TEST_F(LoginTest, ByACredentialThatTheCallerNames) {
    start(json::object());
    keep("lab", "root", passwordOf(Lab::User::Root));

    createListAndDelete({"--credential", "lab"});
    const json unknown = daemon.ctlJson({"create", share(), "--credential", "nosuch"});
    EXPECT_EQ(unknown["error"]["name"], "org.fsrvpd1.Error.NotFound") << unknown;
}

TEST_F(LoginTest, ByKerberosWithAPasswordThatIsKept) {
    start({{"auth", "kerberos"}, {"credential", "lab"}});
    keep("lab", "root", realm().passwords.at("root"));

    createListAndDelete();
}

TEST_F(LoginTest, CheckSaysHowItGoes) {
    start({{"keytab", realm().keytab("root")}});

    const json checked = daemon.ctlJson({"check", share()});

    EXPECT_FALSE(checked.contains("error")) << checked;
    for (const json& one : checked["checks"]) {
        EXPECT_EQ(one["verdict"], "ok") << one;
    }
    EXPECT_EQ(line(checked, "authentication")["text"], "as root@" + realm().name + ", by kerberos");
    EXPECT_EQ(line(checked, "dialect")["text"], "SMB 3.1.1, encrypted");
    EXPECT_THAT(line(checked, "workers")["cure"].get<std::string>(), HasSubstr("num_workers"));
    EXPECT_THAT(line(checked, "workers")["cure"].get<std::string>(), HasSubstr("lock directory"));
    EXPECT_EQ(line(checked, "owner")["text"], "'LABSRV', this server");
    EXPECT_EQ(lab().listShares(), std::vector<std::string>());
}

TEST_F(LoginTest, CheckOfAWrongPasswordSaysWhatToDoAndWhere) {
    start({{"credential", "lab"}});
    keep("lab", "root", "wrong");

    const RunResult result = daemon.ctl({"check", share()});

    EXPECT_EQ(result.exitCode, 4);
    EXPECT_THAT(result.out, HasSubstr("authentication  failed"));
    EXPECT_THAT(result.out, HasSubstr("rpc             not-tried"));
    EXPECT_THAT(result.out, HasSubstr("on this host: "));
    EXPECT_THAT(result.err, HasSubstr("hint: "));
}

TEST_F(LoginTest, CheckOfAnAccountWithoutRightsNamesTheServersGroups) {
    start({{"credentials_file", lab().credentialsFile(Lab::User::Nobody)}});

    const RunResult result = daemon.ctl({"check", share()});

    EXPECT_EQ(result.exitCode, 4);
    EXPECT_THAT(result.out, HasSubstr("authentication  ok"));
    EXPECT_THAT(result.out, HasSubstr("permission      failed"));
    EXPECT_THAT(result.out + result.err, HasSubstr("Backup Operators"));
}

TEST_F(LoginTest, TestOfACredentialLogsIn) {
    start(json::object());
    keep("lab", "root", passwordOf(Lab::User::Root));
    keep("wrong", "root", "wrong");

    const json good = daemon.ctlJson({"credential", "test", "lab", realm().host});
    EXPECT_FALSE(good.contains("error")) << good;
    EXPECT_EQ(line(good, "permission")["verdict"], "ok");
    EXPECT_EQ(daemon.ctl({"credential", "test", "wrong", realm().host}).exitCode, 4);
}

TEST_F(LoginTest, AnAddressIsRefusedUnderKerberos) {
    start({{"keytab", realm().keytab("root")}});

    const RunResult result = daemon.ctl({"create", "--no-mount", share("127.0.0.1")});

    EXPECT_EQ(result.exitCode, 4) << result.err;
    EXPECT_THAT(result.err, HasSubstr("address"));
    EXPECT_THAT(result.err, HasSubstr("hint: "));
}

TEST_F(LoginTest, AServerThatIsDownIsUnreachableAndItsNameUnknownIsSaid) {
    start({{"credentials_file", lab().credentialsFile()}});

    EXPECT_EQ(daemon.ctl({"check", "smb://" + realm().host + ":1/data"}).exitCode, 9);
}

TEST(DfsNamespace, IsRefusedWithTheReason) {
    LabOptions options;
    options.settings.emplace_back("msdfs root = yes"); // of each share that does not say otherwise
    const Lab lab(options);
    Daemon daemon;
    daemon.writeLab(lab);
    daemon.start();

    const RunResult created = daemon.ctl({"create", "--no-mount", "//127.0.0.1/data"});

    EXPECT_EQ(created.exitCode, 5);
    EXPECT_THAT(created.err, HasSubstr("is the root of a DFS namespace"));
    EXPECT_THAT(created.err, HasSubstr("name the server and share that the path leads to"));
    EXPECT_EQ(daemon.ctl({"check", "//127.0.0.1/data"}).exitCode, 5);
    EXPECT_EQ(lab.listShares(), std::vector<std::string>());
}

} // namespace
} // namespace fsrvp::test
