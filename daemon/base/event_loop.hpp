// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

struct sd_event;

namespace fsrvp {

/// A source of events. While it lives its callback may run; destroying it (also from inside the
/// callback) ends that.
class EventSource {
  public:
    struct Impl;
    EventSource() noexcept;
    explicit EventSource(std::shared_ptr<Impl> impl) noexcept;
    EventSource(EventSource&&) noexcept;
    EventSource& operator=(EventSource&&) noexcept;
    ~EventSource();

    explicit operator bool() const noexcept { return impl_ != nullptr; }

    void reset() noexcept;

  private:
    std::shared_ptr<Impl> impl_;
};

/// sd-event. All members but post() belong to the thread that runs the loop. An exception that a
/// callback lets out ends run(), which throws it on.
class EventLoop {
  public:
    EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    /// Runs until stop().
    void run();
    /// Runs until done() is true; for tests. False when the time (CLOCK_MONOTONIC) ran out first.
    bool runUntil(const std::function<bool()>& done, std::chrono::milliseconds limit);
    void stop();
    /// Ends run(), which then throws this; for callbacks that C code calls.
    void fail(std::exception_ptr failure);

    /// Has fn called once on the loop's thread, after what runs now. From any thread.
    void post(std::function<void()> fn);

    /// Calls fn with epoll's bits whenever one of `events` holds on fd, which is borrowed.
    [[nodiscard]] EventSource
    watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> fn);
    /// Calls fn once, `delay` from now on CLOCK_BOOTTIME (suspend counts).
    [[nodiscard]] EventSource after(std::chrono::microseconds delay, std::function<void()> fn);
    /// Calls fn for each arrival of that signal, which is blocked for the calling thread.
    [[nodiscard]] EventSource onSignal(int signal, std::function<void()> fn);
    /// Calls fn when that child has ended, with its exit status as a shell gives it (128 + N after
    /// signal N); the child is reaped.
    [[nodiscard]] EventSource onChildExit(int pid, std::function<void(int)> fn);

    /// For what must be hooked into sd-event itself (the D-Bus connection).
    sd_event* native() noexcept { return event_; }

  private:
    void runPosted();

    sd_event* event_ = nullptr;
    UniqueFd wakeUp_;
    EventSource wakeUpSource_;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_; // guarded by mutex_
    std::exception_ptr failure_;
};

} // namespace fsrvp
