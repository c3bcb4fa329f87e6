// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/secret_reader.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;
using fakes::errorOf;
using fakes::runTask;
using fakes::Started;

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) == 0) {
            reader = UniqueFd(ends[0]);
            writer = UniqueFd(ends[1]);
        }
    }

    void write(const std::string& text) const {
        ASSERT_EQ(::write(writer.get(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }

    UniqueFd reader;
    UniqueFd writer;
};

class SecretReader : public testing::Test {
  protected:
    Task<Secret> reading(UniqueFd fd, std::chrono::milliseconds time = 10s) {
        return readSecret(loop, std::move(fd), 100, time, cancellation);
    }

    EventLoop loop;
    Cancellation cancellation;
};

TEST_F(SecretReader, TakesAPipeToItsEnd) {
    Pipe pipe;
    Started<Secret> task(loop, reading(std::move(pipe.reader)));

    pipe.write("pass");
    pipe.write("word");
    pipe.writer.reset();

    EXPECT_EQ(task.get().reveal(), "password");
}

TEST_F(SecretReader, TakesASocketAFileAndAFileInMemory) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ASSERT_EQ(::write(ends[1], "socket", 6), 6);
    ::close(ends[1]);
    const test::TempDir directory;
    const auto file = directory.path() / "file";
    std::ofstream(file) << "file";
    UniqueFd memory(::memfd_create("secret", MFD_CLOEXEC));
    ASSERT_EQ(::write(memory.get(), "memory", 6), 6);
    ASSERT_EQ(::lseek(memory.get(), 0, SEEK_SET), 0);

    EXPECT_EQ(runTask(loop, reading(UniqueFd(ends[0]))).reveal(), "socket");
    EXPECT_EQ(runTask(loop, reading(UniqueFd(::open(file.c_str(), O_RDONLY)))).reveal(), "file");
    EXPECT_EQ(runTask(loop, reading(std::move(memory))).reveal(), "memory");
}

TEST_F(SecretReader, LeavesTheDescriptorsFlagsAsTheyAre) {
    Pipe pipe;
    const UniqueFd theirs(::dup(pipe.reader.get()));
    pipe.writer.reset();

    runTask(loop, reading(std::move(pipe.reader)));

    EXPECT_EQ(::fcntl(theirs.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(SecretReader, TakesOneThatDoesNotBlock) {
    Pipe pipe;
    ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
    Started<Secret> task(loop, reading(std::move(pipe.reader)));

    pipe.write("password");
    pipe.writer.reset();

    EXPECT_EQ(task.get().reveal(), "password");
}

TEST_F(SecretReader, TakesAsMuchAsTheLimit) {
    Pipe full;
    full.write(std::string(100, 'x'));
    full.writer.reset();
    Pipe over;
    over.write(std::string(101, 'x'));

    EXPECT_EQ(runTask(loop, reading(std::move(full.reader))).reveal().size(), 100U);
    const Error error = errorOf(loop, reading(std::move(over.reader)));
    EXPECT_EQ(error.code(), Errc::InvalidArgument);
    EXPECT_STREQ(error.what(), "the secret is longer than 100 bytes");
}

TEST_F(SecretReader, GivesUpWhenTheEndDoesNotCome) {
    Pipe pipe;
    pipe.write("password");

    const Error error = errorOf(loop, reading(std::move(pipe.reader), 50ms));

    EXPECT_EQ(error.code(), Errc::TimedOut);
    EXPECT_EQ(std::string(error.what()).find("password"), std::string::npos);
}

TEST_F(SecretReader, GivesUpAtOnceWhenItIsCancelled) {
    Pipe pipe;
    Started<Secret> task(loop, reading(std::move(pipe.reader), 1h));

    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_STREQ(task.error().what(), "enough");
}

TEST_F(SecretReader, RefusesWhatCannotBeRead) {
    Pipe pipe;

    const Error writer = errorOf(loop, reading(std::move(pipe.writer)));
    const Error directory = errorOf(loop, reading(UniqueFd(::open("/", O_RDONLY | O_CLOEXEC))));

    EXPECT_EQ(writer.code(), Errc::InvalidArgument);
    EXPECT_EQ(directory.code(), Errc::InvalidArgument);
}

TEST_F(SecretReader, DoesNotHoldUpTheLoop) {
    Pipe slow;
    Started<Secret> waiting(loop, reading(std::move(slow.reader)));
    Pipe quick;
    quick.write("quick");
    quick.writer.reset();

    EXPECT_EQ(runTask(loop, reading(std::move(quick.reader))).reveal(), "quick");

    EXPECT_FALSE(waiting.isDone());
    slow.writer.reset();
    EXPECT_EQ(waiting.get().reveal(), "");
}

} // namespace
} // namespace fsrvp
