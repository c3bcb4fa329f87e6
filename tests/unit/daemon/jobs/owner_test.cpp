// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/owner.hpp"
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

namespace fsrvp::jobs {
namespace {

struct Names {
    const char* host;
    const char* owner;
    OwnerName relation;
};

class Owners : public testing::TestWithParam<Names> {};

TEST_P(Owners, AreComparedByName) {
    EXPECT_EQ(compareOwner(GetParam().host, GetParam().owner), GetParam().relation)
        << GetParam().host << " and " << GetParam().owner;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    Owners,
    testing::Values(Names{"fs1", "", OwnerName::Same},
                    Names{"fs1", "FS1", OwnerName::Same},
                    Names{"fs1", "\\\\FS1", OwnerName::Same},
                    Names{"fs1.lab.example", "FS1", OwnerName::Same},
                    Names{"fs1", "fs1.lab.example", OwnerName::Same},
                    Names{"fs1.lab.example", "FS1.LAB.EXAMPLE.", OwnerName::Same},
                    Names{"192.0.2.1", "192.0.2.1", OwnerName::Same},
                    Names{"fs1", "fs2", OwnerName::Domain},
                    Names{"fs1.lab.example", "fs2", OwnerName::Domain},
                    Names{"fs1.lab.example", "fs2.lab.example", OwnerName::Domain},
                    Names{"fs1.lab.example", "fs1.evil.example", OwnerName::Foreign},
                    Names{"fs1.lab.example", "fs2.sub.lab.example", OwnerName::Foreign},
                    Names{"fs1.lab.example", "lab.example", OwnerName::Foreign},
                    Names{"fs1", "fs2.lab.example", OwnerName::Foreign},
                    Names{"192.0.2.1", "fs1", OwnerName::Foreign},
                    Names{"fs1", "192.0.2.1", OwnerName::Address},
                    Names{"fs1", "2001:db8::1", OwnerName::Address},
                    Names{"192.0.2.1", "192.0.2.2", OwnerName::Address}));

/// A server "fs1.lab.example" that says whose its shares are, and a machine that has them.
class FollowOwner : public JobsTest {
  protected:
    FollowOwner() { configureHosts(R"(["*.lab.example", "192.0.2.1"])"); }

    /// @param more  further keys for servers.d
    void configureHosts(const std::string& hosts, const std::string& more = "") {
        const std::string credentials =
            configDirectory.write("secret", "username=backup\npassword=secret\n");
        configDirectory.write("servers.d/lab.json",
                              R"({"hosts": )" + hosts + R"(, "credentials_file": ")" + credentials +
                                  "\"" + more + "}");
        reload();
    }

    FssServer& serverThatSays(const std::string& owner, const std::string& host = kHost) {
        fakes::FssOptions options;
        options.netbiosName = owner;
        return addServer(host, {"data"}, options);
    }

    static constexpr const char* kHost = "fs1.lab.example";
    static constexpr const char* kShare = "//fs1.lab.example/data";
};

TEST_F(FollowOwner, StaysWithTheServersOtherName) {
    FssServer& server = serverThatSays("FS1");

    EXPECT_EQ(errorName(*create({kShare})), "none");
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

TEST_F(FollowOwner, StaysWhereNobodyKnowsTheName) {
    FssServer& server = serverThatSays("LABSRV");

    EXPECT_EQ(errorName(*create({kShare})), "none");
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

TEST_F(FollowOwner, StaysWhereBothNamesHaveAnAddressInCommon) {
    FssServer& server = serverThatSays("alias.other.example");
    network.setAddresses(kHost, {"192.0.2.1", "192.0.2.9"});
    network.setAddresses("alias.other.example", {"192.0.2.9"});

    EXPECT_EQ(errorName(*create({kShare})), "none");
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

TEST_F(FollowOwner, GoesToAnotherMachineOfTheDomain) {
    FssServer& first = serverThatSays("FS2");
    FssServer& second = serverThatSays("FS2", "fs2.lab.example");
    network.setAddresses("fs2.lab.example", {"192.0.2.2"});

    const auto job = create({kShare});

    ASSERT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_TRUE(first.exposedShares().empty());
    EXPECT_EQ(second.exposedShares().size(), 1U);
    EXPECT_EQ(snapshot(job->ids().at(0)).server.host, "fs2.lab.example");
    EXPECT_EQ(snapshot(job->ids().at(0)).source.server, kHost) << "the share as it was named";
    EXPECT_EQ(errorName(*remove(job->ids())), "none");
    EXPECT_TRUE(second.exposedShares().empty());
}

TEST_F(FollowOwner, IsNotSentOnFromThere) {
    serverThatSays("FS2");
    FssServer& second = serverThatSays("FS3", "fs2.lab.example");
    network.setAddresses("fs2.lab.example", {"192.0.2.2"});
    network.setAddresses("fs3.lab.example", {"192.0.2.3"});

    const auto job = create({kShare});

    EXPECT_EQ(errorName(*job), "NotSupported") << errorText(*job);
    EXPECT_TRUE(second.exposedShares().empty());
}

TEST_F(FollowOwner, GoesNowhereWhenToldSo) {
    configureHosts(R"(["*.lab.example"])", R"(, "follow_owner": "never")");
    FssServer& server = serverThatSays("FS2");
    serverThatSays("FS2", "fs2.lab.example");
    network.setAddresses("fs2.lab.example", {"192.0.2.2"});

    EXPECT_EQ(errorName(*create({kShare})), "none");
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

class RefusedOwner : public FollowOwner, public testing::WithParamInterface<const char*> {};

TEST_P(RefusedOwner, GetsNoCredentials) {
    FssServer& server = serverThatSays(GetParam());
    FssServer& evil = serverThatSays(GetParam(), GetParam());
    network.setAddresses(GetParam(), {"203.0.113.9"});

    const auto job = create({kShare});

    EXPECT_EQ(errorName(*job), "NotSupported");
    EXPECT_NE(errorText(*job).find(GetParam()), std::string::npos) << errorText(*job);
    EXPECT_NE(job->error()->hint().find("follow_owner"), std::string::npos);
    EXPECT_EQ(evil.connectCount(), 0U);
    EXPECT_TRUE(server.sets().empty());
}

INSTANTIATE_TEST_SUITE_P(Table,
                         RefusedOwner,
                         testing::Values("203.0.113.9", "2001:db8::9", "fs1.evil.example"));

TEST_F(FollowOwner, GivesAnAddressTheNameThatIsTheServers) {
    FssServer& server = serverThatSays("fs1.lab.example", "192.0.2.1");
    network.setAddresses("192.0.2.1", {"192.0.2.1"});
    network.setAddresses(kHost, {"192.0.2.1"});

    const auto job = create({"//192.0.2.1/data"});

    ASSERT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(server.exposedShares().size(), 1U);
    EXPECT_EQ(snapshot(job->ids().at(0)).source.server, kHost);
    EXPECT_EQ(snapshot(job->ids().at(0)).server.host, "192.0.2.1");
    for (const char* asked : {"192.0.2.1", kHost}) {
        db::SnapshotFilter filter;
        filter.source = Unc{asked, "data"};
        filter.limit = 10;
        EXPECT_EQ(store().listSnapshots(filter).size(), 1U) << asked;
    }
}

TEST_F(FollowOwner, GivesAnAddressTheNameThatServersDHas) {
    configureHosts(R"(["192.0.2.1", "labsrv"])");
    serverThatSays("LABSRV", "192.0.2.1");

    const auto job = create({"//192.0.2.1/data"});

    ASSERT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(snapshot(job->ids().at(0)).source.server, "labsrv");
}

TEST_F(FollowOwner, KeepsAnAddressWhoseNameNobodyKnows) {
    serverThatSays("LABSRV", "192.0.2.1");

    const auto job = create({"//192.0.2.1/data"});

    ASSERT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(snapshot(job->ids().at(0)).source.server, "192.0.2.1");
}

} // namespace
} // namespace fsrvp::jobs
