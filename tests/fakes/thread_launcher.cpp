// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/thread_launcher.hpp"

#include "daemon/agent/session.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <condition_variable>
#include <stdexcept>
#include <thread>
#include <utility>

namespace fsrvp::fakes {

/// One thread serves, the other is its watchdog.
class ThreadLauncher::Agent {
  public:
    Agent(FakeNetwork& network, UniqueFd socket)
        : socket_(std::move(socket)), backend_(network, socket_.get()),
          server_([this] { serve(); }), watchdog_([this] { watch(); }) {}

    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    ~Agent() {
        kill();
        server_.join();
        watchdog_.join();
    }

    void kill() const { ::shutdown(socket_.get(), SHUT_RDWR); }

    bool isHungUp() const {
        pollfd hangUp{socket_.get(), POLLRDHUP, 0};
        return ::poll(&hangUp, 1, 0) > 0;
    }

  private:
    void serve() {
        try {
            agent::serve(socket_.get(), backend_, [](std::chrono::milliseconds) {});
        } catch (const Error&) {
            // The daemon hung up before the answer was sent.
        }
        kill();
        const std::lock_guard lock(mutex_);
        hasEnded_ = true;
        ended_.notify_all();
    }

    void watch() {
        pollfd hangUp{socket_.get(), POLLRDHUP, 0};
        ::poll(&hangUp, 1, -1);
        std::unique_lock lock(mutex_);
        // Again and again: it may be about to connect.
        while (!ended_.wait_for(lock, std::chrono::milliseconds(1), [this] { return hasEnded_; })) {
            backend_.cut();
        }
    }

    UniqueFd socket_;
    FakeBackend backend_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool hasEnded_ = false; // guarded by mutex_
    std::thread server_;
    std::thread watchdog_;
};

ThreadLauncher::ThreadLauncher(FakeNetwork& network) : network_(network) {
}

ThreadLauncher::~ThreadLauncher() = default;

UniqueFd ThreadLauncher::launch() {
    reap();
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::runtime_error("no socket pair");
    }
    UniqueFd ours(ends[0]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    const std::lock_guard lock(mutex_);
    agents_.push_back(std::make_unique<Agent>(network_, UniqueFd(ends[1])));
    ++launched_;
    return ours;
}

void ThreadLauncher::kill() {
    const std::lock_guard lock(mutex_);
    for (const auto& agent : agents_) {
        agent->kill();
    }
}

void ThreadLauncher::reap() {
    // Their threads are waited for without the lock: they may call kill().
    std::list<std::unique_ptr<Agent>> ending;
    const std::unique_lock lock(mutex_);
    for (auto place = agents_.begin(); place != agents_.end();) {
        const auto next = std::next(place);
        if ((*place)->isHungUp()) {
            ending.splice(ending.end(), agents_, place);
        }
        place = next;
    }
}

std::size_t ThreadLauncher::running() {
    reap();
    const std::lock_guard lock(mutex_);
    return agents_.size();
}

std::size_t ThreadLauncher::launched() const {
    const std::lock_guard lock(mutex_);
    return launched_;
}

} // namespace fsrvp::fakes
