// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/live_config.hpp"
#include "tests/unit/daemon/config/config_dir.hpp"

#include <gtest/gtest.h>

namespace fsrvp {
namespace {

TEST(LiveConfig, IsTheDefaultsWhereThereIsNoDirectory) {
    LiveConfig config("/nonexistent/fsrvpd");

    EXPECT_FALSE(config.reload());
    EXPECT_EQ(config.current()->maxJobs(), 100U);
}

TEST(LiveConfig, ABrokenFileKeepsWhatWasReadBefore) {
    const test::ConfigDir dir;
    dir.write("config.json", R"({"max_jobs": 7})");
    LiveConfig config(dir.path());
    ASSERT_FALSE(config.reload());

    const std::string file = dir.write("config.json", "{\n  \"max_jobs\": \"seven\"\n}");
    const auto problem = config.reload();

    ASSERT_TRUE(problem);
    EXPECT_NE(std::string(problem->what()).find(file + ":2"), std::string::npos) << problem->what();
    EXPECT_EQ(config.current()->maxJobs(), 7U);
}

TEST(LiveConfig, BrokenFromTheStartRefusesUntilItIsMended) {
    const test::ConfigDir dir;
    dir.write("config.json", "{");
    LiveConfig config(dir.path());

    ASSERT_TRUE(config.reload());
    EXPECT_THROW(config.current(), Error);

    dir.write("config.json", R"({"max_jobs": 8})");
    EXPECT_FALSE(config.reload());
    EXPECT_EQ(config.current()->maxJobs(), 8U);
}

} // namespace
} // namespace fsrvp
