// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/event_loop.hpp"
#include "daemon/base/task.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace fsrvp::fakes {

inline constexpr std::chrono::seconds kTaskLimit{60}; // far more than anything in a test takes

/// A task that was started beside the test; goes on whenever the loop runs.
template <class T> class Started {
  public:
    Started(EventLoop& loop, Task<T> task)
        : loop_(loop), state_(std::make_shared<State>()),
          group_(std::make_unique<TaskGroup>(loop)) {
        group_->spawn(keep(std::move(task), state_), [state = state_](std::exception_ptr failure) {
            state->failure = std::move(failure);
            state->isDone = true;
        });
    }

    bool isDone() const noexcept { return state_->isDone; }

    /// Destroys the task where it waits.
    void destroy() { group_.reset(); }

    /// Runs the loop until the task has ended; gives its value or throws its exception.
    T get() {
        if (!loop_.runUntil([this] { return isDone(); }, kTaskLimit)) {
            throw std::runtime_error("the task did not end");
        }
        if (state_->failure) {
            std::rethrow_exception(state_->failure);
        }
        if constexpr (!std::is_void_v<T>) {
            return std::move(state_->value).value();
        }
    }

    /// The same of a task that shall end with an Error. @throws std::logic_error when it does not
    Error error() {
        try {
            get();
        } catch (const Error& error) {
            return error;
        }
        throw std::logic_error("the task ended without an error");
    }

  private:
    struct State {
        bool isDone = false;
        std::exception_ptr failure;
        std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
    };

    static Task<void> keep(Task<T> task, std::shared_ptr<State> state) {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(task);
        } else {
            T value = co_await std::move(task);
            state->value.emplace(std::move(value));
        }
    }

    EventLoop& loop_;
    std::shared_ptr<State> state_;
    std::unique_ptr<TaskGroup> group_;
};

/// Runs the loop until the task has ended; gives its value or throws its exception.
template <class T> T runTask(EventLoop& loop, Task<T> task) {
    return Started<T>(loop, std::move(task)).get();
}

/// The Error that ends the task.
template <class T> Error errorOf(EventLoop& loop, Task<T> task) {
    return Started<T>(loop, std::move(task)).error();
}

} // namespace fsrvp::fakes
