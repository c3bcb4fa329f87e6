// SPDX-License-Identifier: GPL-3.0-or-later
// The guest has all that its scenarios need, so one that is skipped, or a filter that leaves none,
// is a failure.
#include <gtest/gtest.h>

#include <cstdio>

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    const int status = RUN_ALL_TESTS();
    const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
    if (tests.test_to_run_count() == 0 || tests.skipped_test_count() > 0) {
        std::puts("FAILED: tests were skipped, or there were none");
        return 1;
    }
    return status;
}
