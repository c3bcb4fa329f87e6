// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/mount/runtime_files.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <set>

namespace fsrvp::mount {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string contentOf(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

fs::perms permissionsOf(const fs::path& file) {
    return fs::symlink_status(file).permissions();
}

Snapshot snapshotOf(std::int64_t id, std::string server, std::string share) {
    Snapshot snapshot;
    snapshot.id = id;
    snapshot.source = Unc{std::move(server), std::move(share)};
    snapshot.completed = TimeUs(1'795'332'600'123'456us); // 2026-11-22T07:30:00.123456Z
    return snapshot;
}

Login loginAs(std::string user, std::string domain, Secret password) {
    Login login;
    login.user = std::move(user);
    login.domain = std::move(domain);
    login.password = std::move(password);
    return login;
}

class RuntimeFilesTest : public testing::Test {
  protected:
    void restart() { files = std::make_unique<RuntimeFiles>(runtime); }

    fs::path byShare() const { return runtime / "by-share"; }

    test::TempDir directory;
    fs::path runtime = directory.path() / "run";
    std::unique_ptr<RuntimeFiles> files = std::make_unique<RuntimeFiles>(runtime);
};

TEST_F(RuntimeFilesTest, DirectoriesHaveTheirModesWhateverTheUmask) {
    const auto expectModes = [this] {
        EXPECT_EQ(permissionsOf(runtime / "mnt"), fs::perms(0755));
        EXPECT_EQ(permissionsOf(runtime / "private"), fs::perms(0700));
        EXPECT_EQ(permissionsOf(runtime / "by-share"), fs::perms(0755));
    };
    expectModes();
    fs::remove_all(runtime);
    const mode_t before = ::umask(0077);
    restart();
    expectModes();
    EXPECT_EQ(permissionsOf(runtime), fs::perms(0755));
    files->link(snapshotOf(1, "fs1", "data"), "/m/1");
    EXPECT_EQ(permissionsOf(byShare() / "fs1/data"), fs::perms(0755));
    ::umask(0);
    fs::permissions(runtime / "private", fs::perms(0777));
    restart();
    ::umask(before);

    expectModes();
}

TEST_F(RuntimeFilesTest, AStartEmptiesPrivateAndLinksButNoMountPoint) {
    const std::string where = files->defaultMountPoint(7);
    EXPECT_EQ(where, runtime / "mnt" / "7");
    fs::create_directory(where);
    fs::create_directory(directory.path() / "other");
    std::ofstream(directory.path() / "other" / "file") << "text";
    std::ofstream(runtime / "private" / "cred-1") << "password=old";
    fs::create_symlink(directory.path() / "other", runtime / "private" / "link");
    files->link(snapshotOf(7, "fs1", "data"), directory.path() / "other");

    restart();

    EXPECT_TRUE(fs::is_empty(runtime / "private"));
    EXPECT_TRUE(fs::is_empty(byShare()));
    EXPECT_TRUE(fs::exists(where));
    EXPECT_TRUE(fs::exists(directory.path() / "other" / "file")) << "a link was followed";
}

TEST_F(RuntimeFilesTest, ARuntimeDirectoryThatIsMissingIsNamed) {
    try {
        const RuntimeFiles made("/nonexistent/run");
        FAIL() << "it worked";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Failed);
        EXPECT_NE(std::string(error.what()).find("/nonexistent/run"), std::string::npos);
    }
}

TEST_F(RuntimeFilesTest, ASymbolicLinkIsNotTakenForADirectory) {
    fs::remove(runtime / "private");
    fs::create_symlink(directory.path(), runtime / "private");

    EXPECT_THROW(restart(), Error);
}

TEST_F(RuntimeFilesTest, CredentialsAreInMountCifssForm) {
    const PrivateFile file =
        files->writeCredentials(loginAs("admin", "LAB", Secret(" pass,word \"x\" ")));

    EXPECT_EQ(contentOf(file.path()), "username=admin\npassword= pass,word \"x\" \ndomain=LAB\n");
    EXPECT_EQ(permissionsOf(file.path()), fs::perms(0600));
    EXPECT_EQ(file.path().parent_path(), runtime / "private");
}

TEST_F(RuntimeFilesTest, WithoutADomainThereIsNoLineForIt) {
    const PrivateFile file = files->writeCredentials(loginAs("admin", "", Secret("x")));

    EXPECT_EQ(contentOf(file.path()), "username=admin\npassword=x\n");
}

TEST_F(RuntimeFilesTest, CredentialsGoWithTheirObject) {
    fs::path path;
    {
        PrivateFile first = files->writeCredentials(loginAs("admin", "", Secret("x")));
        path = first.path();
        const PrivateFile moved = std::move(first);
        EXPECT_TRUE(fs::exists(path));
        EXPECT_NE(files->writeCredentials(loginAs("b", "", Secret("y"))).path(), path);
    }

    EXPECT_FALSE(fs::exists(path));
}

TEST_F(RuntimeFilesTest, ALineEndInALoginIsRefusedWithoutShowingIt) {
    for (const Login& login : {loginAs("a\npassword=x", "", Secret("secret")),
                               loginAs("a", "b\n", Secret("secret")),
                               loginAs("a", "", Secret("secret\n")),
                               loginAs("a", "", Secret(std::string("secret\0", 7)))}) {
        try {
            files->writeCredentials(login);
            ADD_FAILURE() << "it was written";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::Configuration);
            EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
        }
    }
    EXPECT_TRUE(fs::is_empty(runtime / "private"));
}

TEST_F(RuntimeFilesTest, AFileThatIsInTheWayIsNotWrittenTo) {
    fs::create_symlink(directory.path() / "victim", runtime / "private" / "cred-1");

    EXPECT_THROW(files->writeCredentials(loginAs("a", "", Secret("x"))), Error);

    EXPECT_FALSE(fs::exists(directory.path() / "victim"));
}

TEST_F(RuntimeFilesTest, AMountPointsWordsFileHasOneNameAndGoes) {
    fs::path path;
    {
        const PrivateFile first = files->wordsFile("/mnt/" + std::string(4000, 'a'));
        const PrivateFile again = files->wordsFile("/mnt/" + std::string(4000, 'a'));
        EXPECT_EQ(first.path(), again.path());
        EXPECT_NE(first.path(), files->wordsFile("/mnt/b").path());
        EXPECT_EQ(first.path().parent_path(), runtime / "private");
        EXPECT_FALSE(fs::exists(first.path()));
        path = first.path();
        std::ofstream(path) << "mount error(13)";
    }

    EXPECT_FALSE(fs::exists(path));
}

TEST_F(RuntimeFilesTest, ALinkSaysServerShareAndTime) {
    files->link(snapshotOf(7, "fs1", "data"), "/mnt/snap");

    EXPECT_EQ(fs::read_symlink(byShare() / "fs1/data/2026-11-22T07:30:00Z"), "/mnt/snap");
}

TEST_F(RuntimeFilesTest, TwoSnapshotsOfOneSecondHaveALinkEach) {
    files->link(snapshotOf(7, "fs1", "data"), "/mnt/7");
    files->link(snapshotOf(8, "fs1", "data"), "/mnt/8");

    EXPECT_EQ(fs::read_symlink(byShare() / "fs1/data/2026-11-22T07:30:00Z"), "/mnt/7");
    EXPECT_EQ(fs::read_symlink(byShare() / "fs1/data/2026-11-22T07:30:00Z-8"), "/mnt/8");
}

TEST_F(RuntimeFilesTest, ANewLinkOfASnapshotReplacesItsOldOne) {
    files->link(snapshotOf(7, "fs1", "data"), "/mnt/old");
    files->link(snapshotOf(7, "fs1", "data"), "/mnt/new");

    EXPECT_EQ(fs::read_symlink(byShare() / "fs1/data/2026-11-22T07:30:00Z"), "/mnt/new");
    EXPECT_EQ(std::distance(fs::directory_iterator(byShare() / "fs1/data"), {}), 1);
}

TEST_F(RuntimeFilesTest, DirectoriesGoWithTheirLastLink) {
    files->link(snapshotOf(7, "fs1", "data"), "/mnt/7");
    files->link(snapshotOf(8, "fs1", "home"), "/mnt/8");

    files->unlink(7);
    EXPECT_FALSE(fs::exists(byShare() / "fs1/data"));
    EXPECT_TRUE(fs::exists(byShare() / "fs1/home"));
    files->unlink(8);
    files->unlink(9);

    EXPECT_TRUE(fs::is_empty(byShare()));
}

TEST_F(RuntimeFilesTest, ALinkThatSomebodyRemovedIsNoError) {
    files->link(snapshotOf(7, "fs1", "data"), "/mnt/7");
    fs::remove_all(byShare() / "fs1");

    EXPECT_NO_THROW(files->unlink(7));
}

TEST_F(RuntimeFilesTest, NoNameLeadsOutOfTheTree) {
    std::int64_t id = 0;
    for (const char* name : {"..", ".", "", "/", "../../x", "a/b", "/etc", "...", "a\nb"}) {
        files->link(snapshotOf(++id, name, name), "/m");
        files->link(snapshotOf(++id, "fs1", name), "/m");
    }
    std::size_t links = 0;
    for (const auto& entry : fs::recursive_directory_iterator(byShare())) {
        links += entry.is_symlink() ? 1 : 0;
    }
    std::set<std::string> top;
    for (const auto& entry : fs::directory_iterator(runtime)) {
        top.insert(entry.path().filename());
    }

    EXPECT_EQ(links, static_cast<std::size_t>(id));
    EXPECT_EQ(top, (std::set<std::string>{"by-share", "mnt", "private"}));
    EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
}

TEST_F(RuntimeFilesTest, ASnapshotThatIsNotCompleteHasALinkToo) {
    Snapshot snapshot = snapshotOf(7, "fs1", "data");
    snapshot.completed.reset();

    files->link(snapshot, "/mnt/7");

    EXPECT_EQ(fs::read_symlink(byShare() / "fs1/data/snapshot"), "/mnt/7");
}

} // namespace
} // namespace fsrvp::mount
