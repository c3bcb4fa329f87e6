// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace fsrvp {

template <class T> class Task;

namespace detail {

struct TaskPromiseBase {
    std::coroutine_handle<> continuation = std::noop_coroutine();

    std::suspend_always initial_suspend() noexcept { return {}; }

    struct FinalAwaiter {
        bool await_ready() noexcept { return false; }

        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
            return ended.promise().continuation;
        }

        void await_resume() noexcept {}
    };

    FinalAwaiter final_suspend() noexcept { return {}; }
};

template <class T> struct TaskPromise : TaskPromiseBase {
    std::variant<std::monostate, T, std::exception_ptr> result;

    Task<T> get_return_object();

    void return_value(T value) { result.template emplace<1>(std::move(value)); }

    void unhandled_exception() { result.template emplace<2>(std::current_exception()); }

    T take() {
        if (result.index() == 2) {
            std::rethrow_exception(std::get<2>(result));
        }
        return std::move(std::get<1>(result));
    }
};

template <> struct TaskPromise<void> : TaskPromiseBase {
    std::exception_ptr failure;

    Task<void> get_return_object();

    void return_void() {}

    void unhandled_exception() { failure = std::current_exception(); }

    void take() const {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
};

} // namespace detail

/// A coroutine on the loop's thread: starts when awaited, gives its value or throws its exception
/// to who awaits it. Destroying a Task that is suspended ends it where it stands and runs its
/// destructors, and so those of what it awaits.
///
/// Write `Task<T> t = f(…); co_await std::move(t)` or `co_await f(…)` with arguments that outlive
/// the call: a parameter taken by reference is only borrowed.
///
/// g++ 12 miscompiles a co_await in an expression with braced lists, ?:, && or || (temporaries are
/// destroyed twice, coroutines lost or run regardless): name the parts first.
template <class T = void> class [[nodiscard]] Task {
  public:
    using promise_type = detail::TaskPromise<T>;

    explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            destroy();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }

    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    ~Task() { destroy(); }

    auto operator co_await() && noexcept {
        struct Awaiter {
            std::coroutine_handle<promise_type> handle;

            bool await_ready() const noexcept { return false; }

            std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
                handle.promise().continuation = waiting;
                return handle;
            }

            T await_resume() { return handle.promise().take(); }
        };

        return Awaiter{handle_};
    }

  private:
    void destroy() noexcept {
        if (handle_) {
            std::exchange(handle_, nullptr).destroy();
        }
    }

    std::coroutine_handle<promise_type> handle_;
};

template <class T> Task<T> detail::TaskPromise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> detail::TaskPromise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

/// A value that one coroutine waits for and a callback delivers, once. Copies share the state.
/// The first of set() and fail() counts; the waiter resumes from the loop, not inside them.
template <class T> class OneShot {
  public:
    explicit OneShot(EventLoop& loop) : state_(std::make_shared<State>(loop)) {}

    bool isDone() const noexcept { return state_->result.index() != 0; }

    void set(T value) const { finish(Result(std::in_place_index<1>, std::move(value))); }

    void fail(std::exception_ptr failure) const {
        finish(Result(std::in_place_index<2>, std::move(failure)));
    }

    auto operator co_await() const noexcept { return Awaiter{state_}; }

  private:
    using Result = std::variant<std::monostate, T, std::exception_ptr>;

    struct State {
        explicit State(EventLoop& l) : loop(l) {}

        EventLoop& loop;
        Result result;
        std::coroutine_handle<> waiter;
    };

    struct Awaiter {
        std::shared_ptr<State> state;

        explicit Awaiter(std::shared_ptr<State> s) noexcept : state(std::move(s)) {}

        Awaiter(Awaiter&&) noexcept = default;
        Awaiter& operator=(Awaiter&&) = delete;

        // A coroutine that is destroyed while it waits must not be resumed later.
        ~Awaiter() {
            if (state) {
                state->waiter = nullptr;
            }
        }

        bool await_ready() const noexcept { return state->result.index() != 0; }

        void await_suspend(std::coroutine_handle<> handle) noexcept { state->waiter = handle; }

        T await_resume() {
            if (state->result.index() == 2) {
                std::rethrow_exception(std::get<2>(state->result));
            }
            return std::move(std::get<1>(state->result));
        }
    };

    void finish(Result result) const {
        if (isDone()) {
            return;
        }
        state_->result = std::move(result);
        state_->loop.post([state = state_] {
            if (state->waiter) {
                std::exchange(state->waiter, nullptr).resume();
            }
        });
    }

    std::shared_ptr<State> state_;
};

/// Owns coroutines that nobody awaits; destroying it ends those still running.
class TaskGroup {
  public:
    explicit TaskGroup(EventLoop& loop);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;
    ~TaskGroup();

    /// Starts the task; onEnd gets its exception or null. onEnd must not throw.
    void spawn(Task<void> task, std::function<void(std::exception_ptr)> onEnd);
    std::size_t size() const noexcept;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace fsrvp
