// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/migrate.hpp"
#include "tests/unit/db/db_test_support.hpp"
#include "tests/unit/db/schema_0001.hpp"
#include "tests/unit/db/schema_0002.hpp"
#include "tests/unit/db/schema_0003.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace fsrvp::db::test {
namespace {

using std::filesystem::path;

// A made-up history of schemas: each as a new file gets it.
constexpr std::string_view kSchema1 = "CREATE TABLE shelf (id INTEGER PRIMARY KEY) STRICT;"
                                      "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT,"
                                      " shelf INTEGER REFERENCES shelf) STRICT;";
constexpr std::string_view kSchema3 =
    "CREATE TABLE shelf (id INTEGER PRIMARY KEY) STRICT;"
    "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT NOT NULL,"
    " shelf INTEGER REFERENCES shelf, pages INTEGER) STRICT;"
    "CREATE INDEX book_title ON book (title) WHERE pages IS NOT NULL;";
constexpr Migration kTo2{2, "ALTER TABLE book ADD COLUMN pages INTEGER;"};
constexpr Migration kTo3{
    3,
    "CREATE TABLE new_book (id INTEGER PRIMARY KEY, title TEXT NOT NULL,"
    " shelf INTEGER REFERENCES shelf, pages INTEGER) STRICT;"
    "INSERT INTO new_book SELECT id, ifnull(title, 'none'), shelf, pages FROM book;"
    "DROP TABLE book;"
    "ALTER TABLE new_book RENAME TO book;"
    "CREATE INDEX book_title ON book (title) WHERE pages IS NOT NULL;"};

class Migrate : public testing::Test {
  protected:
    path file() const { return directory_.path() / "fsrvpd.db"; }

    path backup() const { return directory_.path() / "fsrvpd.db.v1"; }

    /// A file of schema 1 with one book on one shelf.
    void makeFirst() {
        Database database(file(), Access::ReadWrite);
        migrate(database, kSchema1, {});
        database.execute("INSERT INTO shelf VALUES (5);"
                         "INSERT INTO book VALUES (1, NULL, 5)");
    }

    std::string describe(const path& of) { return describeSchema(Database(of, Access::ReadWrite)); }

    static std::int64_t versionOf(const path& of) {
        return Database(of, Access::ReadWrite).queryInteger("PRAGMA user_version");
    }

  private:
    TempDir directory_;
};

TEST_F(Migrate, ANewFileGetsTheSchemaAndTheLastVersion) {
    const std::vector<Migration> migrations{kTo2, kTo3};
    Database database(file(), Access::ReadWrite);

    migrate(database, kSchema3, migrations);

    EXPECT_EQ(database.queryInteger("PRAGMA user_version"), 3);
    EXPECT_FALSE(std::filesystem::exists(backup()));
}

TEST_F(Migrate, AnOlderFileGetsWhatItLacks) {
    makeFirst();
    const std::vector<Migration> migrations{kTo2, kTo3};
    Database database(file(), Access::ReadWrite);

    migrate(database, kSchema3, migrations);

    EXPECT_EQ(database.queryInteger("PRAGMA user_version"), 3);
    EXPECT_EQ(database.queryInteger("PRAGMA foreign_keys"), 1);
    EXPECT_EQ(database.queryInteger("SELECT count(*) FROM book WHERE title = 'none'"), 1);
}

TEST_F(Migrate, AFileInBetweenGetsOnlyTheRest) {
    makeFirst();
    const std::vector<Migration> first{kTo2};
    const std::vector<Migration> all{kTo2, kTo3};
    Database database(file(), Access::ReadWrite);
    migrate(database, kSchema3, first);

    migrate(database, kSchema3, all);

    EXPECT_EQ(database.queryInteger("PRAGMA user_version"), 3);
}

TEST_F(Migrate, AnUpToDateFileIsLeftAlone) {
    makeFirst();
    Database database(file(), Access::ReadWrite);

    migrate(database, "this would fail", {});

    EXPECT_FALSE(std::filesystem::exists(backup()));
}

TEST_F(Migrate, LeavesABackupOfTheOlderFile) {
    makeFirst();
    const std::vector<Migration> migrations{kTo2};
    {
        Database database(file(), Access::ReadWrite);
        migrate(database, kSchema3, migrations);
    }

    struct stat status {};

    ASSERT_EQ(::stat(backup().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_EQ(versionOf(backup()), 1);
    EXPECT_EQ(Database(backup(), Access::ReadWrite).queryInteger("SELECT count(*) FROM book"), 1);
    EXPECT_FALSE(std::filesystem::exists(backup().string() + ".new"));
}

TEST_F(Migrate, AFailingOneRollsAllOfThemBack) {
    makeFirst();
    const std::string before = describe(file());
    const std::vector<Migration> migrations{
        kTo2, {3, "DELETE FROM book; ALTER TABLE paper ADD COLUMN size INTEGER;"}};

    {
        Database database(file(), Access::ReadWrite);
        const Error error = errorOf([&] { migrate(database, kSchema3, migrations); });

        EXPECT_EQ(error.code(), Errc::Database);
        EXPECT_EQ(std::string(error.what()),
                  "cannot bring the database to schema 3: cannot write " + file().string() +
                      ": no such table: paper");
    }

    EXPECT_EQ(versionOf(file()), 1);
    EXPECT_EQ(describe(file()), before);
    EXPECT_EQ(Database(file(), Access::ReadWrite).queryInteger("SELECT count(*) FROM book"), 1);
}

TEST_F(Migrate, ALaterTryReplacesTheBackupOfAFailedOne) {
    makeFirst();
    const std::vector<Migration> failing{{2, "not SQL"}};
    const std::vector<Migration> working{kTo2};
    Database database(file(), Access::ReadWrite);
    errorOf([&] { migrate(database, kSchema3, failing); });
    database.execute("INSERT INTO book VALUES (2, 'later', 5)");

    migrate(database, kSchema3, working);

    EXPECT_EQ(Database(backup(), Access::ReadWrite).queryInteger("SELECT count(*) FROM book"), 2);
}

TEST_F(Migrate, OneThatBreaksAReferenceRollsBack) {
    makeFirst();
    const std::vector<Migration> migrations{{2, "DELETE FROM shelf;"}};
    Database database(file(), Access::ReadWrite);

    const Error error = errorOf([&] { migrate(database, kSchema3, migrations); });

    EXPECT_NE(std::string(error.what()).find("table book"), std::string::npos);
    EXPECT_EQ(database.queryInteger("SELECT count(*) FROM shelf"), 1);
    EXPECT_EQ(database.queryInteger("PRAGMA user_version"), 1);
}

TEST_F(Migrate, AFailingSchemaLeavesAnEmptyFile) {
    Database database(file(), Access::ReadWrite);

    errorOf([&] { migrate(database, "CREATE TABLE a (b); not SQL", {}); });

    EXPECT_EQ(database.queryInteger("SELECT count(*) FROM sqlite_schema"), 0);
    EXPECT_EQ(database.queryInteger("PRAGMA user_version"), 0);
}

TEST_F(Migrate, ANewerFileIsRefused) {
    makeFirst();
    Database database(file(), Access::ReadWrite);
    database.execute("PRAGMA user_version = 4");
    const std::vector<Migration> migrations{kTo2, kTo3};

    const Error error = errorOf([&] { migrate(database, kSchema3, migrations); });

    EXPECT_EQ(error.code(), Errc::Database);
    EXPECT_NE(std::string(error.what()).find("its schema is 4, this fsrvpd knows up to 3"),
              std::string::npos);
}

TEST_F(Migrate, WithoutAPlaceForTheBackupChangesNothing) {
    makeFirst();
    std::filesystem::create_directory(backup().string() + ".new");
    const std::vector<Migration> migrations{kTo2};
    Database database(file(), Access::ReadWrite);

    const Error error = errorOf([&] { migrate(database, kSchema3, migrations); });

    EXPECT_NE(std::string(error.what()).find("cannot write the backup"), std::string::npos);
    EXPECT_EQ(database.queryInteger("PRAGMA user_version"), 1);
}

/// What describeSchema says of a file made from `first` and brought on by the migrations.
std::string describeMigrated(std::string_view first, std::span<const Migration> migrations) {
    const TempDir directory;
    Database database(directory.path() / "fsrvpd.db", Access::ReadWrite);
    migrate(database, first, {});
    migrate(database, "", migrations);
    return describeSchema(database);
}

TEST(SchemaDrift, IsNotSeenWhereMigrationsLeadToTheSchema) {
    const std::vector<Migration> migrations{kTo2, kTo3};

    EXPECT_EQ(describeMigrated(kSchema1, migrations), describeMigrated(kSchema3, {}));
}

TEST(SchemaDrift, IsNotThereFromVersion1) {
    EXPECT_EQ(describeMigrated(kSchema0001, knownMigrations()), describeMigrated(schemaSql(), {}));
}

TEST(SchemaDrift, IsNotThereFromVersion2) {
    std::vector<Migration> later = knownMigrations();
    later.erase(later.begin());

    EXPECT_EQ(later.front().version, 3);
    EXPECT_EQ(describeMigrated(kSchema0002, later), describeMigrated(schemaSql(), {}));
}

TEST(SchemaDrift, IsNotThereFromVersion3) {
    std::vector<Migration> later = knownMigrations();
    later.erase(later.begin(), later.begin() + 2);

    EXPECT_EQ(later.front().version, 4);
    EXPECT_EQ(describeMigrated(kSchema0003, later), describeMigrated(schemaSql(), {}));
}

TEST(SchemaDrift, IsSeenInColumnsIndicesAndForeignKeys) {
    const auto describe = [](std::string_view schema) { return describeMigrated(schema, {}); };
    const std::string base =
        describe("CREATE TABLE a (b INTEGER, c TEXT); CREATE INDEX i ON a (b) WHERE c IS NULL;");

    EXPECT_NE(base,
              describe("CREATE TABLE a (b INTEGER, c INTEGER);"
                       "CREATE INDEX i ON a (b) WHERE c IS NULL;"));
    EXPECT_NE(base,
              describe("CREATE TABLE a (b INTEGER, c TEXT NOT NULL);"
                       "CREATE INDEX i ON a (b) WHERE c IS NULL;"));
    EXPECT_NE(base,
              describe("CREATE TABLE a (c TEXT, b INTEGER);"
                       "CREATE INDEX i ON a (b) WHERE c IS NULL;"));
    EXPECT_NE(base,
              describe("CREATE TABLE a (b INTEGER REFERENCES a, c TEXT);"
                       "CREATE INDEX i ON a (b) WHERE c IS NULL;"));
    EXPECT_NE(base,
              describe("CREATE TABLE a (b INTEGER, c TEXT);"
                       "CREATE INDEX i ON a (b) WHERE c = 'x';"));
    EXPECT_NE(base, describe("CREATE TABLE a (b INTEGER, c TEXT); CREATE INDEX i ON a (b);"));
    EXPECT_NE(base,
              describe("CREATE TABLE a (b INTEGER, c TEXT); CREATE INDEX i ON a (b DESC)"
                       " WHERE c IS NULL;"));
    EXPECT_NE(base,
              describe("CREATE TABLE a (b INTEGER, c TEXT) STRICT;"
                       "CREATE INDEX i ON a (b) WHERE c IS NULL;"));
}

TEST(KnownMigrations, AreNumberedWithoutGaps) {
    int expected = kFirstVersion;

    for (const Migration& migration : knownMigrations()) {
        EXPECT_EQ(migration.version, ++expected);
        EXPECT_FALSE(migration.sql.empty());
    }
}

} // namespace
} // namespace fsrvp::db::test
