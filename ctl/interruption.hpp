// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"

#include <csignal>
#include <functional>
#include <thread>

namespace fsrvp::ctl {

/// While it lives, SIGINT and SIGTERM do not end the process: the first makes fd() readable, the
/// second calls onSecond, which should leave. A thread of its own waits for them, so that the
/// second works also while the caller is inside a call to the daemon. Signals that were ignored at
/// the start (nohup) stay so.
class Interruption {
  public:
    explicit Interruption(std::function<void()> onSecond);
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption();

    int fd() const noexcept { return first_.get(); }

  private:
    void run() const;

    std::function<void()> onSecond_;
    sigset_t before_{};
    UniqueFd signals_;
    UniqueFd first_;
    UniqueFd stop_;
    std::thread thread_;
};

} // namespace fsrvp::ctl
