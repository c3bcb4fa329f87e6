// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/event_loop.hpp"
#include "daemon/base/task.hpp"
#include "daemon/base/unique_fd.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace fsrvp {

/// Runs `work` on a thread of its own: for what may block. It shares nothing but `work` with the
/// caller, so that it may be left behind: by a cancellation, by the time limit, or when the task
/// is destroyed. Who is left behind ends by himself and harms nobody.
/// @param what  "store the credential", for the message of a time-out
/// @throws what `work` throws; Error(TimedOut); the reason of a cancellation
template <class T>
Task<T> onThread(EventLoop& loop,
                 std::function<T()> work,
                 std::string what,
                 std::chrono::milliseconds limit,
                 Cancellation& cancellation) {
    struct State {
        UniqueFd ended;
        std::mutex mutex;
        std::optional<T> value;     // guarded by mutex
        std::exception_ptr failure; // guarded by mutex
    };

    cancellation.throwIfRequested();
    const auto state = std::make_shared<State>(); // shared with the thread
    state->ended = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!state->ended) {
        throw Error(Errc::Failed, "cannot " + what + ": " + std::strerror(errno));
    }
    const OneShot<bool> done(loop);
    const EventSource source =
        loop.watch(state->ended.get(), EPOLLIN, [done](std::uint32_t) { done.set(true); });
    const EventSource deadline = loop.after(limit, [done, what, limit] {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit).count();
        done.fail(std::make_exception_ptr(
            Error(Errc::TimedOut, "cannot " + what + " within " + std::to_string(seconds) + " s")));
    });
    std::thread([state, job = std::move(work)] {
        std::optional<T> value;
        std::exception_ptr failure;
        try {
            value.emplace(job());
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(state->mutex);
        state->value = std::move(value);
        state->failure = std::move(failure);
        ::eventfd_write(state->ended.get(), 1);
    }).detach();
    co_await awaitOr(done, cancellation);
    // Taken out: who drops the state last must have nothing of it.
    const std::lock_guard lock(state->mutex);
    if (state->failure) {
        std::rethrow_exception(std::exchange(state->failure, nullptr));
    }
    T value = std::move(*state->value);
    state->value.reset();
    co_return value;
}

} // namespace fsrvp
