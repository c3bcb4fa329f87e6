// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/database.hpp"
#include "tests/unit/db/db_test_support.hpp"

#include <gtest/gtest.h>

namespace fsrvp::db::test {
namespace {

class DatabaseTest : public testing::Test {
  protected:
    DatabaseTest() : database(directory.path() / "a.db", Access::ReadWrite) {
        database.execute("CREATE TABLE t (i INTEGER, s TEXT, b INTEGER, at_us INTEGER) STRICT");
    }

    std::int64_t count() const { return database.queryInteger("SELECT count(*) FROM t"); }

    TempDir directory;
    Database database;
};

TEST_F(DatabaseTest, GivesBackWhatWasBound) {
    const TimeUs time(std::chrono::microseconds(-5));
    const std::string text("a\0\u00e4", 4);
    Statement(database, "INSERT INTO t VALUES (?, ?, ?, ?)")
        .bind(INT64_MIN, text, true, time)
        .run();

    Statement row(database, "SELECT * FROM t");

    ASSERT_TRUE(row.step());
    EXPECT_EQ(row.read<std::int64_t>(), INT64_MIN);
    EXPECT_EQ(row.read<std::string>(), text);
    EXPECT_EQ(row.read<bool>(), true);
    EXPECT_EQ(row.read<TimeUs>(), time);
    EXPECT_FALSE(row.step());
}

TEST_F(DatabaseTest, TellsNullFromEmpty) {
    Statement(database, "INSERT INTO t VALUES (?, ?, NULL, ?)")
        .bind(std::optional<std::int64_t>(), std::string_view(), TimeUs())
        .run();

    Statement row(database, "SELECT * FROM t");

    ASSERT_TRUE(row.step());
    EXPECT_EQ(row.readOptional<std::int64_t>(), std::nullopt);
    EXPECT_EQ(row.readOptional<std::string>(), "");
    EXPECT_EQ(row.readOptional<bool>(), std::nullopt);
    EXPECT_EQ(row.readOptional<TimeUs>(), TimeUs());
}

TEST_F(DatabaseTest, RollsBackWhatIsNotCommitted) {
    {
        const Transaction transaction(database);
        database.execute("INSERT INTO t (i) VALUES (1)");
    }
    EXPECT_EQ(count(), 0);

    Transaction transaction(database);
    database.execute("INSERT INTO t (i) VALUES (1)");
    transaction.commit();
    EXPECT_EQ(count(), 1);
}

TEST_F(DatabaseTest, AReadTransactionSeesOneState) {
    Database reader(database.path(), Access::ReadOnly);
    const Transaction oneState(reader, Access::ReadOnly);
    EXPECT_EQ(reader.queryInteger("SELECT count(*) FROM t"), 0);

    database.execute("INSERT INTO t (i) VALUES (1)");

    EXPECT_EQ(reader.queryInteger("SELECT count(*) FROM t"), 0);
}

TEST_F(DatabaseTest, AReadOnlyConnectionDoesNotWrite) {
    Database reader(database.path(), Access::ReadOnly);

    const Error error = errorOf([&] { reader.execute("DELETE FROM t"); });

    EXPECT_EQ(std::string(error.what()),
              "cannot write " + database.path().string() +
                  ": attempt to write a readonly database");
}

TEST_F(DatabaseTest, SaysWhatIsWrongWithAStatement) {
    const Error error = errorOf([&] { const Statement statement(database, "SELECT x FROM t"); });
    const Error tooMany = errorOf([&] { Statement(database, "SELECT ?").bind(1, 2); });

    EXPECT_EQ(error.code(), Errc::Database);
    EXPECT_EQ(std::string(error.what()),
              "cannot read " + database.path().string() + ": no such column: x");
    EXPECT_FALSE(error.hint().empty());
    EXPECT_EQ(tooMany.code(), Errc::Database);
}

TEST_F(DatabaseTest, AMissingDirectoryIsAnErrorWithTheSystemsWords) {
    const std::filesystem::path path = directory.path() / "none" / "a.db";

    const Error error = errorOf([&] { const Database missing(path, Access::ReadWrite); });

    EXPECT_EQ(std::string(error.what()),
              "cannot open " + path.string() +
                  ": unable to open database file (No such file or directory)");
}

} // namespace
} // namespace fsrvp::db::test
