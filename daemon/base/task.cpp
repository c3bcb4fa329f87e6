// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/task.hpp"

#include <list>

namespace fsrvp {
namespace {

/// A coroutine that nobody awaits; its frame is destroyed by the group.
struct Runner {
    struct promise_type {
        Runner get_return_object() {
            return Runner{std::coroutine_handle<promise_type>::from_promise(*this)};
        }

        std::suspend_always initial_suspend() noexcept { return {}; }

        std::suspend_always final_suspend() noexcept { return {}; }

        void return_void() noexcept {}

        void unhandled_exception() noexcept { std::terminate(); }
    };

    std::coroutine_handle<promise_type> handle;
};

Runner runToEnd(Task<void> task,
                std::function<void(std::exception_ptr)> onEnd,
                std::function<void()> afterEnd) {
    std::exception_ptr failure;
    try {
        co_await std::move(task);
    } catch (...) {
        failure = std::current_exception();
    }
    onEnd(failure);
    afterEnd();
}

} // namespace

struct TaskGroup::Impl {
    explicit Impl(EventLoop& l) : loop(l) {}

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        for (const Runner& runner : runners) {
            runner.handle.destroy();
        }
    }

    EventLoop& loop;
    std::list<Runner> runners;
};

TaskGroup::TaskGroup(EventLoop& loop) : impl_(std::make_shared<Impl>(loop)) {
}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(Task<void> task, std::function<void(std::exception_ptr)> onEnd) {
    const auto place = impl_->runners.emplace(impl_->runners.end());
    // The frame can't be destroyed while it still runs, so that is left to the loop.
    auto afterEnd = [weak = std::weak_ptr(impl_), place] {
        const std::shared_ptr<Impl> group = weak.lock();
        group->loop.post([weak, place] {
            if (const std::shared_ptr<Impl> alive = weak.lock()) {
                place->handle.destroy();
                alive->runners.erase(place);
            }
        });
    };
    *place = runToEnd(std::move(task), std::move(onEnd), std::move(afterEnd));
    place->handle.resume();
}

std::size_t TaskGroup::size() const noexcept {
    return impl_->runners.size();
}

} // namespace fsrvp
