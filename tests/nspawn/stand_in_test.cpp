// SPDX-License-Identifier: GPL-3.0-or-later
// What this tier has in place of the real thing has to behave like it, and the rest has to be real.
#include "tests/guest/support/machine.hpp"
#include "tests/guest/support/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fsrvp::test::guest {
namespace {

using testing::HasSubstr;

const std::filesystem::path kPoint = "/mnt/stand-in";

RunResult mountCifs(const std::string& what, const std::string& credentials) {
    std::filesystem::create_directories(kPoint);
    return run({"mount", "-t", "cifs", what, kPoint, "-o", "ro,credentials=" + credentials});
}

TEST(MountHelper, ShowsALiveShareReadOnly) {
    const RunResult result = mountCifs(unc("my data"), credentialsFile());

    ASSERT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(sha256(kPoint / "file.txt"), sha256(directoryOf("my data") / "file.txt"));
    ASSERT_EQ(mountsAt(kPoint).size(), 1U);
    EXPECT_TRUE(mountsAt(kPoint)[0].has("ro"));
    succeed({"umount", kPoint});
}

TEST(MountHelper, ShowsAnExposedSnapshot) {
    writeFile(directoryOf("data") / "file.txt", "old\n");
    const auto made = fsrvpctlJson({"create", "-q", "--no-mount", unc("data")});
    ASSERT_TRUE(made.contains("snapshots")) << made;
    writeFile(directoryOf("data") / "file.txt", "new\n");

    const RunResult result =
        mountCifs(unc(made["snapshots"][0]["exposed"].get<std::string>()), credentialsFile());

    ASSERT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(readFile(kPoint / "file.txt"), "old\n");
    succeed({"umount", kPoint});
    EXPECT_EQ(fsrvpctl({"delete", "-q", made["snapshots"][0]["id"].dump()}).exitCode, 0);
}

TEST(MountHelper, FailsInTheWordsOfTheRealOne) {
    const auto wrong = std::filesystem::path("/run/wrong-password");
    writeFile(wrong, "username=root\npassword=wrong\n");

    const RunResult denied = mountCifs(unc("data"), wrong);
    EXPECT_EQ(denied.exitCode, 32);
    EXPECT_THAT(denied.err, HasSubstr("mount error(13): Permission denied\n"));
    for (const char* const missing : {"none", "data/none"}) {
        const RunResult result = mountCifs(unc(missing), credentialsFile());
        EXPECT_EQ(result.exitCode, 32);
        EXPECT_THAT(result.err, HasSubstr("mount error(2): No such file or directory\n"));
    }
    const RunResult file = mountCifs(unc("data/file.txt"), credentialsFile());
    EXPECT_EQ(file.exitCode, 32);
    EXPECT_THAT(file.err, HasSubstr("mount error(20): Not a directory\n"));
    const RunResult unread = mountCifs(unc("data"), "/run/nothing");
    EXPECT_EQ(unread.exitCode, 2);
    EXPECT_THAT(unread.err, HasSubstr("opening credential file /run/nothing\n"));
    EXPECT_TRUE(mountsAt(kPoint).empty());
}

TEST(MountHelper, LogsWhatItWasGivenButNoPassword) {
    mountCifs(unc("none"), credentialsFile());

    const std::string log = readFile("/run/guest/mount.cifs.log");
    const auto last = nlohmann::json::parse(lines(log).back());
    EXPECT_EQ(last["argv"][0], unc("none"));
    EXPECT_EQ(last["credentials"], nlohmann::json({{"mode", "0600"}, {"uid", 0}}));
    const std::string secret = lines(readFile(credentialsFile())).at(1);
    ASSERT_TRUE(secret.starts_with("password=")) << "no second line";
    EXPECT_EQ(log.find(secret.substr(9)), log.npos);
}

TEST(Polkit, DecidesForOrdinaryUsers) {
    const RunResult result = runAsVisitor({"systemctl", "stop", "smbd.service"});

    EXPECT_NE(result.exitCode, 0);
    EXPECT_THAT(result.err, HasSubstr("Interactive authentication required"));
    EXPECT_EQ(Unit("smbd.service").activeState(), "active");
}

} // namespace
} // namespace fsrvp::test::guest
