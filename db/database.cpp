// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/database.hpp"

#include "daemon/base/error.hpp"

#include <sqlite3.h>

#include <cstring>
#include <utility>

namespace fsrvp::db {
namespace {

constexpr int kWriterWaitMs = 5000;
constexpr int kReaderWaitMs = 50; // reads run on the loop's thread

constexpr int flagsFor(Access access) {
    // NOMUTEX: a connection belongs to one thread at a time.
    switch (access) {
    case Access::ReadWrite:
        return SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Access::ReadOnly:
        return SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY;
    case Access::Immutable:
        return SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    }
    return 0;
}

std::string immutableUri(const std::filesystem::path& path) {
    std::string uri = "file:";
    for (const char c : path.string()) {
        // What would end the path in an URI, or begin a character.
        uri += c == '?' ? "%3f" : c == '#' ? "%23" : c == '%' ? "%25" : std::string(1, c);
    }
    return uri + "?immutable=1";
}

std::string_view hintFor(int code) {
    constexpr std::string_view makeRoom = "make room on the file system that holds it";
    if (code == SQLITE_IOERR_SHMSIZE) { // of the index of the write-ahead log
        return makeRoom;
    }
    switch (code & 0xff) {
    case SQLITE_FULL:
        return makeRoom;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return kDamagedFileHint;
    case SQLITE_IOERR:
        return "look for disk errors in the kernel's log";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return "fsrvpd must be able to write the file and its directory";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another program has locked it: end that program, then try again";
    default:
        return "this looks like a fault of fsrvpd: please report it with this message";
    }
}

[[noreturn]] void
throwError(std::string_view action, const std::filesystem::path& path, sqlite3* handle) {
    const int code = sqlite3_extended_errcode(handle);
    std::string message = "cannot " + std::string(action) + " " + path.string() + ": ";
    message += sqlite3_errmsg(handle);
    const int systemError = sqlite3_system_errno(handle);
    // Of other failures SQLite keeps no reliable errno.
    if (systemError != 0 && (code & 0xff) == SQLITE_CANTOPEN) {
        message += std::string(" (") + std::strerror(systemError) + ")";
    }
    throw Error(Errc::Database, message).withHint(hintFor(code));
}

} // namespace

void Database::Close::operator()(sqlite3* handle) const noexcept {
    sqlite3_close_v2(handle);
}

Database::Database(std::filesystem::path path, Access access) : path_(std::move(path)) {
    const std::string name = access == Access::Immutable ? immutableUri(path_) : path_.string();
    sqlite3* handle = nullptr;
    const int result = sqlite3_open_v2(name.c_str(), &handle, flagsFor(access), nullptr);
    handle_.reset(handle);
    if (result != SQLITE_OK) {
        throwError("open", path_, handle);
    }
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, access == Access::ReadWrite ? kWriterWaitMs : kReaderWaitMs);
    if (access == Access::ReadWrite) {
        setUpForWriting();
    }
}

void Database::setUpForWriting() {
    Statement statement(*this, "PRAGMA journal_mode = WAL");
    if (statement.step() && statement.read<std::string>() != "wal") {
        throw Error(Errc::Database, "cannot use a write-ahead log for " + path_.string())
            .withHint("keep it on a local file system");
    }
    // Temporary tables in memory: the sandbox need not offer a directory for them.
    execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY");
}

// It changes the file, if not the object.
// NOLINTNEXTLINE(readability-make-member-function-const)
void Database::execute(const std::string& sql) {
    if (sqlite3_exec(native(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        fail("write");
    }
}

std::int64_t Database::queryInteger(std::string_view sql) const {
    Statement statement(*this, sql);
    return statement.step() ? statement.read<std::int64_t>() : 0;
}

std::int64_t Database::lastInsertId() const noexcept {
    return sqlite3_last_insert_rowid(native());
}

std::int64_t Database::changes() const noexcept {
    return sqlite3_changes64(native());
}

bool Database::isLockedOut() const noexcept {
    return (sqlite3_errcode(native()) & 0xff) == SQLITE_BUSY;
}

void Database::fail(std::string_view action) const {
    throwError(action, path_, native());
}

void Statement::Finalize::operator()(sqlite3_stmt* handle) const noexcept {
    sqlite3_finalize(handle);
}

Statement::Statement(const Database& database, std::string_view sql) : database_(database) {
    sqlite3_stmt* handle = nullptr;
    const int result = sqlite3_prepare_v2(
        database.native(), sql.data(), static_cast<int>(sql.size()), &handle, nullptr);
    handle_.reset(handle);
    if (result != SQLITE_OK) {
        database.fail("read");
    }
}

bool Statement::step() {
    column_ = 0;
    switch (sqlite3_step(handle_.get())) {
    case SQLITE_ROW:
        return true;
    case SQLITE_DONE:
        return false;
    default:
        database_.fail(sqlite3_stmt_readonly(handle_.get()) != 0 ? "read" : "write");
    }
}

void Statement::bindNext(std::string_view text) {
    // A null pointer would bind NULL.
    const char* const begin = text.data() == nullptr ? "" : text.data();
    checkBound(sqlite3_bind_text64(
        handle_.get(), ++parameter_, begin, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bindNext(std::optional<std::int64_t> value) {
    if (value) {
        bindInteger(*value);
    } else {
        ++parameter_; // what is not bound is NULL
    }
}

void Statement::bindInteger(std::int64_t value) {
    checkBound(sqlite3_bind_int64(handle_.get(), ++parameter_, value));
}

void Statement::checkBound(int result) const {
    if (result != SQLITE_OK) {
        database_.fail("use a statement for");
    }
}

bool Statement::skipNull() noexcept {
    if (sqlite3_column_type(handle_.get(), column_) != SQLITE_NULL) {
        return false;
    }
    ++column_;
    return true;
}

std::int64_t Statement::readInteger() noexcept {
    return sqlite3_column_int64(handle_.get(), column_++);
}

std::string Statement::readText() {
    const int column = column_++;
    // SQLite's text is unsigned char; its bytes are UTF-8.
    const auto* const text =
        reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
    const auto length = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
    return text == nullptr ? std::string() : std::string(text, length);
}

Transaction::Transaction(Database& database, Access access) : database_(database) {
    database_.execute(access == Access::ReadWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
    // SQLite itself has rolled back after some failures, a full disk for one.
    if (sqlite3_get_autocommit(database_.native()) == 0) {
        sqlite3_exec(database_.native(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void Transaction::commit() {
    database_.execute("COMMIT");
}

} // namespace fsrvp::db
