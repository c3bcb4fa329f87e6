// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/event_loop.hpp"

#include "daemon/base/error.hpp"

#include <sys/eventfd.h>
#include <systemd/sd-event.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>
#include <exception>
#include <utility>

namespace fsrvp {

struct EventSource::Impl {
    sd_event_source* source = nullptr;
    std::function<void(std::uint32_t)> fn;
    EventLoop* loop = nullptr;
    std::weak_ptr<Impl> self;

    static std::shared_ptr<Impl> make(EventLoop& loop, std::function<void(std::uint32_t)> fn) {
        auto impl = std::make_shared<Impl>();
        impl->fn = std::move(fn);
        impl->loop = &loop;
        impl->self = impl;
        return impl;
    }

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() { end(); }

    void end() noexcept { source = sd_event_source_disable_unref(source); }

    /// Calls fn; keeps this alive meanwhile, since fn may destroy its own source.
    int fire(std::uint32_t value) const {
        const std::shared_ptr<Impl> alive = self.lock();
        if (!alive || alive->source == nullptr) {
            return 0;
        }
        try {
            fn(value);
        } catch (...) {
            loop->fail(std::current_exception());
        }
        return 0;
    }
};

namespace {

void check(int result, const char* what) {
    if (result < 0) {
        throw Error(Errc::Failed, std::string("cannot ") + what + ": " + std::strerror(-result));
    }
}

void block(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    check(-pthread_sigmask(SIG_BLOCK, &set, nullptr), "block a signal");
}

std::uint64_t nowOf(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000U;
}

} // namespace

EventSource::EventSource() noexcept = default;

EventSource::EventSource(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {
}

EventSource::EventSource(EventSource&&) noexcept = default;

EventSource& EventSource::operator=(EventSource&& other) noexcept {
    if (this != &other) {
        reset();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

EventSource::~EventSource() {
    reset();
}

void EventSource::reset() noexcept {
    if (impl_) {
        impl_->end();
        impl_.reset();
    }
}

EventLoop::EventLoop() : wakeUp_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    check(sd_event_new(&event_), "make an event loop");
    wakeUpSource_ = watch(wakeUp_.get(), EPOLLIN, [this](std::uint32_t) { runPosted(); });
}

EventLoop::~EventLoop() {
    wakeUpSource_.reset();
    posted_.clear();
    sd_event_unref(event_);
}

void EventLoop::run() {
    check(sd_event_loop(event_), "run the event loop");
    if (failure_) {
        std::rethrow_exception(std::exchange(failure_, nullptr));
    }
}

bool EventLoop::runUntil(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    const auto end = nowOf(CLOCK_MONOTONIC) + static_cast<std::uint64_t>(limit.count()) * 1000U;
    while (!done()) {
        const std::uint64_t now = nowOf(CLOCK_MONOTONIC);
        if (now >= end) {
            return false;
        }
        check(sd_event_run(event_, end - now), "run the event loop");
        if (failure_) {
            std::rethrow_exception(std::exchange(failure_, nullptr));
        }
    }
    return true;
}

void EventLoop::stop() {
    sd_event_exit(event_, 0);
}

void EventLoop::fail(std::exception_ptr failure) {
    failure_ = std::move(failure);
    sd_event_exit(event_, 1);
}

void EventLoop::post(std::function<void()> fn) {
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(fn));
    }
    eventfd_write(wakeUp_.get(), 1);
}

void EventLoop::runPosted() {
    eventfd_t count = 0;
    eventfd_read(wakeUp_.get(), &count);
    std::vector<std::function<void()>> batch;
    {
        const std::lock_guard lock(mutex_);
        batch.swap(posted_);
    }
    for (auto& fn : batch) {
        fn();
    }
}

EventSource EventLoop::watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> fn) {
    const auto impl = EventSource::Impl::make(*this, std::move(fn));
    const auto handler = [](sd_event_source*, int, std::uint32_t revents, void* data) {
        return static_cast<EventSource::Impl*>(data)->fire(revents);
    };
    check(sd_event_add_io(event_, &impl->source, fd, events, handler, impl.get()),
          "watch a descriptor");
    return EventSource(impl);
}

EventSource EventLoop::after(std::chrono::microseconds delay, std::function<void()> fn) {
    const auto impl = EventSource::Impl::make(*this, [fn = std::move(fn)](std::uint32_t) { fn(); });
    const auto wait = static_cast<std::uint64_t>(std::max<std::int64_t>(0, delay.count()));
    const auto handler = [](sd_event_source*, std::uint64_t, void* data) {
        return static_cast<EventSource::Impl*>(data)->fire(0);
    };
    check(sd_event_add_time(event_,
                            &impl->source,
                            CLOCK_BOOTTIME,
                            nowOf(CLOCK_BOOTTIME) + wait,
                            1000,
                            handler,
                            impl.get()),
          "set a timer");
    return EventSource(impl);
}

EventSource EventLoop::onSignal(int signal, std::function<void()> fn) {
    block(signal);
    const auto impl = EventSource::Impl::make(*this, [fn = std::move(fn)](std::uint32_t) { fn(); });
    const auto handler = [](sd_event_source*, const signalfd_siginfo*, void* data) {
        return static_cast<EventSource::Impl*>(data)->fire(0);
    };
    check(sd_event_add_signal(event_, &impl->source, signal, handler, impl.get()),
          "watch a signal");
    return EventSource(impl);
}

EventSource EventLoop::onChildExit(int pid, std::function<void(int)> fn) {
    const auto impl = EventSource::Impl::make(
        *this, [fn = std::move(fn)](std::uint32_t status) { fn(static_cast<int>(status)); });
    const auto handler = [](sd_event_source*, const siginfo_t* end, void* data) {
        const int status = end->si_code == CLD_EXITED ? end->si_status : 128 + end->si_status;
        return static_cast<EventSource::Impl*>(data)->fire(static_cast<std::uint32_t>(status));
    };
    // sd-event waits for children through SIGCHLD, which must be blocked for that.
    block(SIGCHLD);
    check(sd_event_add_child(event_, &impl->source, pid, WEXITED, handler, impl.get()),
          "watch a child process");
    return EventSource(impl);
}

} // namespace fsrvp
