// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/paths.hpp"
#include "daemon/base/error.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace fsrvp::ctl {
namespace {

namespace fs = std::filesystem;

/// With real/dir/, real/empty/, real/file, link -> real and dangling -> nowhere in its directory,
/// which is the current one.
class Paths : public testing::Test {
  protected:
    Paths() {
        fs::create_directories("real/dir/sub");
        fs::create_directory("real/empty");
        std::ofstream("real/file") << "text";
        fs::create_directory_symlink("real", "link");
        fs::create_symlink("nowhere", "dangling");
    }

    ~Paths() override { fs::current_path(before_); }

    /// Of a name in the directory.
    std::string at(const std::string& name) const { return top_ + "/" + name; }

    static Errc failureOf(std::string (*function)(const std::string&), const std::string& name) {
        try {
            ADD_FAILURE() << function(name);
        } catch (const Error& error) {
            return error.code();
        }
        return Errc::Failed;
    }

  private:
    struct Inside {
        explicit Inside(const fs::path& path) { fs::current_path(path); }
    };

    fs::path before_ = fs::current_path();
    test::TempDir dir_;
    std::string top_ = fs::canonical(dir_.path()).string();
    Inside inside_{dir_.path()};
};

TEST(IsLocalPath, IsFalseForSharesAndUrlsOnly) {
    for (const char* const name :
         {"/mnt/a", "a", "./a", "../a", "before-12:30", "a/smb://b", "\\a"}) {
        EXPECT_TRUE(isLocalPath(name)) << name;
    }
    for (const char* const name :
         {"", "//fs1/a", "\\\\fs1\\a", "smb://fs1/a", "SMB:fs1", "nfs://a"}) {
        EXPECT_FALSE(isLocalPath(name)) << name;
    }
}

TEST_F(Paths, OfSourcesAreResolvedToTheirEnd) {
    EXPECT_EQ(sourceFor("link/dir/../dir/"), at("real/dir"));
    EXPECT_EQ(sourceFor(at("link")), at("real"));
    EXPECT_EQ(sourceFor("real/.."), fs::path(at("real")).parent_path());
}

TEST_F(Paths, OfSharesStayAsTheyAre) {
    for (const char* const name : {"//fs1/a/../b", "\\\\fs1\\a\\", "smb://fs1:1445/a%20b"}) {
        EXPECT_EQ(sourceFor(name), name);
    }
}

TEST_F(Paths, OfSourcesHaveToBeThere) {
    EXPECT_EQ(failureOf(sourceFor, "nowhere"), Errc::InvalidSource);
    EXPECT_EQ(failureOf(sourceFor, "dangling"), Errc::InvalidSource);
    EXPECT_EQ(failureOf(sourceFor, "real/file/x"), Errc::InvalidSource);
    EXPECT_EQ(failureOf(sourceFor, ""), Errc::InvalidArgument);
}

TEST_F(Paths, AreDestinationsWhereNothingIsOrAnEmptyDirectory) {
    for (const char* const name :
         {"new", "new/", "no/parent", "real/empty", "link/empty//", "[a,b]"}) {
        EXPECT_TRUE(isDestination(name)) << name;
    }
}

TEST_F(Paths, AreSourcesWhereSomethingIs) {
    for (const char* const name :
         {"real", "real/file", "link", "link/", "dangling", "dangling/", "/"}) {
        EXPECT_FALSE(isDestination(name)) << name;
    }
    EXPECT_FALSE(isDestination("//fs1/a"));
    EXPECT_FALSE(isDestination("/proc")); // mount points
}

/// Mounts an empty file system there, in a mount namespace of its own, and says in the exit status
/// whether it is a destination: 0 no, 1 yes, 77 cannot mount.
[[noreturn]] void mountAndAsk(const char* path) {
    const int user = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
    if (::unshare(CLONE_NEWNS | user) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", path, "tmpfs", 0, nullptr) != 0) {
        ::_exit(77);
    }
    ::_exit(isDestination(path) ? 1 : 0);
}

TEST_F(Paths, AreNoDestinationsWhereSomethingIsMounted) {
    const pid_t child = ::fork();
    if (child == 0) {
        mountAndAsk("real/empty/");
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_NE(WEXITSTATUS(status), 77) << "mounting needs root or a user namespace";
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_TRUE(isDestination("real/empty/"));
}

TEST_F(Paths, OfDestinationsAreResolvedUpToTheLastComponent) {
    EXPECT_EQ(destinationFor("new"), at("new"));
    EXPECT_EQ(destinationFor("./link/new//"), at("real/new"));
    EXPECT_EQ(destinationFor("link"), at("link"));
    EXPECT_EQ(destinationFor("link/"), at("link"));
    EXPECT_EQ(destinationFor("dangling"), at("dangling"));
    EXPECT_EQ(destinationFor("/"), "/");
    EXPECT_EQ(destinationFor("/new"), "/new");
}

TEST_F(Paths, OfDestinationsThatEndInDotsAreResolvedWhole) {
    EXPECT_EQ(destinationFor("link/."), at("real"));
    EXPECT_EQ(destinationFor("link/dir/.."), at("real"));
    fs::current_path("real/empty");
    EXPECT_EQ(destinationFor("."), at("real/empty"));
}

TEST_F(Paths, OfDestinationsWithoutAParentAreMadeAbsolute) {
    EXPECT_EQ(destinationFor("no/../such/./place/"), at("such/place"));
    EXPECT_EQ(destinationFor("real/file/x"), at("real/file/x"));
}

TEST_F(Paths, OfMountPointsAreNotFollowed) {
    EXPECT_EQ(mountPointFor("link/dir/"), at("real/dir"));
    EXPECT_EQ(mountPointFor("link/."), at("link"));
    EXPECT_EQ(mountPointFor("dangling"), at("dangling"));
    EXPECT_EQ(mountPointFor("link/dir/sub/.."), at("real/dir"));
    EXPECT_EQ(mountPointFor("/.."), "/");
    EXPECT_EQ(failureOf(mountPointFor, "//fs1/a"), Errc::InvalidArgument);
    EXPECT_EQ(failureOf(destinationFor, "smb://fs1/a"), Errc::InvalidArgument);
}

TEST_F(Paths, NameSnapshotsUnlessTheyLookLikeANumberOrGuid) {
    for (const char* const id : {"7", "00ab", "{00112233-4455-6677-8899-AABBCCDDEEFF}"}) {
        EXPECT_EQ(snapshotFor(id), id);
    }
    EXPECT_EQ(snapshotFor("./7"), at("7"));
    EXPECT_EQ(snapshotFor("mine"), at("mine"));
    EXPECT_EQ(failureOf(snapshotFor, ""), Errc::InvalidArgument);
    EXPECT_EQ(failureOf(snapshotFor, "//fs1/data"), Errc::InvalidArgument);
}

TEST_F(Paths, NameSnapshotsByTheirExposedShares) {
    for (const char* const share : {"//fs1/data@{00112233-4455-6677-8899-aabbccddeeff}",
                                    R"(\\fs1\hid$@{00112233-4455-6677-8899-aabbccddeeff}$)"}) {
        EXPECT_EQ(snapshotFor(share), share);
    }
}

TEST_F(Paths, KeepWhateverTheNameHas) {
    EXPECT_EQ(destinationFor("a,b\nc"), at("a,b\nc"));
    EXPECT_EQ(mountPointFor("link/写 真\\"), at("real/写 真\\"));
}

TEST_F(Paths, ThatAreNotUtf8AreRefused) {
    fs::create_directory("bad\xff");
    fs::create_directory_symlink("bad\xff", "good");

    EXPECT_EQ(failureOf(sourceFor, "good"), Errc::InvalidArgument);
    EXPECT_EQ(failureOf(destinationFor, "good/new"), Errc::InvalidArgument);
    EXPECT_EQ(failureOf(mountPointFor, "good/new"), Errc::InvalidArgument);
}

TEST_F(Paths, WithoutACurrentDirectoryAreRefused) {
    fs::create_directory("gone");
    fs::current_path("gone");
    fs::remove(at("gone"));

    EXPECT_EQ(failureOf(mountPointFor, "new"), Errc::InvalidArgument);
    EXPECT_EQ(mountPointFor(at("link/new")), at("real/new"));
}

} // namespace
} // namespace fsrvp::ctl
