// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/line_reader.hpp"
#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace fsrvp::ctl {
namespace {

/// Sends the text through a pipe to forEachLine; gives the lines.
std::vector<std::string> linesOf(const std::string& text) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd in(ends[0]);
    std::thread writer([out = UniqueFd(ends[1]), &text] {
        std::string_view rest = text;
        while (!rest.empty()) {
            const ssize_t written = ::write(out.get(), rest.data(), rest.size());
            ASSERT_GT(written, 0);
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
    });
    std::vector<std::string> lines;
    const auto join = [&writer](void*) { writer.join(); };
    const std::unique_ptr<void, decltype(join)> joined(&writer, join);
    forEachLine(in.get(), [&lines](std::string_view line) { lines.emplace_back(line); });
    return lines;
}

TEST(LineReader, GivesEachLineWithoutItsNewline) {
    EXPECT_EQ(linesOf("one\n\nthree\n"), (std::vector<std::string>{"one", "", "three"}));
    EXPECT_TRUE(linesOf("").empty());
}

TEST(LineReader, JoinsLinesThatSpanReads) {
    const std::string big(300'000, 'x');

    EXPECT_EQ(linesOf("a\n" + big + "\nb\n"), (std::vector<std::string>{"a", big, "b"}));
}

TEST(LineReader, TakesALineWithoutItsEndForTheWritersDeath) {
    try {
        linesOf("one\ntw");
        FAIL() << "it was taken for whole";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::DaemonUnreachable);
    }
}

TEST(LineReader, SaysWhenItCannotRead) {
    EXPECT_THROW(forEachLine(-1, [](std::string_view) {}), Error);
}

} // namespace
} // namespace fsrvp::ctl
