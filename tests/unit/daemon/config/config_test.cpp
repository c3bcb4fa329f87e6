// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/config/config.hpp"
#include "tests/unit/daemon/config/config_dir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <string>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;
using test::ConfigDir;

constexpr const char* kGoodServer = R"(// the lab
{
    "hosts": ["Win2k12", "*.Lab.Example", "fe80::1"],
    "port": 1445, /* not the usual one */
    "auth": "ntlm",
    "user": "Jürgen",
    "domain": "LAB",
    "credentials_file": "/etc/fsrvpd/lab.cred",
    "encryption": "preferred",
    "rpc_protection": "integrity",
    "follow_owner": "never",
    "timeouts": {"connect_sec": 1, "call_sec": 2, "prepare_sec": 3, "commit_sec": 4,
                 "expose_sec": 86400, "workers_end_sec": 0}
}
)";

Error failureOf(const std::function<void()>& act) {
    try {
        act();
    } catch (const Error& error) {
        return error;
    }
    return Error(Errc::Failed, "no failure");
}

/// The message of load() without the directory's name.
std::string problemsOf(const ConfigDir& dir) {
    const Error failure = failureOf([&] { Config::load(dir.path()); });
    std::string message = failure.what();
    for (std::size_t at = 0; (at = message.find(dir.path() + "/")) != std::string::npos;) {
        message.erase(at, dir.path().size() + 1);
    }
    return message;
}

TEST(Config, HasDefaultsWithoutADirectory) {
    const Config config = Config::load("/nonexistent/fsrvpd");

    EXPECT_EQ(config.defaultTimeout(), 600s);
    EXPECT_EQ(config.maxJobs(), 100U);
    EXPECT_EQ(config.settings("fs1").port, 445);
    EXPECT_EQ(config.settings("fs1").timeouts, Timeouts{});
    EXPECT_EQ(config.settings("fs1").encryption, SmbEncryption::Required);
    EXPECT_EQ(config.settings("fs1").rpcProtection, RpcProtection::Privacy);
    EXPECT_EQ(config.settings("fs1").followOwner, FollowOwner::SameDomain);
}

TEST(Config, ReadsAllKeys) {
    const ConfigDir dir;
    dir.write("config.json", R"({"default_timeout_sec": 60, "max_jobs": 7})");
    dir.write("servers.d/lab.json", kGoodServer);

    const Config config = Config::load(dir.path());
    const ServerSettings& server = config.settings("win2k12");

    EXPECT_EQ(config.defaultTimeout(), 60s);
    EXPECT_EQ(config.maxJobs(), 7U);
    EXPECT_EQ(server.hosts, (std::vector<std::string>{"win2k12", "*.lab.example", "fe80::1"}));
    EXPECT_EQ(server.port, 1445);
    EXPECT_EQ(server.user, "Jürgen");
    EXPECT_EQ(server.domain, "LAB");
    EXPECT_EQ(server.credentialsFile, "/etc/fsrvpd/lab.cred");
    EXPECT_EQ(server.auth, Auth::Ntlm);
    EXPECT_EQ(server.encryption, SmbEncryption::Preferred);
    EXPECT_EQ(server.rpcProtection, RpcProtection::Integrity);
    EXPECT_EQ(server.followOwner, FollowOwner::Never);
    EXPECT_EQ(server.timeouts, (Timeouts{1s, 2s, 3s, 4s, 86400s, 0s}));
}

TEST(Config, ReadsOnlyJsonFilesThatAreNotHidden) {
    const ConfigDir dir;
    dir.write("servers.d/a.json.bak", "not JSON");
    dir.write("servers.d/.a.json", "not JSON");
    dir.write("servers.d/README", "not JSON");

    EXPECT_NO_THROW(Config::load(dir.path()));
}

TEST(Config, PrefersAnExactNameAndThenTheFirstFile) {
    const ConfigDir dir;
    dir.write("servers.d/10.json", R"({"hosts": ["*.lab.example"], "port": 10})");
    dir.write("servers.d/20.json", R"({"hosts": ["fs?.lab.example", "?s9"], "port": 20})");
    dir.write("servers.d/30.json", R"({"hosts": ["fs1.lab.example", "::1"], "port": 30})");
    const Config config = Config::load(dir.path());

    const auto portOf = [&config](const char* host) { return config.settings(host).port; };

    EXPECT_EQ(portOf("fs1.lab.example"), 30);
    EXPECT_EQ(portOf("FS1.Lab.Example"), 30);
    EXPECT_EQ(portOf("::1"), 30);
    EXPECT_EQ(portOf("fs2.lab.example"), 10);
    EXPECT_EQ(portOf("a.b.LAB.example"), 10);
    EXPECT_EQ(portOf("fs9"), 20);
    EXPECT_EQ(portOf("lab.example"), 445);
    EXPECT_EQ(portOf("fs2.lab.example.org"), 445);
}

struct Bad {
    std::string text;
    std::string problem; ///< after "servers.d/a.json:"
};

class BadServer : public testing::TestWithParam<Bad> {};

TEST_P(BadServer, IsRefusedWithLineAndKey) {
    const ConfigDir dir;
    dir.write("servers.d/a.json", GetParam().text);

    EXPECT_EQ(problemsOf(dir), "servers.d/a.json:" + GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    BadServer,
    testing::Values(
        Bad{"[]", "1: must be an object, { … }"},
        Bad{"{\n\n\"port\": 1}", "1: key 'hosts': missing"},
        Bad{"{\n\"hosts\": []}", "2: key 'hosts': must not be empty"},
        Bad{"{\"hosts\": \"fs1\"}", "1: key 'hosts': must be a list of strings"},
        Bad{"{\"hosts\": [\"a\",\n5]}", "2: key 'hosts[1]': must be a string"},
        Bad{"{\"hosts\": [\"\"]}", "1: key 'hosts[0]': must not be empty"},
        Bad{"{\"hosts\": [\"a b\"]}",
            "1: key 'hosts[0]': must be a host name, an IP address without brackets, or a pattern "
            "with * and ?"},
        Bad{"{\"hosts\": [\"fs1:1445\"]}",
            "1: key 'hosts[0]': must be a host alone; a port goes into the key 'port'"},
        Bad{"{\"hosts\": [\"a\",\n\"A\"]}",
            "2: key 'hosts[1]': 'a' is named in servers.d/a.json:1 already"},
        Bad{"{\"hosts\": [\"a\"],\n\"port\": 0}",
            "2: key 'port': must be a whole number from 1 to 65535"},
        Bad{"{\"hosts\": [\"a\"],\n\"port\": 65536}",
            "2: key 'port': must be a whole number from 1 to 65535"},
        Bad{"{\"hosts\": [\"a\"],\n\"auth\": \"basic\"}",
            "2: key 'auth': must be ntlm, kerberos or negotiate"},
        Bad{"{\"hosts\": [\"a\"],\n\"user\": 1}", "2: key 'user': must be a string"},
        Bad{"{\"hosts\": [\"a\"],\n\"credentials_file\": \"cred\"}",
            "2: key 'credentials_file': must be an absolute path"},
        Bad{"{\"hosts\": [\"a\"],\n\"timeouts\": 5}",
            "2: key 'timeouts': must be an object, { … }"},
        Bad{"{\"hosts\": [\"a\"],\n\"timeouts\": {\n\"connect_sec\": 0}}",
            "3: key 'timeouts.connect_sec': must be a whole number from 1 to 86400"},
        Bad{"{\"hosts\": [\"a\"],\n\"timeouts\": {\n\"expose_sec\": 86401}}",
            "3: key 'timeouts.expose_sec': must be a whole number from 1 to 86400"},
        Bad{"{\"hosts\": [\"a\"],\n\"timeouts\": {\n\"read_sec\": 1}}",
            "3: key 'timeouts.read_sec': unknown key"},
        Bad{"{\"hosts\": [\"a\"],\n\"keytab\": \"x\"}",
            "2: key 'keytab': must be an absolute path"},
        Bad{"{\"hosts\": [\"a\"],\n\"ticket_cache\": \"\"}",
            "2: key 'ticket_cache': must be an absolute path"},
        Bad{"{\"hosts\": [\"a\"], \"credential\": \"x\",\n\"keytab\": \"/x\"}",
            "2: key 'keytab': only one of credential, credentials_file, keytab and ticket_cache "
            "may "
            "be given"},
        Bad{"{\"hosts\": [\"a\"], \"credentials_file\": \"/x\",\n\"keytab\": \"/x\"}",
            "2: key 'keytab': only one of credential, credentials_file, keytab and ticket_cache "
            "may "
            "be given"},
        Bad{"{\"hosts\": [\"a\"], \"keytab\": \"/x\",\n\"auth\": \"ntlm\"}",
            "2: key 'auth': NTLM has no use for a keytab or a ticket cache"},
        Bad{"{\"hosts\": [\"a\"],\n\"encryption\": \"off\"}",
            "2: key 'encryption': must be required or preferred"},
        Bad{"{\"hosts\": [\"a\"],\n\"rpc_protection\": \"connect\"}",
            "2: key 'rpc_protection': must be privacy, integrity or none"},
        Bad{"{\"hosts\": [\"a\"],\n\"follow_owner\": \"always\"}",
            "2: key 'follow_owner': must be same-domain or never"},
        Bad{"{\"hosts\": [\"a\"],\n\"hosts\": [\"b\"]}",
            "2: key 'hosts': given twice, first on line 1"}));

TEST(Config, RefusesUnknownKeysInItsMainFile) {
    const ConfigDir dir;
    dir.write("config.json", "{\n\"max_jobs\": 0,\n\"jobs\": 5}");

    EXPECT_EQ(problemsOf(dir),
              "config.json:2: key 'max_jobs': must be a whole number from 1 to 10000; "
              "config.json:3: key 'jobs': unknown key");
}

TEST(Config, RefusesAHostThatTwoFilesName) {
    const ConfigDir dir;
    dir.write("servers.d/a.json", "{\n\"hosts\": [\"x\", \"*.y\"]}");
    dir.write("servers.d/b.json", "{\"hosts\": [\"X\", \"*.Y\"]}");

    EXPECT_EQ(problemsOf(dir),
              "servers.d/b.json:1: key 'hosts[0]': 'x' is named in servers.d/a.json:2 already; "
              "servers.d/b.json:1: key 'hosts[1]': '*.y' is named in servers.d/a.json:2 already");
}

TEST(Config, ReportsTheProblemsOfAllFiles) {
    const ConfigDir dir;
    dir.write("config.json", "{} x");
    dir.write("servers.d/a.json", "{\"hosts\": [\"x\"], \"port\": 0, \"realm\": 1}");
    dir.write("servers.d/b.json", "{\"hosts\": [\"y\"]}", 0666);

    const Error failure = failureOf([&] { Config::load(dir.path()); });
    const std::string message = failure.what();

    EXPECT_EQ(failure.code(), Errc::Configuration);
    EXPECT_NE(message.find("config.json:1: syntax error"), std::string::npos) << message;
    EXPECT_NE(message.find("a.json:1: key 'port'"), std::string::npos) << message;
    EXPECT_NE(message.find("a.json:1: key 'realm': unknown key"), std::string::npos) << message;
    EXPECT_NE(message.find("b.json: it is writable by others"), std::string::npos) << message;
    EXPECT_EQ(failure.hint(), "run: chmod go-w " + dir.path("servers.d/b.json"));
}

TEST(Config, CutAnywhereLoadsOrFails) {
    const ConfigDir dir;
    const std::string whole = kGoodServer;

    for (std::size_t size = 0; size < whole.size(); ++size) {
        dir.write("servers.d/a.json", whole.substr(0, size));
        const Error failure = failureOf([&] { Config::load(dir.path()); });
        // Only the last line feed may be missing.
        EXPECT_EQ(failure.code(), size + 1 == whole.size() ? Errc::Failed : Errc::Configuration)
            << size << ": " << failure.what();
    }
}

Login ntlm(const std::string& user, const std::string& domain, const std::string& password) {
    Login login;
    login.user = user;
    login.domain = domain;
    login.password = Secret(password);
    return login;
}

class ConfigLogin : public testing::Test {
  protected:
    /// What a file of servers.d with these keys says.
    Login loginWith(const std::string& keys) {
        dir_.write("servers.d/a.json", "{\"hosts\": [\"fs1\"], " + keys + "}");
        return Config::load(dir_.path()).login(ServerId{"fs1", 445});
    }

    Login login(const std::string& keys, const std::string& credentials) {
        dir_.write("cred", credentials);
        dir_.write("servers.d/a.json",
                   "{\"hosts\": [\"fs1\"], " + keys + "\"credentials_file\": \"" +
                       dir_.path("cred") + "\"}");
        return Config::load(dir_.path()).login(ServerId{"fs1", 1445});
    }

    ConfigDir dir_;
};

TEST_F(ConfigLogin, TakesAllFromTheFile) {
    const Login found = login("", "username=joe\npassword=pw\ndomain=LAB\n");

    EXPECT_EQ(found, ntlm("joe", "LAB", "pw"));
}

TEST_F(ConfigLogin, PrefersTheUserAndDomainOfServersD) {
    const std::string file = "username=joe\npassword=pw\ndomain=LAB\n";

    EXPECT_EQ(login(R"("user": "ann", "domain": "X", )", file), ntlm("ann", "X", "pw"));
    EXPECT_EQ(login(R"("domain": "X", )", file), ntlm("joe", "X", "pw"));
    EXPECT_EQ(login(R"("user": "joe", )", file), ntlm("joe", "LAB", "pw"));
}

TEST_F(ConfigLogin, DropsTheDomainOfAnotherUser) {
    const Login found = login(R"("user": "ann", )", "username=joe\npassword=pw\ndomain=LAB\n");

    EXPECT_EQ(found, ntlm("ann", "", "pw"));
}

TEST_F(ConfigLogin, ReadsTheFileAnewEachTime) {
    dir_.write("servers.d/a.json",
               "{\"hosts\": [\"fs1\"], \"credentials_file\": \"" + dir_.path("cred") + "\"}");
    const Config config = Config::load(dir_.path());
    dir_.write("cred", "username=joe\npassword=old\n");
    EXPECT_EQ(config.login(ServerId{"fs1"}).password, Secret("old"));

    dir_.write("cred", "username=joe\npassword=new\n");

    EXPECT_EQ(config.login(ServerId{"fs1"}).password, Secret("new"));
}

TEST_F(ConfigLogin, IsOfKerberosWithAKeytabOrACache) {
    const std::string keytab = dir_.write("keytab", std::string("\x05\x02\0", 3));
    const Login byKeytab = loginWith(R"("keytab": ")" + keytab + "\"");
    EXPECT_EQ(byKeytab.auth, Auth::Kerberos);
    EXPECT_EQ(byKeytab.keytab.reveal(), std::string("\x05\x02\0", 3));
    EXPECT_EQ(byKeytab.user, "");

    const Login byCache = loginWith(R"("user": "joe", "domain": "LAB.EXAMPLE", "auth": "negotiate",
                                       "ticket_cache": ")" +
                                    keytab + "\"");
    EXPECT_EQ(byCache.auth, Auth::Negotiate);
    EXPECT_EQ(byCache.ticketCache.reveal().size(), 3U);
    EXPECT_EQ(byCache.user, "joe");
    EXPECT_EQ(byCache.domain, "LAB.EXAMPLE");
}

TEST_F(ConfigLogin, IsOfNtlmWithAPasswordUnlessToldOtherwise) {
    EXPECT_EQ(login("", "username=joe\npassword=pw\n").auth, Auth::Ntlm);
    EXPECT_EQ(login(R"("auth": "kerberos", )", "username=joe\npassword=pw\n").auth, Auth::Kerberos);
}

TEST_F(ConfigLogin, RefusesAKeytabThatOthersReadOrThatIsTooLarge) {
    const std::string open = dir_.write("open", "k", 0644);
    const std::string large = dir_.write("large", std::string(24UL * 1024 + 1, 'k'));
    for (const std::string& path : {open, large}) {
        const Error failure = failureOf([&] { loginWith(R"("keytab": ")" + path + "\""); });
        EXPECT_EQ(failure.code(), Errc::Configuration);
        EXPECT_NE(std::string(failure.what()).find(path), std::string::npos) << failure.what();
    }
}

TEST_F(ConfigLogin, CompletesALoginFromElsewhere) {
    dir_.write("servers.d/a.json",
               R"({"hosts": ["fs1"], "credential": "x", "user": "ann", "auth": "kerberos"})");
    const Login found =
        Config::load(dir_.path()).completed(ServerId{"fs1", 445}, ntlm("joe", "LAB", "pw"));

    EXPECT_EQ(found.user, "ann");
    EXPECT_EQ(found.domain, "");
    EXPECT_EQ(found.auth, Auth::Kerberos);
    EXPECT_EQ(
        failureOf([] { static_cast<void>(Config().completed(ServerId{"fs1"}, Login())); }).code(),
        Errc::NoCredential);
}

TEST_F(ConfigLogin, FailsWithoutAUser) {
    const Error failure = failureOf([&] { login("", "password=pw\n"); });

    EXPECT_EQ(failure.code(), Errc::NoCredential);
    EXPECT_STREQ(failure.what(), "no user name for server fs1:1445");
}

TEST_F(ConfigLogin, FailsWithoutACredentialsFile) {
    const Error failure = failureOf([] { static_cast<void>(Config().login(ServerId{"fs1"})); });

    EXPECT_EQ(failure.code(), Errc::NoCredential);
    EXPECT_STREQ(failure.what(), "no credentials for server fs1");
}

TEST_F(ConfigLogin, FailsForAFileThatOthersRead) {
    login("", "username=joe\npassword=pw\n");
    ASSERT_EQ(::chmod(dir_.path("cred").c_str(), 0644), 0);
    const Config config = Config::load(dir_.path());

    const Error failure = failureOf([&] { static_cast<void>(config.login(ServerId{"fs1"})); });

    EXPECT_EQ(failure.code(), Errc::Configuration);
}

} // namespace
} // namespace fsrvp
