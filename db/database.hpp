// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace fsrvp::db {

/// What to do about a file with bytes in it that cannot be ours.
inline constexpr std::string_view kDamagedFileHint =
    "the file is damaged: stop fsrvpd, keep a copy of the file, then put back a backup of it, or "
    "move it away to start with an empty one";

enum class Access {
    ReadWrite,
    ReadOnly,
    Immutable, ///< to read a file alone, on trust that nobody changes it
};

/// One connection to an SQLite file, for one thread at a time. It waits for other connections'
/// locks 5 s at most when it may write, and 50 ms when it only reads. Every failure of SQLite is
/// an Error(Database), "cannot … PATH: SQLite's words", with a hint.
class Database {
  public:
    /// Opens or makes the file (ReadWrite; WAL, synchronous=FULL, foreign_keys=ON), or opens one
    /// that is there (ReadOnly, Immutable). ReadOnly makes the files beside it where no other
    /// connection has; Immutable takes no lock, touches nothing beside the file, and so does not
    /// see what is still in a write-ahead log.
    Database(std::filesystem::path path, Access access);
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() = default;

    /// Runs statements that give no rows, separated by semicolons.
    void execute(const std::string& sql);
    /// The one number that a query gives.
    std::int64_t queryInteger(std::string_view sql) const;
    /// Row id of the last INSERT.
    std::int64_t lastInsertId() const noexcept;
    /// How many rows the last INSERT, UPDATE or DELETE changed.
    std::int64_t changes() const noexcept;

    const std::filesystem::path& path() const noexcept { return path_; }

    /// Whether the call that just failed did so since another connection holds a lock.
    bool isLockedOut() const noexcept;

    /// Throws what SQLite has to say of the call that just failed. @param action  "read", "write"
    [[noreturn]] void fail(std::string_view action) const;

    sqlite3* native() const noexcept { return handle_.get(); }

  private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept;
    };

    void setUpForWriting();

    std::filesystem::path path_;
    std::unique_ptr<sqlite3, Close> handle_;
};

/// One SQL statement. The Database is borrowed.
class Statement {
  public:
    Statement(const Database& database, std::string_view sql);

    /// Binds to the next parameters, from left to right.
    template <class... Values> Statement& bind(const Values&... values) {
        (bindNext(values), ...);
        return *this;
    }

    /// Goes to the next row; false when there is none.
    bool step();

    /// Runs a statement that gives no rows.
    void run() {
        while (step()) {
        }
    }

    /// The next column of the row, from left to right: a number, bool, text or time.
    template <class T> T read() {
        if constexpr (std::same_as<T, std::string>) {
            return readText();
        } else if constexpr (std::same_as<T, bool>) {
            return readInteger() != 0;
        } else if constexpr (std::integral<T>) {
            return static_cast<T>(readInteger());
        } else {
            static_assert(std::same_as<T, TimeUs>);
            return TimeUs(TimeUs::duration(readInteger()));
        }
    }

    /// The same of a column that may be NULL: then nothing.
    template <class T> std::optional<T> readOptional() {
        if (skipNull()) {
            return std::nullopt;
        }
        return read<T>();
    }

  private:
    using TimeUs = std::chrono::sys_time<std::chrono::microseconds>;

    struct Finalize {
        void operator()(sqlite3_stmt* handle) const noexcept;
    };

    void bindNext(std::string_view text);

    void bindNext(TimeUs time) { bindInteger(time.time_since_epoch().count()); }

    template <std::integral I> void bindNext(I value) {
        bindInteger(static_cast<std::int64_t>(value));
    }

    void bindNext(std::optional<std::int64_t> value);
    void bindInteger(std::int64_t value);
    void checkBound(int result) const;
    bool skipNull() noexcept;
    std::int64_t readInteger() noexcept;
    std::string readText();

    const Database& database_;
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
    int parameter_ = 0; // bound so far
    int column_ = 0;    // read so far of this row
};

/// Rolls back when it goes, unless it was committed.
class Transaction {
  public:
    /// Read: what is committed now, unchanged until the end. Write: takes the write lock at once.
    explicit Transaction(Database& database, Access access = Access::ReadWrite);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    void commit();

  private:
    Database& database_;
};

} // namespace fsrvp::db
