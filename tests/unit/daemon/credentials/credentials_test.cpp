// SPDX-License-Identifier: GPL-3.0-or-later
// Which login is used: with a real fsrvp-fs, a real store, and files of a host of the test's own.
#include "daemon/base/launcher.hpp"
#include "daemon/credentials/credentials.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/unit/daemon/config/config_dir.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace fsrvp {
namespace {

using fakes::errorOf;
using fakes::runTask;
using Kind = CredentialOrigin::Kind;

constexpr std::uint32_t kJoe = 1000;
constexpr std::uint32_t kAnn = 1001;

class CredentialChoice : public testing::Test {
  protected:
    CredentialChoice() {
        places.entries.fstab = host.path("fstab");
        places.entries.units = {};
        places.hostKeytab = host.path("krb5.keytab");
        source.unc = Unc{"fs1", "data"};
    }

    void writeFstab(const std::string& credentialsFile) {
        host.write("fstab", "//fs1/data /mnt cifs credentials=" + credentialsFile + " 0 0\n");
    }

    /// A credentials file of that user's.
    std::string fileOf(std::uint32_t uid, mode_t mode = 0600) {
        const std::string path = host.write("cred", "username=joe\npassword=of fstab\n", mode);
        EXPECT_EQ(::chown(path.c_str(), uid, uid), 0) << "these tests are for root";
        return path;
    }

    void store(const std::string& name, const std::string& user) {
        StoredCredential about;
        about.name = name;
        about.user = user;
        runTask(loop, stored.set(about, Secret("of " + name), cancellation));
    }

    CredentialOrigin choose(std::uint32_t uid, std::optional<std::string> named = {}) {
        Credentials credentials(config(), stored, paths, places);
        return runTask(
            loop, credentials.choose(source, ServerId{"fs1"}, std::move(named), uid, cancellation));
    }

    Error refusal(std::uint32_t uid, std::optional<std::string> named = {}) {
        Credentials credentials(config(), stored, paths, places);
        return errorOf(
            loop, credentials.choose(source, ServerId{"fs1"}, std::move(named), uid, cancellation));
    }

    Access access(const CredentialOrigin& origin) {
        Credentials credentials(config(), stored, paths, places);
        return runTask(loop,
                       credentials.access(ServerAccount{ServerId{"fs1"}, origin}, cancellation));
    }

    std::function<std::shared_ptr<const Config>()> config() const {
        return [this] { return std::make_shared<const Config>(Config::load(host.path())); };
    }

    test::ConfigDir host;
    test::TempDir runtime;
    test::TempDir state;
    EventLoop loop;
    Cancellation cancellation;
    ForkLauncher helpers{loop, FSRVP_FS, runtime.path()};
    mount::PathHelper paths{loop, helpers};
    PlainSealer sealer;
    CredentialStore stored{loop, state.path() / "credentials", sealer};
    CredentialPlaces places;
    Source source;
};

TEST_F(CredentialChoice, IsTheOneThatTheCallerNamed) {
    host.write("servers.d/a.json", R"({"hosts": ["fs1"], "credentials_file": "/x"})");
    store("lab", "backup");

    EXPECT_EQ(choose(kJoe, "lab"), (CredentialOrigin{Kind::Stored, "lab"}));
    EXPECT_EQ(refusal(kJoe, "labor").code(), Errc::NotFound);
}

TEST_F(CredentialChoice, IsThenWhatServersDSays) {
    writeFstab(fileOf(kJoe));
    host.write("servers.d/a.json", R"({"hosts": ["fs1"], "credential": "lab"})");

    EXPECT_EQ(choose(kJoe), CredentialOrigin());
}

TEST_F(CredentialChoice, IsThenTheFileOfTheSharesEntryForItsOwnerAndRoot) {
    const std::string file = fileOf(kJoe);
    writeFstab(file);

    EXPECT_EQ(choose(kJoe), (CredentialOrigin{Kind::File, file}));
    EXPECT_EQ(choose(0), (CredentialOrigin{Kind::File, file}));
    const Error refused = refusal(kAnn);
    EXPECT_EQ(refused.code(), Errc::NoCredential);
    EXPECT_EQ(std::string(refused.what()).find(file), std::string::npos)
        << "who may not see a file is not told of it: " << refused.what();
    EXPECT_NE(refused.hint().find("credential set"), std::string::npos);
}

TEST_F(CredentialChoice, IsNotAFileThatOthersMayReadOrThatIsNotThere) {
    writeFstab(fileOf(kJoe, 0644));
    EXPECT_EQ(refusal(kJoe).code(), Errc::NoCredential);

    writeFstab("/nonexistent/cred");
    EXPECT_EQ(refusal(kJoe).code(), Errc::NoCredential);
}

TEST_F(CredentialChoice, IsTheHostsKeytabOnAMountWithKerberos) {
    source.baseOptions = "rw,vers=3.1.1,sec=krb5i,cruid=0";
    EXPECT_EQ(choose(kJoe), (CredentialOrigin{Kind::Keytab, ""}));

    source.baseOptions = "rw,vers=3.1.1,sec=ntlmssp,username=sec=krb5";
    EXPECT_EQ(refusal(kJoe).code(), Errc::NoCredential);
}

TEST_F(CredentialChoice, ServersDGivesUserProtectionAndTheSecretByName) {
    store("lab", "backup");
    host.write("servers.d/a.json",
               R"({"hosts": ["fs1"], "credential": "lab", "user": "ann", "auth": "negotiate",
                   "encryption": "preferred", "rpc_protection": "integrity"})");

    const Access found = access({});

    EXPECT_EQ(found.server, ServerId{"fs1"});
    EXPECT_EQ(found.login.user, "ann");
    EXPECT_EQ(found.login.password, Secret("of lab"));
    EXPECT_EQ(found.login.auth, Auth::Negotiate);
    EXPECT_EQ(found.rpc, RpcProtection::Integrity);
    EXPECT_EQ(found.encryption, SmbEncryption::Preferred);
}

TEST_F(CredentialChoice, ANamedOneKeepsItsUser) {
    store("lab", "backup");
    host.write("servers.d/a.json", R"({"hosts": ["fs1"], "user": "ann", "auth": "kerberos"})");

    const Access found = access({Kind::Stored, "lab"});

    EXPECT_EQ(found.login.user, "backup");
    EXPECT_EQ(found.login.auth, Auth::Kerberos);
}

TEST_F(CredentialChoice, AFileIsReadAnewEachTime) {
    const std::string file = fileOf(kJoe);
    EXPECT_EQ(access({Kind::File, file}).login.password, Secret("of fstab"));

    host.write("cred", "username=ann\npassword=new\n");

    const Access found = access({Kind::File, file});
    EXPECT_EQ(found.login.user, "ann");
    EXPECT_EQ(found.login.password, Secret("new"));
    EXPECT_EQ(found.login.auth, Auth::Ntlm);
}

TEST_F(CredentialChoice, TheHostsKeytabIsForKerberos) {
    host.write("krb5.keytab", "keytab");

    const Access found = access({Kind::Keytab, ""});

    EXPECT_EQ(found.login.keytab, Secret("keytab"));
    EXPECT_EQ(found.login.auth, Auth::Kerberos);
    EXPECT_EQ(found.login.user, "");
}

TEST_F(CredentialChoice, WhatHasGoneIsNamed) {
    Credentials credentials(config(), stored, paths, places);
    const auto reason = [&](Kind kind, const std::string& name) {
        return errorOf(
            loop,
            credentials.access(ServerAccount{ServerId{"fs1"}, CredentialOrigin{kind, name}},
                               cancellation));
    };

    EXPECT_EQ(reason(Kind::Stored, "lab").code(), Errc::NotFound);
    EXPECT_NE(std::string(reason(Kind::Stored, "lab").what()).find("lab"), std::string::npos);
    EXPECT_NE(std::string(reason(Kind::File, "/nonexistent/cred").what()).find("/nonexistent/cred"),
              std::string::npos);
    EXPECT_NE(std::string(reason(Kind::Keytab, "").what()).find("krb5.keytab"), std::string::npos);
}

TEST(CredentialOriginText, IsReadBack) {
    for (const CredentialOrigin& origin : {CredentialOrigin{},
                                           CredentialOrigin{Kind::Stored, "lab"},
                                           CredentialOrigin{Kind::File, "/etc/a:b"},
                                           CredentialOrigin{Kind::Keytab, ""}}) {
        EXPECT_EQ(CredentialOrigin::parse(origin.text()), origin) << origin.text();
    }
    EXPECT_EQ(CredentialOrigin{}.text(), "");
    try {
        CredentialOrigin::parse("vault:x");
        ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Database);
    }
}

} // namespace
} // namespace fsrvp
