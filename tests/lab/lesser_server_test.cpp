// SPDX-License-Identifier: GPL-3.0-or-later
// Servers that offer less than was asked for, or whose answers are not what they should be:
// tests/lab/lesser_server.py does one thing wrong at a time, with an SMB that can't encrypt.
#include "daemon/base/utf16.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "tests/support/agent_client.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::chrono::seconds kPatience(20);

class LesserServer {
  public:
    explicit LesserServer(const Argv& options)
        : process_(command(dir_.path() / "credentials", options), {}, Process::Stdin::Pipe) {
        std::string line;
        const auto isUp = [&] {
            std::istringstream text(process_.out());
            return std::getline(text, line) && !text.eof();
        };
        if (!waitFor(isUp, kPatience)) {
            throw std::runtime_error("the server does not start: " + process_.err());
        }
        port_ = json::parse(line).at("port");
    }

    /// Encryption only preferred, since the server has none.
    Access access() const {
        Access access;
        access.server = ServerId{"127.0.0.1", port_};
        access.login.user = kUser;
        access.login.password = Secret(kPassword);
        access.encryption = SmbEncryption::Preferred;
        return access;
    }

    /// Ends it, for what it has counted.
    json end() {
        process_.closeStdin();
        EXPECT_EQ(process_.wait(kPatience), 0);
        EXPECT_EQ(process_.err(), "");
        const std::string out = process_.out();
        return json::parse(out.substr(out.rfind('\n', out.size() - 2) + 1));
    }

  private:
    static constexpr const char* kUser = "backup";
    static constexpr const char* kPassword = "Pass-word1";

    static Argv command(const std::filesystem::path& credentials, const Argv& options) {
        std::ofstream(credentials) << "username=" << kUser << "\npassword=" << kPassword << "\n";
        Argv argv{FSRVP_LESSER_SERVER, "--credentials", credentials};
        argv.insert(argv.end(), options.begin(), options.end());
        return argv;
    }

    TempDir dir_;
    Process process_;
    std::uint16_t port_ = 0;
};

Reply<IsPathSupported> askForPath(AgentClient& agent) {
    ShareOnly in;
    in.shareName = toUtf16("\\\\127.0.0.1\\data\\");
    return agent.call<IsPathSupported>(in);
}

/// What `act` is refused with.
template <class Act> Error refusalOf(Act act) {
    try {
        act();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "not refused";
    return Error(Errc::Failed, "not refused");
}

/// One thing that the server does wrong, and what is to be said then.
struct Wrong {
    const char* behaviour;
    Errc code;
    const char* message;
    const char* hint; ///< a part of it
};

void PrintTo(const Wrong& wrong, std::ostream* out) {
    *out << wrong.behaviour;
}

void expectRefused(const Error& error, const Wrong& wrong) {
    EXPECT_EQ(errcName(error.code()), errcName(wrong.code)) << error.what();
    EXPECT_THAT(std::string(error.what()), HasSubstr(wrong.message));
    EXPECT_THAT(error.hint(), HasSubstr(wrong.hint)) << error.what();
}

/// A test's name of a behaviour's: "bind-nak" to "BindNak".
std::string camelCase(const std::string& behaviour) {
    std::string name;
    bool isFirst = true;
    for (const char c : behaviour) {
        if (c != '-') {
            name += isFirst ? static_cast<char>(c - 'a' + 'A') : c;
        }
        isFirst = c == '-';
    }
    return name;
}

const auto kTestName = [](const auto& row) { return camelCase(row.param.behaviour); };

TEST(LesserServerTest, ShortReadsOfThePipeArePutTogether) {
    LesserServer server({"--piece", "16", "--owner", "FS1"});
    {
        AgentClient agent;
        EXPECT_EQ(agent.connect(server.access()), "backup");

        const auto reply = askForPath(agent);

        EXPECT_EQ(reply.hresult, hresult::kOk);
        EXPECT_TRUE(static_cast<bool>(reply.out.supportedByThisProvider));
        EXPECT_EQ(reply.out.ownerMachineName.value, toUtf16("FS1"));
    }
    const json counted = server.end();
    EXPECT_GT(counted["overflows"], 0) << counted;
    EXPECT_EQ(counted["calls"], (json{{"0", 1}, {"8", 1}}));
    EXPECT_EQ(counted["broken_calls"], 0) << counted;
    EXPECT_EQ(counted["plain_calls"], 0) << counted;
    EXPECT_EQ(counted["unsigned_requests"], 0) << counted;
}

TEST(LesserServerTest, NoEncryptionIsRefusedWhereItIsRequired) {
    LesserServer server({});
    Access access = server.access();
    access.encryption = SmbEncryption::Required;
    {
        AgentClient agent;
        expectRefused(refusalOf([&] { agent.connect(access); }),
                      {"",
                       Errc::NotSupported,
                       "the server has no SMB encryption (SMB 2.1), which is required",
                       "\"preferred\""});
    }
    const json counted = server.end();
    EXPECT_EQ(counted["opened"], 0) << counted;
    EXPECT_EQ(counted["binds"], 0) << counted;
}

TEST(LesserServerTest, CallsWithoutProtectionThatTheServerRefusesAreNamed) {
    LesserServer server({});
    Access access = server.access();
    access.rpc = RpcProtection::None;
    {
        AgentClient agent;
        expectRefused(refusalOf([&] { agent.connect(access); }),
                      {"",
                       Errc::AccessDenied,
                       "the server refuses this account for FSRVP, or calls without protection",
                       "set \"rpc_protection\" to \"privacy\""});
    }
    EXPECT_EQ(server.end()["plain_calls"], 1);
}

class WrongAtConnect : public testing::TestWithParam<Wrong> {};

TEST_P(WrongAtConnect, IsRefusedWithItsMessage) {
    LesserServer server({"--behave", GetParam().behaviour});
    {
        AgentClient agent;
        const Error error = refusalOf([&] { agent.connect(server.access()); });
        expectRefused(error, GetParam());
        EXPECT_THAT(std::string(error.what()), testing::Not(HasSubstr("call failed")));
    }
    const json counted = server.end();
    EXPECT_GT(counted["misbehaved"], 0) << counted;
    EXPECT_EQ(counted["calls"], json::object());
}

constexpr const char* kUnsigned =
    "the server refuses this account, or its SMB answers are not signed as demanded (guest, "
    "unsigned, changed, or lowered to an older SMB)";
constexpr const char* kLessAtBind = "the server answered the bind with no authentication, another "
                                    "one, or less protection than asked for";
constexpr const char* kWeakNtlm = "the server's NTLM can't sign or encrypt";

INSTANTIATE_TEST_SUITE_P(
    LesserServerTest,
    WrongAtConnect,
    testing::Values(
        Wrong{"old-dialect",
              Errc::NotSupported,
              "the server does not speak SMB 2.1 or later",
              "turn on SMB 2.1"},
        Wrong{"wrong-validation", Errc::AccessDenied, kUnsigned, "SMB signing"},
        Wrong{"guest", Errc::AccessDenied, kUnsigned, "not as a guest"},
        Wrong{"unsigned-smb", Errc::AccessDenied, kUnsigned, "SMB signing"},
        Wrong{"wrong-smb-signature", Errc::AccessDenied, kUnsigned, "changes SMB traffic"},
        Wrong{"lower-level", Errc::NotSupported, kLessAtBind, "update the server"},
        Wrong{"other-type", Errc::NotSupported, kLessAtBind, "\"auth\""},
        Wrong{"no-auth", Errc::NotSupported, kLessAtBind, "update the server"},
        Wrong{"no-header-signing",
              Errc::NotSupported,
              "the server does not sign the headers of RPC calls",
              "update the server"},
        Wrong{"bind-nak",
              Errc::NotSupported,
              "the server refuses this kind of authentication for RPC",
              "\"auth\""},
        Wrong{"ntlm-no-seal", Errc::NotSupported, kWeakNtlm, "\"kerberos\""},
        Wrong{"ntlm-no-sign", Errc::NotSupported, kWeakNtlm, "\"kerberos\""}),
    kTestName);

class WrongReply : public testing::TestWithParam<Wrong> {};

TEST_P(WrongReply, IsRefusedInTheFirstCall) {
    LesserServer server({"--behave", GetParam().behaviour});
    {
        AgentClient agent;
        const Error error = refusalOf([&] { agent.connect(server.access()); });
        expectRefused(error, GetParam());
        EXPECT_THAT(std::string(error.what()), testing::StartsWith("the first call failed: "));
    }
    const json counted = server.end();
    EXPECT_GT(counted["misbehaved"], 0) << counted;
    EXPECT_EQ(counted["calls"], (json{{"0", 1}}));
}

class WrongReplyLater : public testing::TestWithParam<Wrong> {};

TEST_P(WrongReplyLater, IsRefused) {
    LesserServer server({"--behave", GetParam().behaviour, "--after", "1"});
    {
        AgentClient agent;
        agent.connect(server.access());
        const Error error = refusalOf([&] { askForPath(agent); });
        expectRefused(error, GetParam());
        EXPECT_THAT(std::string(error.what()), testing::StartsWith("the call failed: "));
    }
    const json counted = server.end();
    EXPECT_GT(counted["misbehaved"], 0) << counted;
    EXPECT_EQ(counted["calls"], (json{{"0", 1}, {"8", 1}}));
}

constexpr const char* kOtherProtection =
    "the server's reply has another authentication or protection than the binding";
constexpr const char* kWrongSignature =
    "the reply's signature is wrong: it was changed on its way, or repeated";
constexpr const char* kAccountRefused =
    "the server refuses this account for FSRVP (NT_STATUS_ACCESS_DENIED)";

const auto kWrongReplies = testing::Values(
    Wrong{"lower-level-reply", Errc::Protocol, kOtherProtection, "update the server"},
    Wrong{"other-type-reply", Errc::Protocol, kOtherProtection, "update the server"},
    Wrong{"other-context-reply", Errc::Protocol, kOtherProtection, "update the server"},
    Wrong{"plain-reply",
          Errc::Protocol,
          "the server's reply to a protected call is not protected",
          "update the server"},
    Wrong{"wrong-verifier", Errc::Protocol, kWrongSignature, "changes SMB traffic"},
    Wrong{"wrong-sequence", Errc::Protocol, kWrongSignature, "changes SMB traffic"},
    Wrong{"fault-access", Errc::AccessDenied, kAccountRefused, ""},
    Wrong{"fault-zero", Errc::Protocol, "the server's answer breaks the RPC protocol", ""});

INSTANTIATE_TEST_SUITE_P(LesserServerTest, WrongReply, kWrongReplies, kTestName);
INSTANTIATE_TEST_SUITE_P(LesserServerTest, WrongReplyLater, kWrongReplies, kTestName);
INSTANTIATE_TEST_SUITE_P(LoginToLesserServerTest,
                         WrongReply,
                         testing::Values(Wrong{
                             "wrong-password-at-rpc", Errc::AccessDenied, kAccountRefused, ""}),
                         kTestName);
// libdcerpc closes the connection on such an answer too, but says no more than that.
const auto kWrongSmb =
    testing::Values(Wrong{"unsigned-smb", Errc::Unreachable, "the connection was cut", ""},
                    Wrong{"wrong-smb-signature", Errc::Unreachable, "the connection was cut", ""});
INSTANTIATE_TEST_SUITE_P(SmbOfLesserServerTest, WrongReplyLater, kWrongSmb, kTestName);

// libdcerpc 4.17 takes these, and no function of it tells; so fsrvpd takes them too where SMB need
// not be encrypted. One that fails can be told by now, and should be refused.
class LimitOfPreferredEncryption : public testing::TestWithParam<const char*> {};

TEST_P(LimitOfPreferredEncryption, IsNotRefusedThoughItShouldBe) {
    LesserServer server({"--behave", GetParam()});
    {
        AgentClient agent;
        EXPECT_EQ(agent.connect(server.access()), "backup");
        EXPECT_EQ(askForPath(agent).hresult, hresult::kOk);
    }
    const json counted = server.end();
    EXPECT_GT(counted["misbehaved"], 0) << counted;
}

INSTANTIATE_TEST_SUITE_P(
    LesserServerTest,
    LimitOfPreferredEncryption,
    testing::Values("signed-guest", "null-session", "ntlm-short-key", "ntlm-no-key-exchange"),
    [](const auto& row) { return camelCase(row.param); });

/// libsmbclient does not insist on encryption, so the agent has to.
TEST(SharesOfAServerWithoutEncryption, AreNotLookedForWhereItIsRequired) {
    LabOptions options;
    options.settings = {"server smb encrypt = off"};
    const Lab lab(options);
    Access access = AgentClient::accessTo(lab);
    const Wrong wrong{"",
                      Errc::NotSupported,
                      "the server has no SMB encryption (SMB 3.1.1), which is required",
                      "\"preferred\""};
    AgentClient agent;
    expectRefused(refusalOf([&] { agent.connect(access); }), wrong);

    const auto probe = [](AgentClient& by) {
        return by.get<agent::Probed>({agent::ProbeShare{"data"}, {}}).present;
    };
    const auto list = [](AgentClient& by) {
        return by.get<agent::Shares>({agent::ListShares{1000, ""}, {}}).names;
    };
    expectRefused(refusalOf([&] { probe(agent); }), wrong);
    expectRefused(refusalOf([&] { list(agent); }), wrong);

    access.encryption = SmbEncryption::Preferred;
    AgentClient allowed;
    allowed.connect(access);
    EXPECT_TRUE(probe(allowed));
    EXPECT_THAT(list(allowed), testing::Contains("data"));
}

} // namespace
} // namespace fsrvp::test
