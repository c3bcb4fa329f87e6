// SPDX-License-Identifier: GPL-3.0-or-later
#include "db/writer.hpp"

#include <csignal>
#include <utility>

namespace fsrvp::db {

Writer::Writer(EventLoop& loop, Database& database) : loop_(loop), database_(database) {
    // A thread inherits the mask it is started with.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        thread_ = std::thread([this] { run(); });
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        isEnding_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Writer::enqueue(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(job));
    }
    changed_.notify_one();
}

void Writer::commit(Transaction& transaction) {
    transaction.commit();
    ++commits_;
}

void Writer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return isEnding_ || !queue_.empty(); });
        if (queue_.empty()) {
            return;
        }
        {
            const std::function<void()> job = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            job();
        }
        lock.lock();
    }
}

} // namespace fsrvp::db
