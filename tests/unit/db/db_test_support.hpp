// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/task.hpp"
#include "db/database.hpp"
#include "db/store.hpp"
#include "tests/support/temp_dir.hpp"

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace fsrvp::db::test {

using ::fsrvp::test::TempDir;

/// What ended a coroutine that nobody awaits.
struct Outcome {
    bool isEnded = false;
    std::exception_ptr failure;
};

template <class T> Task<void> keepResult(Task<T> task, std::optional<T>& result) {
    result = co_await std::move(task);
}

/// Runs the loop until the task has ended; throws what it threw.
void finish(EventLoop& loop, Task<void> task);

template <class T> T finish(EventLoop& loop, Task<T> task) {
    std::optional<T> result;
    finish(loop, keepResult(std::move(task), result));
    return std::move(result).value();
}

/// The Error that fn throws; fails the test when it throws none.
Error errorOf(const std::function<void()>& fn);

Guid guidOf(int number); ///< "0000002a-0000-4000-8000-000000000000" for 42

/// A store in a directory of its own, and the steps of a create job.
class StoreFixture {
  public:
    StoreFixture() : store_(std::in_place, loop_, directory()) {}

    Store& store() { return store_.value(); }

    EventLoop& loop() { return loop_; }

    std::filesystem::path directory() const { return directory_.path() / "state"; }

    std::filesystem::path file() const { return directory() / "fsrvpd.db"; }

    /// Closes the store and opens the file again, as after a restart.
    Store& reopen();

    void close() { store_.reset(); }

    template <class T> T run(Task<T> task) { return finish(loop_, std::move(task)); }

    void run(Task<void> task) { finish(loop_, std::move(task)); }

    std::int64_t addJob(std::uint32_t owner = 1000);
    /// A started set of a new job.
    std::int64_t addSet(Guid setId = guidOf(1));
    /// A committing set with one copy of //fs1/data (or `source`); gives the copy.
    Snapshot addCopy(Guid snapshotId, const Unc& source = {"fs1", "data"}, std::uint32_t owner = 0);
    /// The same, gone all the way to a usable snapshot.
    Snapshot
    addSnapshot(Guid snapshotId, const Unc& source = {"fs1", "data"}, std::uint32_t owner = 0);

    Snapshot find(std::int64_t id) { return store().findSnapshot(id).value(); }

  private:
    TempDir directory_;
    EventLoop loop_;
    std::optional<Store> store_;
};

/// One line for each column, index and foreign key of the schema, in a fixed order: equal for two
/// schemas that differ in nothing but CHECKs and comments.
std::string describeSchema(const Database& database);

} // namespace fsrvp::db::test
