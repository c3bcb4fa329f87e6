// SPDX-License-Identifier: GPL-3.0-or-later
// Snapshots of shares named by UNC, mounted by PID 1.
#include "tests/guest/support/mount_fixture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Mounting = MountScenario;
const Unit kDaemon("fsrvpd.service");
const Unit kServer("smbd.service");

/// A directory of the guest's own, gone at the end.
class Place {
  public:
    Place() { std::filesystem::create_directories(path_); }

    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    ~Place() { std::filesystem::remove_all(path_); }

    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_ = "/srv/place";
};

TEST_F(Mounting, IsAtTheDefaultPlaceReadOnlyAndForItsCallerAlone) {
    const json made = create(unc("data"));

    const auto point = mountPoint(made);
    EXPECT_EQ(point, "/run/fsrvpd/mnt/" + id(made));
    const Mount mount = mountAt(point);
    EXPECT_EQ(mount.source, exposedUnc(made));
    for (const char* const option : {"ro", "nosuid", "nodev", "noexec"}) {
        EXPECT_TRUE(mount.has(option)) << option;
    }
    EXPECT_EQ(sha256(point / "file.txt"), sha256(directoryOf("data") / "file.txt"));
    EXPECT_FALSE(std::ofstream(point / "new.txt").is_open());
    EXPECT_THAT(fsrvpctl({"list"}).out, HasSubstr(point.string()));

    EXPECT_EQ(fsrvpctl({"umount", "-q", id(made)}).exitCode, 0);
    EXPECT_FALSE(isMounted(point));
    EXPECT_TRUE(isAbsent(point));
    EXPECT_THAT(lookAtServer().shares, ElementsAre(made["exposed"].get<std::string>()));

    EXPECT_EQ(fsrvpctl({"mount", "-q", id(made)}).exitCode, 0);
    EXPECT_TRUE(isMounted(point));
    EXPECT_EQ(fsrvpctl({"delete", "-q", point.string()}).exitCode, 0);
    EXPECT_FALSE(isMounted(point));
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
}

TEST_F(Mounting, TakesADestinationAndRemovesOnlyWhatItMade) {
    const Place place;
    std::filesystem::create_directory(place / "mine");

    const json first = create(unc("data"), place / "made, with %n {x} ü");
    const json second = create(unc("datab"), place / "mine");

    EXPECT_EQ(mountAt(place / "made, with %n {x} ü").source, exposedUnc(first));
    EXPECT_EQ(mountAt(place / "mine").source, exposedUnc(second));
    EXPECT_EQ(fsrvpctl({"delete", "-q", place / "made, with %n {x} ü", place / "mine"}).exitCode,
              0);
    EXPECT_TRUE(isAbsent(place / "made, with %n {x} ü"));
    EXPECT_FALSE(isAbsent(place / "mine"));
}

TEST_F(Mounting, RefusesABadDestinationBeforeTheServerIsAsked) {
    const Place place;
    std::filesystem::create_directories(place / "full/file");
    std::filesystem::create_directory(place / "empty");
    std::filesystem::create_directory_symlink(place / "empty", place / "link");
    writeFile(place / "file", "x");
    std::filesystem::create_directory(place / "mounted");
    succeed({"mount", "-t", "tmpfs", "tmpfs", place / "mounted"});
    const std::string longName(200, '-'); // each is four bytes of a unit's name
    const std::vector<std::pair<std::string, std::string>> bad{
        {place / "full", "AlreadyExists"},
        {place / "file", "AlreadyExists"},
        {place / "link", "InvalidArgument"},
        {place / "mounted", "AlreadyExists"},
        {place / "no/parent", "NotFound"},
        {place / "new\nline", "InvalidArgument"},
        {place / longName, "InvalidArgument"},
    };
    kServer.stop(); // whoever asks it fails otherwise

    for (const auto& [path, name] : bad) {
        const RunResult result =
            run({"/usr/bin/cifs", "filesystem", "snapshot", "create", "--json", unc("data"), path});

        EXPECT_NE(result.exitCode, 0) << path;
        const json error = json::parse(result.out)["error"];
        EXPECT_EQ(error["name"], "org.fsrvpd1.Error." + name) << path << ": " << error;
        EXPECT_NE(error["message"], "") << path;
    }

    kServer.start();
    succeed({"umount", place / "mounted"});
    EXPECT_FALSE(isAbsent(place / "full/file"));
}

TEST_F(Mounting, ABusyOneIsNotDeletedAndTheErrorSaysWhoHoldsIt) {
    const json made = create(unc("data"));
    const auto file = mountPoint(made) / "file.txt";
    const UniqueFd held(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(held);

    const RunResult result = fsrvpctl({"delete", "-q", id(made)});

    EXPECT_EQ(result.exitCode, 7) << result.err;
    EXPECT_THAT(result.err, HasSubstr("pid " + std::to_string(::getpid())));
    EXPECT_THAT(result.err, HasSubstr("file.txt"));
    EXPECT_TRUE(isMounted(mountPoint(made)));
    EXPECT_EQ(show(made)["state"], "exposed");
    char c = 0;
    EXPECT_EQ(::read(held.get(), &c, 1), 1);
}

TEST_F(Mounting, SurvivesTheEndOfFsrvpd) {
    const json made = create(unc("data"));
    const auto point = mountPoint(made);
    const int mountId = mountAt(point).id;

    kDaemon.restart();
    EXPECT_EQ(mountAt(point).id, mountId);
    EXPECT_EQ(show(made)["mount_points"], json::array({point.string()}));

    kDaemon.killAndAwaitRestart();
    EXPECT_EQ(mountAt(point).id, mountId);
    EXPECT_EQ(show(made)["mount_points"], json::array({point.string()}));

    kDaemon.stop();
    EXPECT_EQ(mountAt(point).id, mountId);
    kDaemon.start();
}

TEST_F(Mounting, TwentyAreThereAtOnceEachWithItsOwnContent) {
    constexpr int kCount = 20;
    const auto file = directoryOf("data") / "file.txt";
    std::vector<json> made;
    for (int i = 0; i < kCount; ++i) {
        writeFile(file, "content " + std::to_string(i));
        made.push_back(create(unc("data")));
    }

    for (std::size_t i = 0; i < made.size(); ++i) {
        EXPECT_EQ(readFile(mountPoint(made[i]) / "file.txt"), "content " + std::to_string(i));
    }
    EXPECT_EQ(lookAtServer().shares.size(), made.size());
    Argv all{"delete", "-q"};
    for (const json& snapshot : made) {
        all.push_back(id(snapshot));
    }
    EXPECT_EQ(fsrvpctl(all).exitCode, 0);
}

TEST_F(Mounting, SaysWhatMountCifsSaid) {
    const std::filesystem::path server = "/etc/fsrvpd/servers.d/lab.json";
    const std::string right = readFile(server);
    const json made = create(unc("data"));
    EXPECT_EQ(fsrvpctl({"umount", "-q", id(made)}).exitCode, 0);

    const std::filesystem::path wrong = "/etc/fsrvpd/wrong";
    writeFile(wrong, "username=root\npassword=wrong, with = and space\n");
    std::filesystem::permissions(wrong, std::filesystem::perms(0600));
    json settings = json::parse(right);
    settings["credentials_file"] = wrong;
    writeFile(server, settings.dump());
    succeed({"systemctl", "reload", "fsrvpd.service"});
    const RunResult password = fsrvpctl({"mount", id(made)});
    writeFile(server, right);
    succeed({"systemctl", "reload", "fsrvpd.service"});
    std::filesystem::remove(wrong);

    const std::string exposed = made["exposed"];
    const std::filesystem::path directory = directoryOf(exposed);
    const Argv setPath{"net", "--configfile=/srv/lab/smb.conf", "conf", "setparm", exposed, "path"};
    Argv elsewhere = setPath;
    elsewhere.push_back("/nonexistent");
    succeed(elsewhere);
    const RunResult share = fsrvpctl({"mount", id(made)});
    Argv back = setPath;
    back.push_back(directory);
    succeed(back);

    EXPECT_EQ(password.exitCode, 4) << password.err;
    EXPECT_THAT(password.err, HasSubstr("mount error(13): Permission denied"));
    EXPECT_THAT(password.err, Not(HasSubstr("wrong, with")));
    EXPECT_EQ(share.exitCode, 3) << share.err;
    EXPECT_THAT(share.err, HasSubstr("mount error(2): No such file or directory"));
    EXPECT_TRUE(std::filesystem::is_empty("/run/fsrvpd/private"));
    EXPECT_TRUE(std::filesystem::is_empty("/run/fsrvpd/mnt"));
}

TEST_F(Mounting, IsNotDoneForACallerInAnotherMountNamespace) {
    const Place place;

    const RunResult result = run(
        {"unshare", "--mount", "/usr/bin/fsrvpctl", "create", "-q", unc("data"), place / "there"});

    EXPECT_EQ(result.exitCode, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr("another mount namespace"));
    EXPECT_THAT(result.err, HasSubstr("call from the host"));
    EXPECT_TRUE(isAbsent(place / "there"));
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
}

} // namespace
} // namespace fsrvp::test::guest
