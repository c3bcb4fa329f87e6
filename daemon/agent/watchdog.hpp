// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <mutex>
#include <thread>

namespace fsrvp::agent {

/// A second thread, which never calls Samba's libraries and so can't be held up by a server: it
/// ends the process when the other end of the socket hangs up or a request's time is over. Closing
/// the socket is how the daemon cancels a call.
class Watchdog {
  public:
    explicit Watchdog(int socket);
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
    ~Watchdog();

    /// A request with that much time begins; 0: it has ended.
    void onRequest(std::chrono::milliseconds timeout);

  private:
    void run();
    int millisecondsLeft();

    int socket_;
    int wakeUp_;
    std::mutex mutex_;
    std::chrono::steady_clock::time_point deadline_; // guarded by mutex_; max: none
    bool stopping_ = false;                          // guarded by mutex_
    std::thread thread_;
};

} // namespace fsrvp::agent
