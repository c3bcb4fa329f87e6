// SPDX-License-Identifier: GPL-3.0-or-later
// Mounts that speak Kerberos. Tickets are got by the kernel's helper, at each reconnection anew:
// cifs.upcall, which has nothing but root's own cache and /etc/krb5.keytab.
#include "tests/guest/support/mount_fixture.hpp"

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Unit kDaemon("fsrvpd.service");
const Unit kServer("smbd.service");
const std::filesystem::path kHostKeytab = "/etc/krb5.keytab";
const std::filesystem::path kOtherKeytab = "/etc/fsrvpd/machine.keytab";
const std::filesystem::path kSettings = "/etc/fsrvpd/servers.d/kerberos.json";
const std::filesystem::path kBase = "/mnt/kerberos";

/// A realm, the server in it, and this machine's account; nothing on this machine knows of it yet.
class KerberosMount : public MountScenario {
  protected:
    static void SetUpTestSuite() {
        kdc().emplace(Argv{FSRVP_GUEST_KDC}, Environment(), Process::Stdin::Pipe);
        const auto described = [] { return kdc()->out().ends_with('\n'); };
        waitFor([&] { return described() || kdc()->wait(std::chrono::milliseconds(0)); },
                kPatience);
        ASSERT_TRUE(described()) << kdc()->err();
        realm() = json::parse(kdc()->out());
    }

    static void TearDownTestSuite() {
        kdc()->closeStdin();
        EXPECT_EQ(kdc()->wait(kPatience), 0) << kdc()->err();
        kdc().reset();
    }

    void TearDown() override {
        MountScenario::TearDown();
        ::umount2(kBase.c_str(), MNT_DETACH);
        for (const auto& file : {kHostKeytab, kOtherKeytab, kSettings}) {
            std::filesystem::remove(file);
        }
        kDaemon.restart();
    }

    static void putKeys(const std::filesystem::path& keytab) {
        std::filesystem::copy_file(directory() / "client.keytab", keytab);
        ASSERT_EQ(::chmod(keytab.c_str(), 0600), 0);
    }

    /// What servers.d has for the server from now on.
    static void set(json settings) {
        settings["hosts"] = {host()};
        settings["timeouts"] = {{"connect_sec", 60}};
        writeFile(kSettings, settings.dump());
        kDaemon.restart();
    }

    static std::string uncInRealm(const std::string& share) { return "//" + host() + "/" + share; }

    static std::string machine() { return realm().at("machine").get<std::string>(); }

    static std::string exposedInRealm(const json& snapshot) {
        return uncInRealm(snapshot["exposed"].get<std::string>());
    }

    /// By a new process: the kernel remembers for a while which one had no key.
    static RunResult read(const std::filesystem::path& file) {
        writeFile("/proc/sys/vm/drop_caches", "3");
        return run({"timeout", "5", "cat", file}, {}, kPatience);
    }

    /// How often this machine got a ticket for the server.
    static std::ptrdiff_t tickets() {
        const std::vector<std::string> log = lines(readFile(directory() / "kdc.log"));
        const std::string service = " for cifs/" + host() + "@";
        return std::count_if(log.begin(), log.end(), [&service](const std::string& line) {
            return line.find("TGS_REQ") != std::string::npos &&
                   line.find(" ISSUE: ") != std::string::npos &&
                   line.find(service) != std::string::npos;
        });
    }

    /// The server is away until its clients have noticed, then back.
    static void loseServerWhileReading(const std::filesystem::path& file) {
        kServer.signal("KILL");
        kServer.stop();
        EXPECT_TRUE(waitFor([&] { return read(file).exitCode != 0; }, kPatience));
        kServer.start();
    }

  private:
    static std::optional<Process>& kdc() {
        static std::optional<Process> one;
        return one;
    }

    static json& realm() {
        static json one;
        return one;
    }

    static std::string host() { return realm().at("name").get<std::string>(); }

    static std::filesystem::path directory() { return realm().at("dir").get<std::string>(); }
};

TEST_F(KerberosMount, SurvivesTheRestartOfItsServer) {
    putKeys(kHostKeytab);
    set({{"auth", "kerberos"}, {"keytab", kHostKeytab}});

    const json made = create(uncInRealm("data"));
    const auto point = mountPoint(made);
    EXPECT_EQ(point, "/run/fsrvpd/mnt/" + id(made));
    const Mount mount = mountAt(point);
    EXPECT_EQ(mount.type, "cifs");
    EXPECT_EQ(mount.source, exposedInRealm(made));
    for (const char* const option : {"ro", "sec=krb5", "cruid=0"}) {
        EXPECT_TRUE(mount.has(option)) << option << " is not in " << mount.superOptions;
    }
    const auto file = point / "file.txt";
    EXPECT_EQ(read(file).out, "first version of data\n");

    const auto before = tickets();
    loseServerWhileReading(file);
    EXPECT_TRUE(waitFor([&] { return read(file).out == "first version of data\n"; }, kPatience))
        << read(file).err;
    EXPECT_GT(tickets(), before);

    const RunResult deleted = fsrvpctl({"delete", "-q", id(made)});
    EXPECT_EQ(deleted.exitCode, 0) << deleted.err;
    EXPECT_FALSE(isMounted(point));
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
}

TEST_F(KerberosMount, TakesTheHostsKeysWhereItsBaseMountDoes) {
    putKeys(kHostKeytab);
    std::filesystem::create_directories(kBase);
    succeed({"mount",
             "-t",
             "cifs",
             uncInRealm("datab"),
             kBase,
             "-o",
             "sec=krb5,cruid=0,uid=0,gid=1001,file_mode=0640,dir_mode=0750,username=" + machine()});

    const json made = create(kBase);

    const Mount mount = mountAt(mountPoint(made));
    EXPECT_EQ(mount.source, exposedInRealm(made));
    for (const std::string& option : {std::string("ro"),
                                      std::string("sec=krb5"),
                                      std::string("cruid=0"),
                                      "username=" + machine(),
                                      std::string("gid=1001"),
                                      std::string("file_mode=0640")}) {
        EXPECT_TRUE(mount.has(option)) << option << " is not in " << mount.superOptions;
    }
    EXPECT_EQ(read(mountPoint(made) / "file.txt").out, "first version of datab\n");
}

TEST_F(KerberosMount, SaysWhereTheKernelLooksForKeysAndKeepsTheSnapshot) {
    putKeys(kOtherKeytab);
    set({{"auth", "kerberos"}, {"keytab", kOtherKeytab}});
    const json made =
        fsrvpctlJson({"create", "-q", "--no-mount", uncInRealm("datac")})["snapshots"][0];

    const json error = refused({"mount", "-q", id(made)});

    EXPECT_EQ(error["name"], "org.fsrvpd1.Error.NoCredential");
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("mount error(126)"));
    EXPECT_THAT(error["hint"].get<std::string>(), HasSubstr(kHostKeytab.string()));
    EXPECT_EQ(show(made)["state"], "exposed");
    EXPECT_THAT(lookAtServer().shares, ElementsAre(made["exposed"].get<std::string>()));

    putKeys(kHostKeytab);
    EXPECT_EQ(fsrvpctl({"mount", "-q", id(made)}).exitCode, 0);
    EXPECT_TRUE(isMounted(mountPoint(show(made))));
}

} // namespace
} // namespace fsrvp::test::guest
