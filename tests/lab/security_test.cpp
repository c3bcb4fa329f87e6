// SPDX-License-Identifier: GPL-3.0-or-later
// By each way to log in and to protect calls, and what each that can't be gone says.
#include "daemon/fsrvp/hresult.hpp"
#include "tests/lab/security_support.hpp"

#include <chrono>
#include <filesystem>

namespace fsrvp::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class Security : public SecurityTest {
  protected:
    static void SetUpTestSuite() { start({}); }
};

class EachWay : public Security, public testing::WithParamInterface<Way> {};

TEST_P(EachWay, CreatesListsAndDeletes) {
    AgentClient client = agent();

    EXPECT_EQ(client.connect(access(GetParam())), GetParam().identity);
    EXPECT_TRUE(supports(client, "data"));
    createAndDelete(client);
    EXPECT_THAT(client.get<agent::Shares>({agent::ListShares{1000, ""}, {}}).names,
                AllOf(Contains("data"), Contains("hid$")));
    EXPECT_TRUE(client.get<agent::Probed>({agent::ProbeShare{"data"}, {}}).present);
    EXPECT_FALSE(client.get<agent::Probed>({agent::ProbeShare{"nosuch"}, {}}).present);
}

constexpr RpcProtection kPrivacy = RpcProtection::Privacy;
constexpr RpcProtection kIntegrity = RpcProtection::Integrity;
constexpr RpcProtection kNone = RpcProtection::None;
constexpr const char* kRoot = "root@LAB.TEST";
constexpr const char* kMachine = "labclient$@LAB.TEST";

INSTANTIATE_TEST_SUITE_P(
    Ways,
    EachWay,
    testing::Values(
        Way{"NtlmPrivacy", Auth::Ntlm, Proof::NtlmPassword, kPrivacy, "root"},
        Way{"NtlmIntegrity", Auth::Ntlm, Proof::NtlmPassword, kIntegrity, "root"},
        Way{"NtlmNone", Auth::Ntlm, Proof::NtlmPassword, kNone, "root"},
        Way{"KerberosByPassword", Auth::Kerberos, Proof::Password, kPrivacy, kRoot},
        Way{"KerberosByKeytab", Auth::Kerberos, Proof::Keytab, kPrivacy, kRoot},
        Way{"KerberosByMachine", Auth::Kerberos, Proof::MachineKeytab, kPrivacy, kMachine},
        Way{"KerberosByCache", Auth::Kerberos, Proof::TicketCache, kPrivacy, kRoot},
        Way{"KerberosIntegrity", Auth::Kerberos, Proof::Keytab, kIntegrity, kRoot},
        Way{"KerberosNone", Auth::Kerberos, Proof::Keytab, kNone, kRoot},
        Way{"NegotiateNtlm", Auth::Negotiate, Proof::NtlmPassword, kPrivacy, "root"},
        Way{"NegotiateNtlmIntegrity", Auth::Negotiate, Proof::NtlmPassword, kIntegrity, "root"},
        Way{"NegotiateKerberos", Auth::Negotiate, Proof::Keytab, kPrivacy, kRoot},
        Way{"NegotiateKerberosByPassword", Auth::Negotiate, Proof::Password, kPrivacy, kRoot},
        Way{"NegotiateKerberosIntegrity", Auth::Negotiate, Proof::Keytab, kIntegrity, kRoot}),
    [](const auto& way) { return way.param.name; });

TEST_F(Security, TicketsAreOneFileForTheAgentAlone) {
    AgentClient client = agent();
    client.connect(kerberos(Proof::Keytab));

    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(client.dir())) {
        files.push_back(entry.path().filename());
    }
    EXPECT_THAT(files, UnorderedElementsAre("tickets", "smb.conf", ".smb"));
    EXPECT_EQ(std::filesystem::status(client.dir() / "tickets").permissions(),
              std::filesystem::perms(0600));
}

TEST_F(Security, TicketsAreTriedWithoutAServer) {
    AgentClient client = agent();

    const auto tickets = client.get<Tickets>({agent::GetTickets{login(Proof::MachineKeytab)}, {}});

    EXPECT_EQ(tickets.principal, kMachine);
    EXPECT_GT(tickets.validFor, std::chrono::hours(1));
    EXPECT_LE(tickets.validFor, std::chrono::hours(24));
}

TEST_F(Security, GreetingSaysWhatTheServerSpeaks) {
    AgentClient client = agent();

    const auto greeting =
        client.get<Greeting>({agent::Greet{ServerId{realm().host, lab().port()}}, {}});

    EXPECT_EQ(greeting.address, "127.0.0.1");
    EXPECT_EQ(greeting.dialect, "3.1.1");
    EXPECT_TRUE(greeting.canEncrypt);
    EXPECT_LE(std::chrono::abs(greeting.clockAhead), std::chrono::seconds(2));
    EXPECT_EQ(client.get<agent::Addresses>({agent::Resolve{realm().host}, {}}).addresses,
              std::vector<std::string>{"127.0.0.1"});
}

TEST_F(Security, GreetingTellsTheClocksApart) {
    AgentClient client = agentAt("-2h");

    const auto greeting =
        client.get<Greeting>({agent::Greet{ServerId{realm().host, lab().port()}}, {}});

    EXPECT_NEAR(static_cast<double>(greeting.clockAhead.count()), 7200, 3);
}

TEST_F(Security, NegotiateTakesNtlmWhereThereIsNoTicket) {
    Access byNtlm = kerberos(Proof::NtlmPassword);
    byNtlm.login.auth = Auth::Negotiate;
    byNtlm.server.host = "127.0.0.1";
    AgentClient first = agent();
    EXPECT_EQ(first.connect(byNtlm), "root");

    byNtlm.login.keytab = login(Proof::Keytab).keytab;
    AgentClient second =
        agentWith(krb5ConfWith("kdc = 127.0.0.1:", "kdc = 127.0.0.1:1\n        # "));
    EXPECT_EQ(second.connect(byNtlm), "root");
}

struct Refused {
    Errc code;
    testing::Matcher<std::string> message;
    testing::Matcher<std::string> hint;
};

void expectRefused(const Error& error, const Refused& expected) {
    EXPECT_EQ(errcName(error.code()), errcName(expected.code)) << error.what();
    EXPECT_THAT(std::string(error.what()), expected.message);
    EXPECT_THAT(error.hint(), expected.hint) << error.what();
}

TEST_F(Security, WrongNtlmPasswordIsRefused) {
    for (const Auth auth : {Auth::Ntlm, Auth::Negotiate}) {
        Access wrong = kerberos(Proof::NtlmPassword);
        wrong.login.auth = auth;
        wrong.login.password = Secret("wrong");

        expectRefused(refusal(agent(), wrong),
                      {Errc::AuthenticationFailed,
                       AllOf(HasSubstr("user name or password is wrong"),
                             HasSubstr("NT_STATUS_LOGON_FAILURE")),
                       HasSubstr("servers.d")});
    }
}

TEST_F(Security, WrongKerberosPasswordIsRefusedAndNotTriedByNtlm) {
    for (const Auth auth : {Auth::Kerberos, Auth::Negotiate}) {
        Access wrong = kerberos(Proof::NtlmPassword);
        wrong.login.domain = realm().name;
        wrong.login.auth = auth;

        expectRefused(refusal(agent(), wrong),
                      {Errc::AuthenticationFailed,
                       AllOf(HasSubstr("cannot get Kerberos tickets for 'root@LAB.TEST'"),
                             HasSubstr("the password is wrong")),
                       HasSubstr("servers.d")});
    }
}

TEST_F(Security, OldKeytabIsRefused) {
    Access old = kerberos(Proof::Keytab);
    std::string bytes = old.login.keytab.reveal();
    // The last key's last byte, before the 32-bit number of its version.
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
    const std::size_t aes256 = bytes.find(std::string("\x00\x12\x00\x20", 4));
    ASSERT_NE(aes256, std::string::npos);
    bytes[aes256 + 4] = static_cast<char>(bytes[aes256 + 4] ^ 1);
    old.login.keytab = Secret(bytes);

    expectRefused(refusal(agent(), old),
                  {Errc::AuthenticationFailed,
                   HasSubstr("the keytab's key is not the account's"),
                   HasSubstr("write the keytab on this machine anew")});
}

TEST_F(Security, KeytabOfSomebodyElseIsRefused) {
    Access other = kerberos(Proof::MachineKeytab);
    other.login.user = "root";

    expectRefused(refusal(agent(), other),
                  {Errc::NoCredential,
                   HasSubstr("the keytab has no key of the account"),
                   HasSubstr("keytab")});
}

TEST_F(Security, CacheOfSomebodyElseIsRefused) {
    Access other = kerberos(Proof::TicketCache);
    other.login.user = "nobody";

    expectRefused(refusal(agent(), other),
                  {Errc::NoCredential,
                   HasSubstr("the ticket cache is of 'root@LAB.TEST', not of 'nobody'"),
                   HasSubstr("servers.d")});
}

TEST_F(Security, UnknownPrincipalIsRefused) {
    Access unknown = kerberos(Proof::Password);
    unknown.login.user = "nosuch";

    expectRefused(
        refusal(agent(), unknown),
        {Errc::AuthenticationFailed,
         AllOf(HasSubstr("'nosuch@LAB.TEST'"), HasSubstr("the KDC does not know the account")),
         HasSubstr("Kerberos realm")});
}

TEST_F(Security, ServerThatTheKdcDoesNotKnowIsRefused) {
    Access unknown = kerberos(Proof::Password);
    unknown.server.host = "other.lab.test";

    expectRefused(
        refusal(agent(), unknown),
        {Errc::AuthenticationFailed,
         AllOf(HasSubstr("for 'cifs/other.lab.test'"), HasSubstr("the KDC knows no such service")),
         HasSubstr("register cifs/NAME")});
}

TEST_F(Security, KdcThatIsNotThereIsUnreachable) {
    expectRefused(
        refusal(agentWith(krb5ConfWith("kdc = 127.0.0.1:", "kdc = 127.0.0.1:1\n        # ")),
                kerberos(Proof::Keytab)),
        {Errc::Unreachable, HasSubstr("no KDC of the realm answers"), HasSubstr("port 88")});
}

TEST_F(Security, UnknownRealmIsNotResolved) {
    Access unknown = kerberos(Proof::Password);
    unknown.login.domain = "nosuch.test";

    expectRefused(
        refusal(agent(), unknown),
        {Errc::NameNotResolved,
         AllOf(HasSubstr("'root@NOSUCH.TEST'"), HasSubstr("no KDC of the realm is known")),
         HasSubstr("/etc/krb5.conf")});
}

TEST_F(Security, ExpiredTicketIsRefused) {
    expectRefused(refusal(agentAt("+2d"), kerberos(Proof::TicketCache)),
                  {Errc::NoCredential,
                   AllOf(HasSubstr("'root@LAB.TEST'"), HasSubstr("the ticket has expired")),
                   HasSubstr("kinit")});
}

TEST_F(Security, ClockThatDiffersFromTheKdcsIsNamed) {
    expectRefused(refusal(agentAt("+1h"), kerberos(Proof::TicketCache)),
                  {Errc::AuthenticationFailed,
                   HasSubstr("the clocks of this machine and of the KDC differ too much"),
                   HasSubstr("compare `date` here and on the KDC")});
}

TEST_F(Security, ClockThatDiffersFromTheServersIsNamed) {
    Access access = kerberos(Proof::TicketCache);
    access.login.ticketCache = ticketCache({"cifs/" + realm().host, "cifs/FS1.LAB.TEST"});

    expectRefused(refusal(agentAt("-1h"), access),
                  {Errc::AuthenticationFailed,
                   AllOf(HasSubstr("the server refused the Kerberos ticket of 'root@LAB.TEST'"),
                         HasSubstr("s ahead of this machine's")),
                   HasSubstr("compare `date`")});
}

TEST_F(Security, AddressUnderKerberosIsRefused) {
    for (const char* host : {"127.0.0.1", "::1"}) {
        Access address = kerberos(Proof::Keytab);
        address.server.host = host;

        expectRefused(
            refusal(agent(), address),
            {Errc::NoCredential,
             AllOf(HasSubstr("Kerberos has no tickets for an IP address"), HasSubstr(host)),
             HasSubstr("by the name that its domain knows it by")});
    }
}

TEST_F(Security, EmptyUserIsRefused) {
    for (const Auth auth : {Auth::Ntlm, Auth::Kerberos, Auth::Negotiate}) {
        Access nobody = kerberos(Proof::Password);
        nobody.login.auth = auth;
        nobody.login.user = "";

        expectRefused(refusal(agent(), nobody),
                      {Errc::NoCredential, HasSubstr("no user name is known"), testing::_});
    }
}

TEST_F(Security, KerberosWithNothingToGetTicketsWithIsRefused) {
    Access nothing = kerberos(Proof::Password);
    nothing.login.password = Secret();

    expectRefused(refusal(agent(), nothing),
                  {Errc::NoCredential,
                   HasSubstr("there is no password, keytab or ticket cache"),
                   HasSubstr("servers.d")});
}

TEST_F(Security, UserWithoutBackupRightsIsDenied) {
    Access nobody = kerberos(Proof::Password);
    nobody.login.user = "nobody";
    nobody.login.password = Secret(realm().passwords.at("nobody"));

    const Error error = refusal(agent(), nobody);

    expectRefused(error, {Errc::AccessDenied, HasSubstr("E_ACCESSDENIED"), testing::_});
    EXPECT_EQ(error.hresult(), hresult::kAccessDenied);
}

/// Of an SMB 2.1 server.
class OldServer : public SecurityTest {
  protected:
    static void SetUpTestSuite() {
        LabOptions options;
        options.settings = {"server max protocol = SMB2_10", "server smb encrypt = off"};
        start(options);
    }
};

TEST_F(OldServer, IsGreetedAndSpokenToWithoutEncryptionIfThatIsAllowed) {
    AgentClient client = agent();
    const auto greeting =
        client.get<Greeting>({agent::Greet{ServerId{realm().host, lab().port()}}, {}});
    EXPECT_EQ(greeting.dialect, "2.1");
    EXPECT_FALSE(greeting.canEncrypt);

    expectRefused(refusal(agent(), kerberos(Proof::Keytab)),
                  {Errc::NotSupported,
                   HasSubstr("the server has no SMB encryption (SMB 2.1), which is required"),
                   HasSubstr("\"preferred\"")});

    for (const Proof proof : {Proof::NtlmPassword, Proof::Keytab}) {
        Access preferred = kerberos(proof);
        preferred.encryption = SmbEncryption::Preferred;
        preferred.login.auth = proof == Proof::Keytab ? Auth::Kerberos : Auth::Ntlm;
        AgentClient allowed = agent();
        allowed.connect(preferred);
        EXPECT_TRUE(supports(allowed, "data"));
        EXPECT_TRUE(allowed.get<agent::Probed>({agent::ProbeShare{"data"}, {}}).present);
    }
}

} // namespace
} // namespace fsrvp::test
