// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/task.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <optional>

namespace fsrvp {

/// Tells everything that waits on behalf of one job to give up, with the reason as an Error
/// (Cancelled, TimedOut). The first reason stays.
class Cancellation {
  public:
    Cancellation() = default;
    Cancellation(const Cancellation&) = delete;
    Cancellation& operator=(const Cancellation&) = delete;

    void request(const Error& reason);

    bool isRequested() const noexcept { return reason_.has_value(); }

    const std::optional<Error>& reason() const noexcept { return reason_; }

    void throwIfRequested() const;

    /// While it lives, fn is called once when the cancellation is requested.
    class Registration {
      public:
        Registration(Cancellation& owner, std::function<void(const Error&)> fn);
        Registration(const Registration&) = delete;
        Registration& operator=(const Registration&) = delete;
        ~Registration();

      private:
        using Callbacks = std::list<std::function<void(const Error&)>>;
        Cancellation& owner_;
        Callbacks::iterator place_;
    };

  private:
    std::optional<Error> reason_;
    std::list<std::function<void(const Error&)>> callbacks_;
};

/// Waits for the value; @throws the reason when the cancellation is requested first.
template <class T> Task<T> awaitOr(OneShot<T> value, Cancellation& cancellation) {
    cancellation.throwIfRequested();
    const Cancellation::Registration registration(cancellation, [value](const Error& reason) {
        value.fail(std::make_exception_ptr(reason));
    });
    co_return co_await value;
}

/// Waits that long on CLOCK_BOOTTIME; @throws the reason of a cancellation.
Task<void> sleepFor(EventLoop& loop, std::chrono::microseconds time, Cancellation& cancellation);

} // namespace fsrvp
