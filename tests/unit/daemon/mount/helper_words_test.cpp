// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/helper_words.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::mount {
namespace {

struct Words {
    std::string text;
    Errc code;
    std::string message;
};

class MountWords : public testing::TestWithParam<Words> {};

TEST_P(MountWords, BecomeAnError) {
    const Error error = mountFailure(GetParam().text);

    EXPECT_EQ(error.code(), GetParam().code);
    EXPECT_EQ(error.what(), GetParam().message);
}

const std::string kRefer = "Refer to the mount.cifs(8) manual page (e.g. man mount.cifs) and "
                           "kernel log messages (dmesg)\n";

INSTANTIATE_TEST_SUITE_P(
    Numbers,
    MountWords,
    testing::Values(
        Words{"mount error(13): Permission denied\n" + kRefer,
              Errc::AuthenticationFailed,
              "mount error(13): Permission denied"},
        Words{"mount error(2): No such file or directory\n" + kRefer,
              Errc::NotFound,
              "mount error(2): No such file or directory"},
        Words{"mount error(111): could not connect to 127.0.0.1Unable to find suitable address.\n",
              Errc::Unreachable,
              "mount error(111): could not connect to 127.0.0.1; Unable to find suitable address"},
        Words{"mount error(113): could not connect to ::1mount error(111): could not connect to "
              "127.0.0.1Unable to find suitable address.\n",
              Errc::Unreachable,
              "mount error(113): could not connect to ::1; mount error(111): could not connect to "
              "127.0.0.1; Unable to find suitable address"},
        // The first address can't be reached, the second one can.
        Words{"mount error(113): could not connect to ::1mount error(13): Permission denied\n" +
                  kRefer,
              Errc::AuthenticationFailed,
              "mount error(113): could not connect to ::1; mount error(13): Permission denied"},
        Words{"mount error: Server abruptly closed the connection.\nThis can happen if the server "
              "does not support the SMB version you are trying to use.\nThe default SMB version "
              "recently changed from SMB1 to SMB2.1 and above. Try mounting with vers=1.0.\nmount "
              "error(112): Host is down\n" +
                  kRefer,
              Errc::Unreachable,
              "mount error: Server abruptly closed the connection; mount error(112): Host is down"},
        Words{"mount error(101): Network is unreachable\n" + kRefer,
              Errc::Unreachable,
              "mount error(101): Network is unreachable"},
        Words{"mount error(16): Device or resource busy\n" + kRefer,
              Errc::Busy,
              "mount error(16): Device or resource busy"},
        Words{"mount error(22): Invalid argument\n" + kRefer,
              Errc::Failed,
              "mount error(22): Invalid argument"}));

INSTANTIATE_TEST_SUITE_P(
    OtherWords,
    MountWords,
    testing::Values(
        Words{"mount error: could not resolve address for x: Unknown error\n",
              Errc::Failed,
              "mount error: could not resolve address for x: Unknown error"},
        Words{"Couldn't chdir to /x: No such file or directory\n",
              Errc::Failed,
              "Couldn't chdir to /x: No such file or directory"},
        Words{"mount: /x: wrong fs type, bad option, bad superblock on //fs1/data.\n"
              "       dmesg(1) may have more information after failed mount system call.\n",
              Errc::Failed,
              "mount: /x: wrong fs type, bad option, bad superblock on //fs1/data; dmesg(1) may "
              "have more information after failed mount system call"},
        Words{"error 2 (No such file or directory) opening credential file /tmp/none\n",
              Errc::Failed,
              "error 2 (No such file or directory) opening credential file /tmp/none"},
        Words{"mount error(): x\n", Errc::Failed, "mount error(): x"},
        Words{"mount error(13", Errc::Failed, "mount error(13"},
        Words{"mount error(99999999999): x", Errc::Failed, "mount error(99999999999): x"},
        // A path is whatever its owner likes.
        Words{"Couldn't chdir to /mount error(13): No such file or directory\n",
              Errc::Failed,
              "Couldn't chdir to /mount error(13): No such file or directory"}));

INSTANTIATE_TEST_SUITE_P(
    Silence,
    MountWords,
    testing::Values(Words{"", Errc::Failed, "mount.cifs said nothing"},
                    Words{" \n.\r\n\t\n", Errc::Failed, "mount.cifs said nothing"},
                    Words{kRefer, Errc::Failed, "mount.cifs said nothing"}));

INSTANTIATE_TEST_SUITE_P(
    Bytes,
    MountWords,
    testing::Values(Words{"a\x1b[31mb\tc\x7f", Errc::Failed, "a\\x1b[31mb\\x09c\\x7f"},
                    Words{std::string("a\0b", 3), Errc::Failed, "a\\x00b"},
                    Words{"s\xc3\xbc\xc3\x9f", Errc::Failed, "s\xc3\xbc\xc3\x9f"},
                    Words{"s\xc3\xbc\xff", Errc::Failed, "s\\xc3\\xbc\\xff"}));

TEST(MountWords, AreCutBetweenCharacters) {
    const std::string message = mountFailure(std::string(499, 'x') + "\xc3\xbc\xc3\xbc").what();

    EXPECT_EQ(message, std::string(499, 'x') + "…");
    EXPECT_EQ(mountFailure(std::string(500, 'x')).what(), std::string(500, 'x'));
}

TEST(UnmountWords, TellABusyMount) {
    const Error error = unmountFailure("umount: /x: target is busy.\n");

    EXPECT_EQ(error.code(), Errc::Busy);
    EXPECT_STREQ(error.what(), "umount: /x: target is busy");
}

TEST(UnmountWords, AreElseAFailure) {
    for (const std::string text : {"umount: /x: not mounted.\n",
                                   "umount: /target is busy: Host is down\n",
                                   "umount: /x: target is busy: not mounted.\n"}) {
        EXPECT_EQ(unmountFailure(text).code(), Errc::Failed) << text;
    }
    EXPECT_STREQ(unmountFailure("").what(), "umount said nothing");
}

} // namespace
} // namespace fsrvp::mount
