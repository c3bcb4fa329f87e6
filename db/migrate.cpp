// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/migrate.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace fsrvp::db {
namespace {

/// Foreign keys are off while it lives, so that a migration can put a new table in an old one's
/// place. SQLite ignores the switch inside a transaction.
class ForeignKeysOff {
  public:
    explicit ForeignKeysOff(Database& database) : database_(database) {
        database_.execute("PRAGMA foreign_keys = OFF");
    }

    ForeignKeysOff(const ForeignKeysOff&) = delete;
    ForeignKeysOff& operator=(const ForeignKeysOff&) = delete;

    ~ForeignKeysOff() {
        try {
            database_.execute("PRAGMA foreign_keys = ON");
        } catch (const Error&) {
            // The migration has failed for the same reason, and says so.
        }
    }

  private:
    Database& database_;
};

void setVersion(Database& database, int version) {
    database.execute("PRAGMA user_version = " + std::to_string(version));
}

[[noreturn]] void failBackup(const std::filesystem::path& path) {
    throw Error(Errc::Database,
                "cannot write the backup " + path.string() + ": " + std::strerror(errno))
        .withHint("it is made before the database is brought up to date: make room for it, and "
                  "see that fsrvpd may write there");
}

void syncToDisk(const std::filesystem::path& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) {
        failBackup(path);
    }
}

/// Writes FILE.v<version>; it is whole as soon as it has that name.
void backUp(Database& database, std::int64_t version) {
    const std::filesystem::path final = database.path().string() + ".v" + std::to_string(version);
    const std::filesystem::path unfinished = final.string() + ".new";
    // VACUUM INTO takes an empty file that is there, and with it our mode.
    const UniqueFd file(
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) {
        failBackup(unfinished);
    }
    Statement(database, "VACUUM INTO ?").bind(unfinished.string()).run();
    syncToDisk(unfinished);
    if (::rename(unfinished.c_str(), final.c_str()) != 0) {
        failBackup(final);
    }
    syncToDisk(final.parent_path());
}

void create(Database& database, std::string_view schema, int version) {
    Transaction transaction(database);
    database.execute(std::string(schema));
    setVersion(database, version);
    transaction.commit();
}

void checkForeignKeys(const Database& database, int version) {
    Statement broken(database, "PRAGMA foreign_key_check");
    if (broken.step()) {
        throw Error(Errc::Database,
                    "cannot bring " + database.path().string() + " to schema " +
                        std::to_string(version) + ": a row of table " + broken.read<std::string>() +
                        " would refer to a row that is not there")
            .withHint("the file is as it was; please report this with the message");
    }
}

void upgrade(Database& database, std::span<const Migration> migrations, std::int64_t from) {
    const ForeignKeysOff foreignKeysOff(database);
    Transaction transaction(database);
    for (const Migration& migration : migrations) {
        if (migration.version <= from) {
            continue;
        }
        try {
            database.execute(std::string(migration.sql));
        } catch (const Error& error) {
            throw error.withContext("cannot bring the database to schema " +
                                    std::to_string(migration.version));
        }
    }
    const int to = migrations.back().version;
    checkForeignKeys(database, to);
    setVersion(database, to);
    transaction.commit();
}

[[noreturn]] void refuseNewer(const Database& database, std::int64_t found, int known) {
    const std::string path = database.path().string();
    throw Error(Errc::Database,
                "cannot use " + path + ": a newer fsrvpd wrote it (its schema is " +
                    std::to_string(found) + ", this fsrvpd knows up to " + std::to_string(known) +
                    ")")
        .withHint("install the newer fsrvpd again; or stop it and put the backup " + path + ".v" +
                  std::to_string(known) +
                  " in its place, which knows nothing of the snapshots taken since");
}

} // namespace

int lastVersion(std::span<const Migration> migrations) noexcept {
    return migrations.empty() ? kFirstVersion : migrations.back().version;
}

void migrate(Database& database, std::string_view schema, std::span<const Migration> migrations) {
    const int known = lastVersion(migrations);
    const std::int64_t found = database.queryInteger("PRAGMA user_version");
    if (found > known) {
        refuseNewer(database, found, known);
    }
    if (found == known) {
        return;
    }
    if (found >= kFirstVersion) {
        backUp(database, found);
        upgrade(database, migrations, found);
        return;
    }
    if (found < 0 || database.queryInteger("SELECT count(*) FROM sqlite_schema") != 0) {
        throw Error(Errc::Database,
                    "cannot use " + database.path().string() +
                        ": it is an SQLite database, but not one of fsrvpd's")
            .withHint("move it away, or give fsrvpd another state directory");
    }
    create(database, schema, known);
}

} // namespace fsrvp::db
