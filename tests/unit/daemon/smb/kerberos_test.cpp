// SPDX-License-Identifier: GPL-3.0-or-later
// Where no KDC is needed; with one: tests/lab/security_test.cpp.
#include "daemon/base/error.hpp"
#include "daemon/smb/identity.hpp"
#include "daemon/smb/kerberos.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/daemon/smb/krb5_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <fstream>

namespace fsrvp::smb {
namespace {

using fsrvp::test::TempDir;
using test::cacheBytes;
using test::keytabBytes;
using testing::AllOf;
using testing::HasSubstr;

class Kerberos : public testing::Test {
  protected:
    Kerberos() { useConf("kdc = 127.0.0.1:1"); }

    void useConf(const std::string& kdc) {
        const std::filesystem::path path = conf.path() / "krb5.conf";
        std::ofstream(path) << "[libdefaults]\n    default_realm = LAB.TEST\n"
                               "    dns_lookup_kdc = false\n[realms]\n    LAB.TEST = {\n        "
                            << kdc << "\n    }\n";
        ::setenv("KRB5_CONFIG", path.c_str(), 1);
    }

    Error refusal(const Login& login) const {
        try {
            const KerberosTickets tickets(login, scratch.path());
        } catch (const Error& error) {
            EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
            return error;
        }
        ADD_FAILURE() << "no error";
        return Error(Errc::Failed, "");
    }

    void expectRefused(const Login& login,
                       Errc code,
                       const testing::Matcher<std::string>& message) const {
        const Error error = refusal(login);
        EXPECT_EQ(errcName(error.code()), errcName(code)) << error.what();
        EXPECT_THAT(std::string(error.what()), message);
    }

    static Login withCache(const std::string& bytes) {
        Login login;
        login.auth = Auth::Kerberos;
        login.ticketCache = Secret(bytes);
        return login;
    }

    static Login withKeytab(const std::string& bytes) {
        Login login;
        login.auth = Auth::Kerberos;
        login.keytab = Secret(bytes);
        return login;
    }

    static std::uint32_t inOneHour() {
        return static_cast<std::uint32_t>(std::time(nullptr)) + 3600;
    }

    static std::string goodCache() {
        return cacheBytes("root", {{{"krbtgt", "LAB.TEST"}, inOneHour()}});
    }

    TempDir conf;
    TempDir scratch;
};

TEST_F(Kerberos, CacheIsOnePrivateFileWhileItIsUsed) {
    const std::string bytes = goodCache();
    {
        const KerberosTickets tickets(withCache(bytes), scratch.path());

        EXPECT_EQ(tickets.principal(), "root@LAB.TEST");
        EXPECT_EQ(tickets.user(), "root");
        EXPECT_EQ(tickets.realm(), "LAB.TEST");
        EXPECT_NEAR(static_cast<double>(tickets.validFor().count()), 3600, 2);
        const std::filesystem::path file = scratch.path() / "tickets";
        EXPECT_EQ(tickets.cacheName(), "FILE:" + file.string());
        EXPECT_EQ(std::filesystem::file_size(file), bytes.size());
        EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
    }
    EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST_F(Kerberos, CacheHasToBeTheUsers) {
    Login login = withCache(goodCache());
    login.user = "root";
    EXPECT_NO_THROW(KerberosTickets(login, scratch.path()));
    login.domain = "lab.test";
    EXPECT_NO_THROW(KerberosTickets(login, scratch.path()));

    login.user = "backup";
    expectRefused(
        login, Errc::NoCredential, HasSubstr("is of 'root@LAB.TEST', not of 'backup@LAB.TEST'"));
}

TEST_F(Kerberos, CacheWithoutATicketIsRefused) {
    expectRefused(withCache(cacheBytes("root", {})),
                  Errc::NoCredential,
                  AllOf(HasSubstr("'root@LAB.TEST'"), HasSubstr("it holds no ticket")));
}

TEST_F(Kerberos, ExpiredCacheIsRefused) {
    expectRefused(withCache(cacheBytes("root", {{{"krbtgt", "LAB.TEST"}, 2000}})),
                  Errc::NoCredential,
                  AllOf(HasSubstr("'root@LAB.TEST'"), HasSubstr("the ticket has expired")));
}

TEST_F(Kerberos, WhatIsNoCacheIsRefused) {
    for (const char* bytes : {"x", "not a cache at all", "\x05\x01\x01\x01\x01"}) {
        expectRefused(
            withCache(bytes), Errc::NoCredential, HasSubstr("cannot read the ticket cache"));
    }
}

TEST_F(Kerberos, CacheThatIsCutOffIsRefused) {
    const std::string whole = goodCache();

    for (std::size_t size = 1; size < whole.size(); ++size) {
        EXPECT_EQ(refusal(withCache(whole.substr(0, size))).code(), Errc::NoCredential) << size;
    }
}

TEST_F(Kerberos, WhatIsNoKeytabIsRefused) {
    expectRefused(withKeytab("nonsense"), Errc::NoCredential, HasSubstr("it is no keytab"));
    expectRefused(withKeytab(keytabBytes({})), Errc::NoCredential, HasSubstr("holds no key"));
}

TEST_F(Kerberos, KeytabIsUsedForItsMachineAccountOrItsFirst) {
    const std::string machine = keytabBytes({{"host", "fs1"}, {"FS1$"}, {"root"}});
    const std::string first = keytabBytes({{"backup"}, {"root"}});

    expectRefused(withKeytab(machine), Errc::Unreachable, HasSubstr("for 'FS1$@LAB.TEST'"));
    expectRefused(withKeytab(first), Errc::Unreachable, HasSubstr("for 'backup@LAB.TEST'"));
}

TEST_F(Kerberos, KeytabHasToHoldTheUsersKey) {
    Login login = withKeytab(keytabBytes({{"root"}}));
    login.user = "backup";

    expectRefused(login,
                  Errc::NoCredential,
                  AllOf(HasSubstr("'backup@LAB.TEST'"), HasSubstr("no key of the account")));
}

TEST_F(Kerberos, RealmHasToBeKnown) {
    Login login = withKeytab(keytabBytes({{"root"}}));
    login.user = "root";
    login.password = Secret("x");
    login.keytab = Secret();
    login.domain = "nosuch.test";

    expectRefused(
        login,
        Errc::NameNotResolved,
        AllOf(HasSubstr("'root@NOSUCH.TEST'"), HasSubstr("no KDC of the realm is known")));
}

TEST_F(Kerberos, BrokenConfIsNamed) {
    std::ofstream(conf.path() / "krb5.conf") << "[libdefaults\nnonsense = {\n";

    expectRefused(
        withCache(goodCache()), Errc::Configuration, HasSubstr("krb5.conf can't be read"));
}

TEST_F(Kerberos, AddressesAreRefusedAndNamesTaken) {
    for (const char* host : {"127.0.0.1", "::1", "fe80::1%eth0"}) {
        try {
            requireName(host);
            FAIL() << host;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::NoCredential);
            EXPECT_THAT(error.what(), HasSubstr(host));
        }
    }
    EXPECT_NO_THROW(requireName("fs1"));
    EXPECT_NO_THROW(requireName("1.example"));
}

using IdentityTest = Kerberos;

TEST_F(IdentityTest, IsNeverEmpty) {
    for (const Auth auth : {Auth::Ntlm, Auth::Kerberos, Auth::Negotiate}) {
        Login login;
        login.auth = auth;
        login.password = Secret("x");
        EXPECT_THROW(Identity(login, "fs1.lab.test", scratch.path()), Error);
        // Which NTLM has no use for, and so it would be nobody.
        login.keytab = Secret(keytabBytes({{"root"}}));
        EXPECT_THROW(Identity(login, "fs1.lab.test", scratch.path()), Error);
    }
}

TEST_F(IdentityTest, NegotiateIsByNtlmWhereTicketsCannotBeHad) {
    Login login = withKeytab(keytabBytes({{"root"}}));
    login.auth = Auth::Negotiate;
    login.user = "root";
    login.domain = "LAB";
    EXPECT_THROW(Identity(login, "fs1.lab.test", scratch.path()), Error);

    login.password = Secret("x");
    for (const char* host : {"fs1.lab.test", "127.0.0.1"}) {
        const Identity identity(login, host, scratch.path());
        EXPECT_EQ(identity.tickets(), nullptr);
        EXPECT_EQ(identity.text(), "LAB\\root");
    }
}

TEST_F(IdentityTest, KerberosNeverBecomesNtlm) {
    Login login = withKeytab(keytabBytes({{"root"}}));
    login.user = "root";
    login.password = Secret("x");

    EXPECT_THROW(Identity(login, "fs1.lab.test", scratch.path()), Error);
    EXPECT_THROW(Identity(login, "127.0.0.1", scratch.path()), Error);
}

} // namespace
} // namespace fsrvp::smb
