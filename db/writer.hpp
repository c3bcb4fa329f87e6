// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/task.hpp"
#include "db/database.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace fsrvp::db {

/// A thread that makes changes in the order they were asked for, each in a transaction of its own,
/// so that the loop never waits for the disk. All signals are blocked in it: they are the loop's.
///
/// Members belong to the loop's thread; the connection is borrowed and the thread's alone until
/// the writer is destroyed, which waits for the changes that were asked for.
class Writer {
  public:
    Writer(EventLoop& loop, Database& database);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer();

    /// Queues a change. The result is there when it is committed; an exception that the change
    /// throws rolls it back and is the result. Nobody need wait for it.
    template <class T> OneShot<T> write(std::function<T(Database&)> change) {
        OneShot<T> result(loop_);
        enqueue([this, own = result, change = std::move(change)]() mutable {
            std::optional<T> value;
            std::exception_ptr failure;
            try {
                Transaction transaction(database_);
                value = change(database_);
                commit(transaction);
            } catch (...) {
                failure = std::current_exception();
            }
            // From here on the result is the loop's thread's alone, its destruction too.
            loop_.post([own = std::move(own),
                        value = std::move(value),
                        failure = std::move(failure)]() mutable {
                if (failure) {
                    own.fail(std::move(failure));
                } else {
                    own.set(std::move(value).value());
                }
            });
        });
        return result;
    }

    std::uint64_t commits() const noexcept { return commits_; }

  private:
    void enqueue(std::function<void()> job);
    void commit(Transaction& transaction);
    void run();

    EventLoop& loop_;
    Database& database_;
    std::atomic<std::uint64_t> commits_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_; // guarded by mutex_
    bool isEnding_ = false;                   // guarded by mutex_
    std::thread thread_;
};

} // namespace fsrvp::db
