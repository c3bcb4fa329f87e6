// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/interruption.hpp"

#include "daemon/base/error.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace fsrvp::ctl {
namespace {

sigset_t signalsToCatch() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM}) {
        struct sigaction now {};

        sigaction(signal, nullptr, &now);
        // A blocked signal is queued even when it is ignored, so it must not be blocked.
        if (now.sa_handler != SIG_IGN) {
            sigaddset(&set, signal);
        }
    }
    return set;
}

UniqueFd checked(int fd) {
    if (fd < 0) {
        throw Error(Errc::Failed, std::string("cannot watch for signals: ") + std::strerror(errno));
    }
    return UniqueFd(fd);
}

} // namespace

Interruption::Interruption(std::function<void()> onSecond)
    : onSecond_(std::move(onSecond)), first_(checked(eventfd(0, EFD_CLOEXEC))),
      stop_(checked(eventfd(0, EFD_CLOEXEC))) {
    const sigset_t caught = signalsToCatch();
    signals_ = checked(signalfd(-1, &caught, SFD_CLOEXEC));
    pthread_sigmask(SIG_BLOCK, &caught, &before_);
    thread_ = std::thread([this] { run(); });
}

Interruption::~Interruption() {
    eventfd_write(stop_.get(), 1);
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interruption::run() const {
    int count = 0;
    std::array<pollfd, 2> fds{pollfd{stop_.get(), POLLIN, 0}, pollfd{signals_.get(), POLLIN, 0}};
    while (::poll(fds.data(), fds.size(), -1) > 0 && fds[0].revents == 0) {
        signalfd_siginfo signal{};
        if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) {
            return;
        }
        if (++count == 1) {
            eventfd_write(first_.get(), 1);
        } else {
            onSecond_();
        }
    }
}

} // namespace fsrvp::ctl
