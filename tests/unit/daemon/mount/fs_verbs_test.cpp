// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/fs_verbs.hpp"
#include "tests/unit/daemon/mount/private_mounts.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>

namespace fsrvp::mount::fs {
namespace {

using std::filesystem::exists;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

class FsVerbs : public test::PrivateMounts {
  protected:
    static Error errorOf(const std::function<void()>& fn) {
        try {
            fn();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "it worked";
        return Error(Errc::Partial, "");
    }

    static Error checkError(const std::string& path) {
        return errorOf([&path] { checkDestination(path); });
    }

    void link(const std::string& target, const std::string& name) const {
        std::filesystem::create_symlink(target, path(name));
    }
};

TEST_F(FsVerbs, AnEmptyDirectoryCanBeAMountPoint) {
    EXPECT_TRUE(checkDestination(makeDirectory("empty")));
}

TEST_F(FsVerbs, ANewNameInADirectoryCanBeMade) {
    EXPECT_FALSE(checkDestination(path("new")));
    EXPECT_FALSE(exists(path("new")));
}

TEST_F(FsVerbs, AFileIsNoDestination) {
    const Error error = checkError(makeFile("file"));

    EXPECT_EQ(error.code(), Errc::AlreadyExists);
    EXPECT_EQ(std::string(error.what()),
              "cannot mount at " + path("file") + ": it exists and is not a directory");
    EXPECT_FALSE(error.hint().empty());
}

TEST_F(FsVerbs, ADirectoryThatIsNotEmptyIsNoDestination) {
    makeDirectory("full/something");

    const Error error = checkError(path("full"));

    EXPECT_EQ(error.code(), Errc::AlreadyExists);
    EXPECT_TRUE(contains(error.what(), "is not empty")) << error.what();
}

TEST_F(FsVerbs, AMountPointIsNoDestination) {
    const Error error = checkError(mountTmpfs("mounted"));

    EXPECT_EQ(error.code(), Errc::AlreadyExists);
    EXPECT_TRUE(contains(error.what(), "mounted there already")) << error.what();
}

TEST_F(FsVerbs, ASymbolicLinkIsNamedWithWhereItLeads) {
    link(makeDirectory("real"), "link");

    const Error last = checkError(path("link"));
    const Error onTheWay = checkError(path("link/new"));

    EXPECT_EQ(last.code(), Errc::InvalidArgument);
    EXPECT_EQ(std::string(last.what()),
              "cannot mount at " + path("link") + ": " + path("link") + " is a symbolic link to " +
                  path("real"));
    EXPECT_EQ(onTheWay.code(), Errc::InvalidArgument);
    EXPECT_TRUE(contains(onTheWay.what(), path("link") + " is a symbolic link to " + path("real")))
        << onTheWay.what();
    EXPECT_TRUE(contains(onTheWay.hint(), "realpath"));
}

TEST_F(FsVerbs, WithoutAParentThereIsNoDestination) {
    const Error missing = checkError(path("none/new"));
    makeFile("file");
    const Error file = checkError(path("file/new"));

    EXPECT_EQ(missing.code(), Errc::NotFound);
    EXPECT_TRUE(contains(missing.what(), path("none") + " does not exist")) << missing.what();
    EXPECT_EQ(file.code(), Errc::NotFound);
    EXPECT_TRUE(contains(file.what(), path("file") + " is not a directory")) << file.what();
}

TEST_F(FsVerbs, APathThatIsNotCanonicalIsRefused) {
    for (const std::string text : {"", "mnt/a", "/", "//a", "/a/", "/a//b", "/a/./b", "/a/../b"}) {
        EXPECT_EQ(checkError(text).code(), Errc::InvalidArgument) << text;
    }
    EXPECT_EQ(checkError("/" + std::string(5000, 'a')).code(), Errc::InvalidArgument);
    EXPECT_EQ(checkError(path(std::string(300, 'a'))).code(), Errc::InvalidArgument);
}

TEST_F(FsVerbs, ControlCharactersAreRefusedAndShownReadably) {
    const Error error = checkError(path("a\nb"));

    EXPECT_EQ(error.code(), Errc::InvalidArgument);
    EXPECT_TRUE(contains(error.what(), "a\\x0ab")) << error.what();
    EXPECT_FALSE(contains(error.what(), "\n"));
    EXPECT_EQ(checkError(path("a\x7f")).code(), Errc::InvalidArgument);
}

TEST_F(FsVerbs, OnAReadOnlyFileSystemNothingCanBeMade) {
    const std::string where = mountTmpfs("ro");
    makeDirectory("ro/empty");
    makeReadOnly(where);

    const Error error = checkError(path("ro/new"));

    EXPECT_EQ(error.code(), Errc::AccessDenied);
    EXPECT_TRUE(contains(error.what(), where + " is on a read-only file system")) << error.what();
    EXPECT_TRUE(checkDestination(path("ro/empty"))) << "an existing directory needs no writing";
    EXPECT_EQ(errorOf([this] { fs::makeDirectory(path("ro/new"), false); }).code(),
              Errc::AccessDenied);
    EXPECT_EQ(errorOf([this] { removeDirectory(path("ro/empty")); }).code(), Errc::AccessDenied);
}

TEST_F(FsVerbs, MakesADirectoryForAll) {
    fs::makeDirectory(path("new"), false);

    struct stat made {};

    ASSERT_EQ(::stat(path("new").c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 07777U, 0755U);
}

TEST_F(FsVerbs, MakesParentsOnlyWhenAskedTo) {
    EXPECT_EQ(errorOf([this] { fs::makeDirectory(path("a/b/c"), false); }).code(), Errc::NotFound);
    EXPECT_FALSE(exists(path("a")));

    fs::makeDirectory(path("a/b/c"), true);

    EXPECT_TRUE(exists(path("a/b/c")));
}

TEST_F(FsVerbs, ADirectoryThatExistsIsNotMadeAgain) {
    const Error error = errorOf([path = makeDirectory("there")] { fs::makeDirectory(path, true); });

    EXPECT_EQ(error.code(), Errc::AlreadyExists);
    EXPECT_EQ(std::string(error.what()),
              "cannot make the directory " + path("there") + ": " + path("there") +
                  " exists already");
}

TEST_F(FsVerbs, ParentsGoAgainWhenTheDirectoryCannotBeMade) {
    const std::string name = path("a/b/" + std::string(300, 'x'));

    EXPECT_EQ(errorOf([&name] { fs::makeDirectory(name, true); }).code(), Errc::InvalidArgument);

    EXPECT_FALSE(exists(path("a")));
}

TEST_F(FsVerbs, NothingIsMadeOrRemovedThroughASymbolicLink) {
    makeDirectory("real/victim");
    link(path("real"), "link");

    EXPECT_EQ(errorOf([this] { fs::makeDirectory(path("link/new"), true); }).code(),
              Errc::InvalidArgument);
    EXPECT_FALSE(removeDirectory(path("link/victim")));

    EXPECT_TRUE(exists(path("real/victim")));
    EXPECT_FALSE(exists(path("real/new")));
}

TEST_F(FsVerbs, RemovesAnEmptyDirectory) {
    EXPECT_TRUE(removeDirectory(makeDirectory("empty")));

    EXPECT_FALSE(exists(path("empty")));
}

TEST_F(FsVerbs, WhatIsNoEmptyDirectoryStays) {
    makeDirectory("full/something");
    makeFile("file");
    link("elsewhere", "link");

    EXPECT_FALSE(removeDirectory(path("full")));
    EXPECT_FALSE(removeDirectory(path("file")));
    EXPECT_FALSE(removeDirectory(path("link")));
    EXPECT_FALSE(removeDirectory(path("gone")));
    EXPECT_FALSE(removeDirectory(path("gone/too")));

    EXPECT_TRUE(exists(path("full/something")));
    EXPECT_TRUE(exists(path("file")));
    EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
}

TEST_F(FsVerbs, AMountPointAndWhatIsAboveOneStay) {
    mountTmpfs("above/mounted");

    EXPECT_FALSE(removeDirectory(path("above/mounted")));
    EXPECT_FALSE(removeDirectory(path("above")));

    EXPECT_TRUE(test::isMountPoint(path("above/mounted")));
}

TEST_F(FsVerbs, ANameThatOnlyBeginsLikeAMountPointIsRemoved) {
    mountTmpfs("mounted");

    EXPECT_TRUE(removeDirectory(makeDirectory("mounted-not")));
}

TEST_F(FsVerbs, DetachTakesTheUppermostMountWithAllThatIsOnIt) {
    const std::string where = mountTmpfs("mounted");
    mountTmpfs("mounted");
    mountTmpfs("mounted/below");

    detach(where);

    EXPECT_TRUE(test::isMountPoint(where)) << "the lower one stays";
    EXPECT_FALSE(test::isMountPoint(path("mounted/below")));
    detach(where);
    EXPECT_FALSE(test::isMountPoint(where));
}

TEST_F(FsVerbs, DetachesAMountThatIsInUse) {
    const std::string where = mountTmpfs("mounted");
    const UniqueFd open(::open((where + "/file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    ASSERT_TRUE(open);
    ASSERT_NE(::umount2(where.c_str(), 0), 0) << "it is busy";

    detach(where);

    EXPECT_FALSE(test::isMountPoint(where));
}

TEST_F(FsVerbs, NothingToDetachIsSaid) {
    const Error error = errorOf([path = makeDirectory("plain")] { detach(path); });

    EXPECT_EQ(error.code(), Errc::NotFound);
    EXPECT_EQ(std::string(error.what()),
              "cannot detach " + path("plain") + ": nothing is mounted there");
}

TEST_F(FsVerbs, WithoutCifsNothingIsConnected) {
    EXPECT_FALSE(isConnected("data", path("none/DebugData")));
}

TEST_F(FsVerbs, ConnectionsAreReadFromTheFile) {
    const std::string file = makeFile("DebugData", "\t1) \\\\fs1\\data Mounts: 1 DevInfo: 0x20\n");

    EXPECT_TRUE(isConnected("data", file));
    EXPECT_FALSE(isConnected("other", file));
    EXPECT_EQ(errorOf([this] { isConnected("data", makeDirectory("no-file")); }).code(),
              Errc::Failed);
}

TEST_F(FsVerbs, AnEmptyDebugDataMeansNotConnected) {
    EXPECT_FALSE(isConnected("data", makeFile("DebugData", "")));
}

TEST_F(FsVerbs, ErrorsBecomeAnswers) {
    const Answer answer = handle(Detach{"no path"});

    EXPECT_EQ(std::get<Error>(answer).code(), Errc::InvalidArgument);
    EXPECT_EQ(std::get<bool>(handle(CheckDestination{path("new")})), false);
    EXPECT_NO_THROW(std::get<Done>(handle(MakeDirectory{path("new"), false})));
    EXPECT_EQ(std::get<bool>(handle(RemoveDirectory{path("new")})), true);
    EXPECT_TRUE(std::get<std::vector<Holder>>(handle(FindHolders{path("new")})).empty());
}

class SecretFiles : public FsVerbs {
  protected:
    std::string makeSecret(const std::string& name, mode_t mode, const std::string& text = "text") {
        const std::string file = makeFile(name, text);
        EXPECT_EQ(::chmod(file.c_str(), mode), 0);
        return file;
    }

    static Error readError(const std::string& path) {
        return errorOf([&path] { readSecretFile(path); });
    }
};

TEST_F(SecretFiles, AreReadAndTheirOwnerIsTold) {
    const std::string file = makeSecret("file", 0600);
    ASSERT_EQ(::chown(file.c_str(), 12345, 0), 0);
    link(file, "link");

    EXPECT_EQ(readSecretFile(file), (SecretFile{Secret(std::string("text")), 12345}));
    EXPECT_EQ(readSecretFile(path("link")), readSecretFile(file));
}

TEST_F(SecretFiles, ThatOthersGetAtAreRefused) {
    for (const mode_t mode : {0640U, 0620U, 0604U, 0602U, 0666U}) {
        const std::string file = makeSecret("file", mode);

        const Error error = readError(file);

        EXPECT_EQ(error.code(), Errc::Configuration);
        EXPECT_EQ(error.what(), "cannot use " + file + ": it is open to group or others");
        EXPECT_EQ(error.hint(), "run: chmod go= '" + file + "'");
    }
}

TEST_F(SecretFiles, OfTheLargestSizeAreReadAndLargerOnesRefused) {
    const std::string largest(kMostSecretFile, 'x');

    EXPECT_EQ(readSecretFile(makeSecret("largest", 0600, largest)).bytes.reveal(), largest);
    EXPECT_EQ(readError(makeSecret("larger", 0600, largest + "x")).code(), Errc::Configuration);
}

TEST_F(SecretFiles, ThatAreNoneAreRefused) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);

    EXPECT_EQ(readError(path("fifo")).code(), Errc::Configuration);
    EXPECT_EQ(readError(makeDirectory("directory")).code(), Errc::Configuration);
    EXPECT_EQ(readError("/dev/null").code(), Errc::Configuration);
    EXPECT_EQ(readError(path("none")).code(), Errc::NotFound);
    EXPECT_EQ(readError("file").code(), Errc::InvalidArgument);
    EXPECT_EQ(readError(path("a\nb")).code(), Errc::InvalidArgument);
}

} // namespace
} // namespace fsrvp::mount::fs
