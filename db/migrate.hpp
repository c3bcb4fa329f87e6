// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "db/database.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace fsrvp::db {

/// Version of a schema that no migration leads to: the first.
inline constexpr int kFirstVersion = 1;

/// What brings a file from version - 1 to version.
struct Migration {
    int version = 0;
    std::string_view sql;
};

/// db/schema.sql, and db/migrations/ in order, as they were when this was built.
std::string_view schemaSql() noexcept;
std::vector<Migration> knownMigrations();

/// The version that migrate() leads to with these: kFirstVersion when there are none.
int lastVersion(std::span<const Migration> migrations) noexcept;

/// Brings the file to the last migration's version: an empty file gets `schema`, an older one a
/// backup beside it (FILE.v<its version>, 0600) and then what it lacks, in one transaction. For the
/// one who has the state directory's lock.
/// @throws Error(Database)  the file is newer, or not fsrvpd's; or a statement failed, then the
///                          file is as it was
void migrate(Database& database, std::string_view schema, std::span<const Migration> migrations);

} // namespace fsrvp::db
