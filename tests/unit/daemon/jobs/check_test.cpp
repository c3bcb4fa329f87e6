// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

namespace fsrvp::jobs {
namespace {

/// A check of //fs1/data.
class Check : public JobsTest {
  protected:
    std::shared_ptr<Job> check(const std::string& source = "//fs1/data") {
        CheckRequest request;
        request.wish.source = Source{Unc::parse(source), {}, {}, {}};
        request.wish.server = ServerId{request.wish.source->unc.server};
        return ended(run(manager().check(std::move(request))));
    }

    /// "credential ok, name ok, …".
    static std::string verdicts(const Job& job) {
        std::string text;
        for (const CheckLine& line : job.checks()) {
            text += (text.empty() ? "" : ", ") + line.name + " " + line.verdict;
        }
        return text;
    }

    static CheckLine line(const Job& job, const std::string& name) {
        for (const CheckLine& one : job.checks()) {
            if (one.name == name) {
                return one;
            }
        }
        ADD_FAILURE() << "no line " << name;
        return {};
    }

    FssServer& server = addServer("fs1", {"data"});
};

TEST_F(Check, SaysWhatItFoundAtEachStepAndChangesNothing) {
    const auto job = check();

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(verdicts(*job),
              "credential ok, name ok, port ok, dialect ok, clock ok, authentication ok, rpc ok, "
              "permission ok, version ok, workers ok, share ok, owner ok");
    EXPECT_EQ(line(*job, "credential").text, configDirectory.path("secret") + ", by servers.d");
    EXPECT_EQ(line(*job, "name").text, "fs1 is 192.0.2.1");
    EXPECT_EQ(line(*job, "port").text, "port 445 of 192.0.2.1 answers");
    EXPECT_EQ(line(*job, "dialect").text, "SMB 3.1.1, encrypted");
    EXPECT_EQ(line(*job, "authentication").text, "as backup, by ntlm");
    EXPECT_EQ(line(*job, "rpc").text, "FSRVP answers, calls are protected by privacy");
    EXPECT_EQ(line(*job, "version").text, "FSRVP 1 to 1");
    EXPECT_NE(line(*job, "workers").cure.find("rpcd_fsrvp:num_workers = 1"), std::string::npos);
    EXPECT_EQ(line(*job, "share").text, "//fs1/data can have snapshots");
    EXPECT_EQ(
        server.calls(),
        (Calls{
            "GetSupportedVersion", "GetSupportedVersion", "IsPathSupported", "IsPathSupported"}));
    EXPECT_EQ(setStates(), "");
}

TEST_F(Check, NamesWhatTheServerHasLost) {
    create({"//fs1/data"});
    server.forgetSets();
    remove({1});

    const auto job = check();

    EXPECT_EQ(errorName(*job), "none");
    EXPECT_EQ(line(*job, "lost").verdict, "warning");
    EXPECT_EQ(line(*job, "lost").text, "snapshot 1: share " + snapshot(1).exposed);
    EXPECT_NE(line(*job, "lost").cure.find("net conf delshare"), std::string::npos);
    EXPECT_EQ(line(*job, "lost").machine, "server fs1");
    EXPECT_EQ(verdicts(*check("//fs2/data")).find("lost"), std::string::npos);
}

TEST_F(Check, EndsAtAHostWithoutCredentials) {
    const auto job = check("//fs9/data");

    EXPECT_EQ(errorName(*job), "NoCredential");
    EXPECT_EQ(verdicts(*job).substr(0, 41), "credential failed, name not-tried, port n");
    EXPECT_EQ(line(*job, "credential").machine, "this host");
    EXPECT_NE(line(*job, "credential").cure, "");
    EXPECT_EQ(line(*job, "owner").verdict, "not-tried");
}

TEST_F(Check, EndsAtANameThatNobodyKnows) {
    const auto job = check("//fs2/data");

    EXPECT_EQ(errorName(*job), "NameNotResolved");
    EXPECT_EQ(line(*job, "name").verdict, "failed");
    EXPECT_EQ(line(*job, "name").machine, "this host");
}

TEST_F(Check, TellsAWrongPasswordFromMissingRightsFromMissingFsrvp) {
    server.refuseConnections(Errc::AuthenticationFailed);
    const auto password = check();
    EXPECT_EQ(errorName(*password), "AuthenticationFailed");
    EXPECT_EQ(line(*password, "authentication").verdict, "failed");
    EXPECT_EQ(line(*password, "rpc").verdict, "not-tried");

    server.refuseConnections(Errc::NotSupported);
    const auto service = check();
    EXPECT_EQ(errorName(*service), "NotSupported");
    EXPECT_EQ(line(*service, "authentication").verdict, "ok");
    EXPECT_EQ(line(*service, "rpc").verdict, "failed");
    EXPECT_EQ(line(*service, "rpc").machine, "server fs1");
    EXPECT_EQ(line(*service, "permission").verdict, "not-tried");

    server.setAccess(fakes::FssAccess::Denied);
    const auto rights = check();
    EXPECT_EQ(errorName(*rights), "AccessDenied");
    EXPECT_EQ(line(*rights, "rpc").verdict, "ok");
    EXPECT_EQ(line(*rights, "permission").verdict, "failed");
    EXPECT_EQ(line(*rights, "permission").machine, "server fs1");
    EXPECT_EQ(line(*rights, "share").verdict, "not-tried");
    server.setAccess(fakes::FssAccess::Granted);
}

TEST_F(Check, EndsAtAShareThatIsNotThereOrCanHaveNone) {
    EXPECT_EQ(errorName(*check("//fs1/nosuch")), "NotFound");

    server.addUnsupportedShare("plain");
    const auto plain = check("//fs1/plain");
    EXPECT_EQ(errorName(*plain), "NotSupported");
    EXPECT_EQ(line(*plain, "share").verdict, "failed");
    EXPECT_EQ(line(*plain, "version").verdict, "ok");
}

TEST_F(Check, TellsWhatServersDLowers) {
    configDirectory.write("servers.d/lab.json",
                          R"({"hosts": ["fs1"], "rpc_protection": "none", "credentials_file": ")" +
                              configDirectory.path("secret") + "\"}");
    reload();

    const auto job = check();

    EXPECT_EQ(errorName(*job), "none");
    EXPECT_EQ(line(*job, "rpc").verdict, "warning");
    EXPECT_NE(line(*job, "rpc").cure.find("rpc_protection"), std::string::npos);
}

TEST_F(Check, OfACredentialAsksForNoShare) {
    CheckRequest request;
    request.wish.server = ServerId{"fs1"};

    const auto job = ended(run(manager().check(std::move(request))));

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(verdicts(*job).substr(verdicts(*job).find("permission")),
              "permission ok, version ok, workers ok");
}

} // namespace
} // namespace fsrvp::jobs
