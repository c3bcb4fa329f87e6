// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/model/context.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp {
namespace {

struct Row {
    ShadowCopyContext context;
    std::uint32_t value; // MS-FSRVP 2.2.2.2
    const char* name;
};

class EachContext : public testing::TestWithParam<Row> {};

TEST_P(EachContext, HasItsValueAndItsName) {
    EXPECT_EQ(static_cast<std::uint32_t>(GetParam().context), GetParam().value);
    EXPECT_EQ(contextName(GetParam().context), GetParam().name);
    EXPECT_EQ(parseContext(GetParam().name), GetParam().context);
}

INSTANTIATE_TEST_SUITE_P(
    Contexts,
    EachContext,
    testing::Values(Row{ShadowCopyContext::Backup, 0x00, "backup"},
                    Row{ShadowCopyContext::FileShareBackup, 0x10, "file-share-backup"},
                    Row{ShadowCopyContext::AppRollback, 0x09, "app-rollback"},
                    Row{ShadowCopyContext::NasRollback, 0x19, "nas-rollback"}));

class NoContext : public testing::TestWithParam<const char*> {};

TEST_P(NoContext, IsRefusedWithTheListOfThoseThereAre) {
    try {
        (void)parseContext(GetParam());
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidArgument);
        for (const char* name : {"backup", "file-share-backup", "app-rollback", "nas-rollback"}) {
            EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << name;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Names, NoContext, testing::Values("", "Backup", "nas_rollback", "unknown", "0x19", "backup "));

TEST(Context, AnUnknownValueHasANameToo) {
    EXPECT_EQ(contextName(static_cast<ShadowCopyContext>(0x77)), "unknown");
}

} // namespace
} // namespace fsrvp
