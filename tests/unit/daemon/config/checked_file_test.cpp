// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/config/checked_file.hpp"
#include "tests/unit/daemon/config/config_dir.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <string>

namespace fsrvp::config {
namespace {

using test::ConfigDir;

constexpr std::size_t kLimit = 100;

Error failureOf(const std::function<void()>& act) {
    try {
        act();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Configuration);
        return error;
    }
    return Error(Errc::Failed, "no failure");
}

Error failureOf(const std::string& path, FileKind kind) {
    return failureOf([&] { readCheckedFile(path, kind, kLimit); });
}

TEST(CheckedFile, ReadsUpToTheLimit) {
    const ConfigDir dir;
    const std::string text(kLimit, 'x');

    EXPECT_EQ(readCheckedFile(dir.write("full", text, 0644), FileKind::Public, kLimit), text);
    EXPECT_EQ(readCheckedFile(dir.write("empty", "", 0400), FileKind::Secret, kLimit), "");
    EXPECT_EQ(failureOf(dir.write("big", text + "x"), FileKind::Public).what(),
              "cannot use " + dir.path("big") + ": it is larger than 100 bytes");
}

TEST(CheckedFile, FollowsASymbolicLink) {
    const ConfigDir dir;
    dir.write("real", "text");
    ASSERT_EQ(::symlink("real", dir.path("link").c_str()), 0);

    EXPECT_EQ(readCheckedFile(dir.path("link"), FileKind::Secret, kLimit), "text");
}

struct Mode {
    mode_t mode;
    FileKind kind;
    std::string what; ///< empty: accepted
    std::string command;
};

class FileMode : public testing::TestWithParam<Mode> {};

TEST_P(FileMode, IsChecked) {
    const ConfigDir dir;
    const std::string path = dir.write("f", "text", GetParam().mode);

    const Error failure = failureOf(path, GetParam().kind);

    if (GetParam().what.empty()) {
        EXPECT_STREQ(failure.what(), "no failure");
    } else {
        EXPECT_EQ(failure.what(), "cannot use " + path + ": " + GetParam().what);
        EXPECT_EQ(failure.hint(), "run: " + GetParam().command + " " + path);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    FileMode,
    testing::Values(
        Mode{0644, FileKind::Public, "", ""},
        Mode{0400, FileKind::Public, "", ""},
        Mode{0664, FileKind::Public, "it is writable by others (mode 0664)", "chmod go-w"},
        Mode{0646, FileKind::Public, "it is writable by others (mode 0646)", "chmod go-w"},
        Mode{0600, FileKind::Secret, "", ""},
        Mode{0700, FileKind::Secret, "", ""},
        Mode{0640, FileKind::Secret, "it is open to group or others (mode 0640)", "chmod go="},
        Mode{0604, FileKind::Secret, "it is open to group or others (mode 0604)", "chmod go="},
        Mode{0622, FileKind::Secret, "it is open to group or others (mode 0622)", "chmod go="}));

TEST(CheckedFile, RefusesAnotherUsersFile) {
    ASSERT_EQ(::geteuid(), 0U) << "only root can give a file away";
    const ConfigDir dir;
    const std::string path = dir.write("it's", "text", 0666);
    ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
    const std::string word = "'" + dir.path("it'\\''s") + "'";

    const Error failure = failureOf(path, FileKind::Public);

    EXPECT_EQ(failure.what(),
              "cannot use " + path +
                  ": it does not belong to root and is writable by others (mode 0666)");
    EXPECT_EQ(failure.hint(), "run: chown root:root " + word + " && chmod go-w " + word);
}

TEST(CheckedFile, RefusesWhatIsNoFileWithoutWaiting) {
    const ConfigDir dir;
    ASSERT_EQ(::mkfifo(dir.path("fifo").c_str(), 0600), 0);

    EXPECT_EQ(failureOf(dir.path("fifo"), FileKind::Public).what(),
              "cannot use " + dir.path("fifo") + ": it is not a regular file");
    EXPECT_EQ(failureOf(dir.path(), FileKind::Public).what(),
              "cannot use " + dir.path() + ": it is not a regular file");
}

TEST(CheckedFile, SaysWhatTheServiceCannotSee) {
    const Error failure = failureOf("/root/no such file", FileKind::Secret);

    EXPECT_NE(failure.hint().find("put the file into /etc/fsrvpd"), std::string::npos);
}

TEST(CheckedDirectory, MayBeAbsentButNotOpenToOthers) {
    const ConfigDir dir;
    dir.write("file", "");

    EXPECT_TRUE(checkDirectory(dir.path()));
    EXPECT_FALSE(checkDirectory(dir.path("none")));
    EXPECT_EQ(failureOf([&] { checkDirectory(dir.path("file")); }).what(),
              "cannot use " + dir.path("file") + ": Not a directory");
    ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
    EXPECT_EQ(failureOf([&] { checkDirectory(dir.path()); }).what(),
              "cannot use " + dir.path() + ": it is writable by others (mode 0777)");
}

} // namespace
} // namespace fsrvp::config
