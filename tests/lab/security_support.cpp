// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/lab/security_support.hpp"

#include "daemon/base/utf16.hpp"
#include "daemon/fsrvp/hresult.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fsrvp::test {
namespace {

std::string contents(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// Calls and expects success; gives what the server answered.
template <class Op> typename Op::Out succeed(AgentClient& agent, const typename Op::In& in) {
    const auto reply = agent.call<Op>(in);
    EXPECT_EQ(reply.hresult, hresult::kOk) << Op::name;
    return reply.out;
}

} // namespace

void PrintTo(const Way& way, std::ostream* out) {
    *out << way.name;
}

std::optional<Lab>& SecurityTest::theLab() {
    static std::optional<Lab> one;
    return one;
}

void SecurityTest::start(LabOptions options) {
    options.kerberos = true;
    // An anonymous session, which no agent may ever have, gets nowhere.
    options.settings.emplace_back("restrict anonymous = 2");
    theLab().emplace(options);
}

AgentClient SecurityTest::agentAt(const std::string& offset) {
    // The address sanitizer would have its own library loaded before faketime's.
    Environment environment = SecurityTest::environment();
    const char* const asan = std::getenv("ASAN_OPTIONS");
    environment["ASAN_OPTIONS"] =
        (asan != nullptr ? std::string(asan) + ":" : "") + "verify_asan_link_order=0";
    return AgentClient(environment, [offset](Argv argv) {
        argv.insert(argv.begin(), {"faketime", "-f", offset});
        return withHosts(argv);
    });
}

std::filesystem::path SecurityTest::krb5ConfWith(const std::string& text,
                                                 const std::string& instead) {
    static int number = 0;
    std::string all = contents(realm().krb5Conf());
    const std::size_t at = all.find(text);
    if (at == std::string::npos) {
        throw std::runtime_error("krb5.conf has no '" + text + "'");
    }
    all.replace(at, text.size(), instead);
    const std::filesystem::path path = realm().dir / ("krb5.conf." + std::to_string(++number));
    std::ofstream(path) << all;
    return path;
}

Login SecurityTest::login(Proof proof) {
    Login login;
    switch (proof) {
    case Proof::NtlmPassword:
        return AgentClient::accessTo(lab()).login;
    case Proof::Password:
        login.user = "root";
        login.domain = realm().name;
        login.password = Secret(realm().passwords.at("root"));
        return login;
    case Proof::Keytab:
        login.user = "root";
        login.domain = realm().name;
        login.keytab = Secret(contents(realm().keytab("root")));
        return login;
    case Proof::MachineKeytab:
        login.keytab = Secret(contents(realm().keytab("client")));
        return login;
    case Proof::TicketCache:
        login.ticketCache = ticketCache();
        return login;
    }
    return login;
}

Access SecurityTest::access(const Way& way) {
    Access access;
    access.server = ServerId{realm().host, lab().port()};
    access.login = login(way.proof);
    access.login.auth = way.auth;
    access.rpc = way.rpc;
    return access;
}

Access SecurityTest::kerberos(Proof proof) {
    return access(Way{"", Auth::Kerberos, proof, RpcProtection::Privacy, ""});
}

Secret SecurityTest::ticketCache(const std::vector<std::string>& services) {
    const TempDir dir;
    const std::string cache = "FILE:" + (dir.path() / "cache").string();
    const Environment environment{{"KRB5_CONFIG", realm().krb5Conf()}, {"KRB5CCNAME", cache}};
    const RunResult made = run({"kinit", "-k", "-t", realm().keytab("root"), "root"}, environment);
    if (made.exitCode != 0) {
        throw std::runtime_error("kinit failed: " + made.err);
    }
    for (const std::string& service : services) {
        const RunResult got = run({"kvno", service}, environment);
        if (got.exitCode != 0) {
            throw std::runtime_error("kvno failed: " + got.err);
        }
    }
    return Secret(contents(dir.path() / "cache"));
}

bool SecurityTest::supports(AgentClient& agent, const std::string& share) {
    ShareOnly in;
    in.shareName = toUtf16(unc(share));
    return static_cast<bool>(succeed<IsPathSupported>(agent, in).supportedByThisProvider);
}

void SecurityTest::createAndDelete(AgentClient& agent) {
    const std::u16string share = toUtf16(unc("data"));
    SetContext::In context;
    context.context = 0x19;
    succeed<SetContext>(agent, context);
    StartShadowCopySet::In begin;
    begin.clientShadowCopySetId = Guid::random();
    SetAndTimeout set;
    set.shadowCopySetId = succeed<StartShadowCopySet>(agent, begin).shadowCopySetId;
    set.timeOutInMilliseconds = 30000;
    AddToShadowCopySet::In add;
    add.clientShadowCopyId = Guid::random();
    add.shadowCopySetId = set.shadowCopySetId;
    add.shareName = share;
    const Guid copy = succeed<AddToShadowCopySet>(agent, add).shadowCopyId;
    succeed<PrepareShadowCopySet>(agent, set);
    succeed<CommitShadowCopySet>(agent, set);
    succeed<ExposeShadowCopySet>(agent, set);
    GetShareMapping::In which;
    which.shadowCopyId = copy;
    which.shadowCopySetId = set.shadowCopySetId;
    which.shareName = share;
    EXPECT_TRUE(succeed<GetShareMapping>(agent, which).shareMapping1.value);
    SetOnly done;
    done.shadowCopySetId = set.shadowCopySetId;
    succeed<RecoveryCompleteShadowCopySet>(agent, done);
    EXPECT_EQ(lab().listShares().size(), 1U);

    DeleteShareMapping::In drop;
    drop.shadowCopySetId = set.shadowCopySetId;
    drop.shadowCopyId = copy;
    drop.shareName = share;
    succeed<DeleteShareMapping>(agent, drop);
    EXPECT_TRUE(lab().listShares().empty());
}

Error SecurityTest::refusal(AgentClient agent, const Access& access) {
    try {
        const std::string identity = agent.connect(access);
        ADD_FAILURE() << "connected as " << identity;
    } catch (const Error& error) {
        return error;
    }
    return Error(Errc::Failed, "connected");
}

} // namespace fsrvp::test
