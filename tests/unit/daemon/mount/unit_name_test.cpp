// SPDX-License-Identifier: GPL-3.0-or-later
// systemd's own systemd-escape is the judge.
#include "daemon/base/error.hpp"
#include "daemon/mount/unit_name.hpp"
#include "tests/support/process.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace fsrvp::mount {
namespace {

/// What systemd-escape makes of them, in their order.
std::vector<std::string> escapedBySystemd(const std::vector<std::string>& paths) {
    test::Argv argv = {FSRVP_SYSTEMD_ESCAPE, "--path", "--suffix=mount", "--"};
    argv.insert(argv.end(), paths.begin(), paths.end());
    const test::RunResult result = test::run(argv);
    EXPECT_EQ(result.exitCode, 0) << result.err;
    // One line with spaces between them; no name has one.
    std::istringstream words(result.out);
    std::vector<std::string> names;
    for (std::string name; words >> name;) {
        names.push_back(name);
    }
    return names;
}

void compare(const std::vector<std::string>& paths) {
    const std::vector<std::string> expected = escapedBySystemd(paths);
    ASSERT_EQ(expected.size(), paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        EXPECT_EQ(mountUnitName(paths[i]), expected[i]) << testing::PrintToString(paths[i]);
    }
}

TEST(MountUnitName, IsReadable) {
    EXPECT_EQ(mountUnitName("/"), "-.mount");
    EXPECT_EQ(mountUnitName("/run/fsrvpd/mnt/7"), "run-fsrvpd-mnt-7.mount");
    EXPECT_EQ(mountUnitName("/mnt/we ird,%n{x}"), "mnt-we\\x20ird\\x2c\\x25n\\x7bx\\x7d.mount");
}

TEST(MountUnitName, IsSystemdsForOddPaths) {
    compare({"/",
             "//",
             "/a",
             "//a//b//",
             "/a/./b",
             "/.",
             "/.hidden",
             "/./.hidden",
             "/a/.hidden",
             "/...",
             "/a-b",
             "/-",
             "/a--b/-c-",
             "/with space/and  two",
             "/s\xc3\xbc\xc3\x9f/\xe6\x97\xa5\xe6\x9c\xac",
             "/a,b",
             "/100%",
             "/%n%%",
             "/{a}@(b)[c]",
             "/data@{c0ffee00-1234-5678-9abc-def012345678}",
             "/a:b_c.d",
             "/back\\slash",
             "/\\x2d",
             "/new\nline\ttab",
             "/\x7f\x01",
             "/\xff\xfe",
             "/$HOME/~/`x`/'q'/\"q\"",
             "/a.mount",
             "/Abc019Zz"});
}

TEST(MountUnitName, IsSystemdsForRandomPaths) {
    constexpr std::string_view kLikely = "//ab-.:_\\ %@{}";
    // NOLINTNEXTLINE(cert-msc51-cpp): the same paths at each run
    std::mt19937 random(20261122);
    std::vector<std::string> paths;
    while (paths.size() < 200) {
        std::string path = "/";
        const auto length = random() % 40;
        while (path.size() <= length) {
            path += random() % 2 != 0 ? kLikely[random() % kLikely.size()]
                                      : static_cast<char>(1 + random() % 255);
        }
        // systemd-escape refuses ".." too.
        if ((path + "/").find("/../") == std::string::npos) {
            paths.push_back(path);
        }
    }
    compare(paths);
}

void expectRefused(const std::string& path) {
    try {
        const std::string name = mountUnitName(path);
        FAIL() << "accepted as " << name;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidArgument);
    }
}

TEST(MountUnitName, RefusesWhatIsNoCanonicalPath) {
    expectRefused("");
    expectRefused("a");
    expectRefused("/a/../b");
    expectRefused("/..");
    expectRefused(std::string("/a\0b", 4));
}

TEST(MountUnitName, HasAtMost255Bytes) {
    EXPECT_EQ(mountUnitName("/" + std::string(249, 'a')).size(), 255U);
    expectRefused("/" + std::string(250, 'a'));
    EXPECT_EQ(mountUnitName("/" + std::string(62, '-') + "a").size(), 255U);
    expectRefused("/" + std::string(63, '-'));
}

} // namespace
} // namespace fsrvp::mount
