// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/packet.hpp"
#include "daemon/mount/path_helper.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/unit/daemon/mount/private_mounts.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <filesystem>
#include <memory>
#include <vector>

namespace fsrvp::mount {
namespace {

using namespace std::chrono_literals;
using fakes::errorOf;
using fakes::runTask;
using fakes::Started;

/// Helpers that never answer, or say what they are told to before they are asked.
class SilentLauncher final : public Launcher {
  public:
    UniqueFd launch() override {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw Error(Errc::Failed, "no socket pair");
        }
        helpers.emplace_back(ends[1]);
        if (!answer.empty()) {
            sendPacket(ends[1], answer);
        }
        return UniqueFd(ends[0]);
    }

    bool isHungUpOn(std::size_t helper) const {
        pollfd peer{helpers.at(helper).get(), POLLRDHUP, 0};
        return ::poll(&peer, 1, 0) == 1;
    }

    std::vector<UniqueFd> helpers;
    std::string answer;
};

class PathHelperTest : public test::PrivateMounts {
  protected:
    EventLoop loop;
    test::TempDir runtime;
    ForkLauncher launcher{loop, FSRVP_FS, runtime.path()};
    PathHelper helper{loop, launcher};
    Cancellation cancellation;
};

TEST_F(PathHelperTest, TheRealHelperDoesWhatItIsAsked) {
    const std::string made = path("a/b");

    EXPECT_FALSE(runTask(loop, helper.checkDestination(path("a"), cancellation)));
    runTask(loop, helper.makeDirectory(made, true, cancellation));
    EXPECT_TRUE(runTask(loop, helper.checkDestination(made, cancellation)));
    EXPECT_TRUE(runTask(loop, helper.removeDirectory(made, cancellation)));
    EXPECT_FALSE(runTask(loop, helper.removeDirectory(made, cancellation)));
    EXPECT_FALSE(runTask(loop, helper.isConnected("data", cancellation)));
}

TEST_F(PathHelperTest, TheRealHelperSeesHoldersAndDetaches) {
    const std::string where = mountTmpfs("mounted");
    const std::string below = mountTmpfs("mounted/below");

    const auto holders = runTask(loop, helper.holders(where, cancellation));
    runTask(loop, helper.detach(where, cancellation));

    EXPECT_EQ(holders, (std::vector<Holder>{Holder{0, 0, below, "mount"}}));
    EXPECT_FALSE(test::isMountPoint(where));
}

TEST_F(PathHelperTest, TheRealHelperReadsASecretFile) {
    const std::string file = makeFile("secret", std::string("a\0\xff", 3));
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);

    const SecretFile read = runTask(loop, helper.readSecretFile(file, cancellation));
    const Error error = errorOf(loop, helper.readSecretFile(path("none"), cancellation));

    EXPECT_EQ(read.bytes.reveal(), std::string("a\0\xff", 3));
    EXPECT_EQ(read.uid, ::geteuid());
    EXPECT_EQ(error.code(), Errc::NotFound);
}

TEST_F(PathHelperTest, DirectoriesAreForAllWhateverTheUmask) {
    const mode_t before = ::umask(0077);
    runTask(loop, helper.makeDirectory(path("a"), false, cancellation));
    ::umask(before);

    EXPECT_EQ(std::filesystem::status(path("a")).permissions(), std::filesystem::perms(0755));
}

TEST_F(PathHelperTest, TheHelpersErrorComesAsItIs) {
    const Error error = errorOf(loop, helper.checkDestination(makeFile("file"), cancellation));

    EXPECT_EQ(error.code(), Errc::AlreadyExists);
    EXPECT_EQ(std::string(error.what()),
              "cannot mount at " + path("file") + ": it exists and is not a directory");
    EXPECT_FALSE(error.hint().empty());
}

TEST_F(PathHelperTest, ManyAtATime) {
    std::vector<std::unique_ptr<Started<bool>>> all;
    for (int i = 0; i < 20; ++i) {
        all.push_back(std::make_unique<Started<bool>>(
            loop, helper.checkDestination(path(std::to_string(i)), cancellation)));
    }
    for (const auto& each : all) {
        EXPECT_FALSE(each->get());
    }
}

TEST_F(PathHelperTest, TheHelperEndsWhenItIsHungUpOnBeforeItIsAsked) {
    launcher.launch().reset();

    EXPECT_TRUE(loop.runUntil([this] { return std::filesystem::is_empty(runtime.path()); }, 20s));
}

TEST_F(PathHelperTest, APathThatNoPacketCanCarryIsRefused) {
    const Error error = errorOf(loop, helper.detach("/mnt/\xff", cancellation));

    EXPECT_EQ(error.code(), Errc::InvalidArgument);
}

TEST_F(PathHelperTest, ARequestTheHelperCannotReadIsAnError) {
    const Error error = errorOf(loop, helper.detach(std::string("/mnt/\0x", 7), cancellation));

    EXPECT_EQ(error.code(), Errc::Protocol);
}

class SilentHelperTest : public testing::Test {
  protected:
    EventLoop loop;
    SilentLauncher launcher;
    PathHelper helper{loop, launcher, 50ms};
    Cancellation cancellation;
};

TEST_F(SilentHelperTest, AHelperThatHangsIsGivenUp) {
    const Error error = errorOf(loop, helper.checkDestination("/mnt/x", cancellation));

    EXPECT_EQ(error.code(), Errc::TimedOut);
    EXPECT_STREQ(error.what(), "cannot check /mnt/x: no answer within 1 s");
    EXPECT_FALSE(error.hint().empty());
    EXPECT_TRUE(launcher.isHungUpOn(0));
}

TEST_F(SilentHelperTest, ACancelledHelperIsGivenUpAtOnce) {
    PathHelper patient(loop, launcher, 1h);
    Started<std::vector<Holder>> task(loop, patient.holders("/mnt/x", cancellation));
    ASSERT_FALSE(launcher.isHungUpOn(0));

    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_STREQ(task.error().what(), "enough");
    EXPECT_TRUE(launcher.isHungUpOn(0));
}

TEST_F(SilentHelperTest, ADestroyedTaskHangsUp) {
    Started<void> task(loop, helper.detach("/mnt/x", cancellation));
    ASSERT_FALSE(launcher.isHungUpOn(0));

    task.destroy();

    EXPECT_TRUE(launcher.isHungUpOn(0));
}

TEST_F(SilentHelperTest, NothingIsStartedForACancelledJob) {
    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_EQ(errorOf(loop, helper.detach("/mnt/x", cancellation)).code(), Errc::Cancelled);

    EXPECT_TRUE(launcher.helpers.empty());
}

TEST_F(SilentHelperTest, RubbishIsAnError) {
    launcher.answer = "yes";
    EXPECT_EQ(errorOf(loop, helper.checkDestination("/x", cancellation)).code(), Errc::Protocol);

    launcher.answer = R"({"reply":"done"})";
    EXPECT_EQ(errorOf(loop, helper.checkDestination("/x", cancellation)).code(), Errc::Protocol);
}

TEST(PathHelper, AProgramThatIsNoFsrvpFsIsAnError) {
    EventLoop loop;
    const test::TempDir runtime;
    ForkLauncher launcher(loop, FSRVP_TINY_HELPER, runtime.path());
    PathHelper helper(loop, launcher);
    Cancellation cancellation;

    EXPECT_EQ(errorOf(loop, helper.checkDestination("/x", cancellation)).code(), Errc::Protocol);
}

TEST(PathHelper, AHelperThatEndsWithoutAnAnswerIsAnError) {
    EventLoop loop;
    const test::TempDir runtime;
    ForkLauncher launcher(loop, "/bin/true", runtime.path());
    PathHelper helper(loop, launcher);
    Cancellation cancellation;

    const Error error = errorOf(loop, helper.checkDestination("/x", cancellation));

    // By when it has ended either the question or the answer fails.
    EXPECT_TRUE(error.code() == Errc::Failed || error.code() == Errc::Unreachable);
}

} // namespace
} // namespace fsrvp::mount
