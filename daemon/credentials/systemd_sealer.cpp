// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/systemd_sealer.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace fsrvp {
namespace {

using Clock = std::chrono::steady_clock;

// A keytab of 20 KiB takes 28 as text.
constexpr std::size_t kMostAnswer = 128UL * 1024;

/// One run of systemd-creds.
struct Run {
    EventLoop& loop;
    const char* verb; ///< "encrypt"
    const char* unit; ///< "fsrvp-seal"
    const char* advice;
    std::filesystem::path socket;
    Clock::time_point end;

    std::string journalHint() const {
        return std::string("see the journal for why: journalctl -u '") + unit + "@*'" + advice;
    }
};

Error failed(const Run& run, const std::string& how) {
    return Error(Errc::Failed, std::string("systemd-creds cannot ") + run.verb + " it: " + how)
        .withHint(run.journalHint());
}

UniqueFd connectTo(const Run& run) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = run.socket.string();
    if (!fd || path.size() >= sizeof address.sun_path) {
        throw Error(Errc::Failed, "cannot make a socket for " + path);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const std::string unit = std::string(run.unit) + ".socket";
        throw Error(Errc::Failed,
                    "cannot reach the socket of " + unit + ", " + path + ": " +
                        std::strerror(errno))
            .withHint("start it: systemctl start " + unit);
    }
    return fd;
}

/// Until one of these events, or an error, is there.
Task<void> waitFor(const Run& run, int fd, std::uint32_t events, Cancellation& cancellation) {
    const OneShot<bool> ready(run.loop);
    const EventSource source =
        run.loop.watch(fd, events, [ready](std::uint32_t) { ready.set(true); });
    const auto left = std::chrono::ceil<std::chrono::microseconds>(run.end - Clock::now());
    const Error late =
        Error(Errc::TimedOut, std::string("systemd-creds did not ") + run.verb + " it in time")
            .withHint(run.journalHint());
    const EventSource deadline =
        run.loop.after(std::max(left, std::chrono::microseconds(0)),
                       [ready, late] { ready.fail(std::make_exception_ptr(late)); });
    co_await awaitOr(ready, cancellation);
}

bool shallWait() {
    return errno == EAGAIN || errno == EINTR;
}

Task<void> sendAll(const Run& run, int fd, std::string_view text, Cancellation& cancellation) {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            text.remove_prefix(static_cast<std::size_t>(sent));
        } else if (shallWait()) {
            co_await waitFor(run, fd, EPOLLOUT, cancellation);
        } else {
            co_return; // it has ended already; that it gave no answer says more
        }
    }
    ::shutdown(fd, SHUT_WR);
}

/// A buffer that never moves, so that no copy of what is in it is left behind.
struct Buffer {
    Buffer() : text(kMostAnswer + 1, '\0') {}

    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    ~Buffer() { wipe(text); }

    std::string text;
    std::size_t size = 0;
};

Task<Secret> receiveAll(const Run& run, int fd, Cancellation& cancellation) {
    Buffer answer;
    for (;;) {
        if (answer.size > kMostAnswer) {
            throw failed(run, "its answer is too long");
        }
        const ssize_t got =
            ::recv(fd, answer.text.data() + answer.size, answer.text.size() - answer.size, 0);
        if (got > 0) {
            answer.size += static_cast<std::size_t>(got);
        } else if (got < 0 && shallWait()) {
            co_await waitFor(run, fd, EPOLLIN, cancellation);
        } else if (got < 0 && errno != ECONNRESET) {
            throw failed(run, std::strerror(errno));
        } else {
            break;
        }
    }
    if (answer.size == 0) {
        throw failed(run, "it has ended without an answer");
    }
    co_return Secret(answer.text.substr(0, answer.size));
}

/// @param text  borrowed
Task<Secret> exchange(const Run& run, const std::string& text, Cancellation& cancellation) {
    cancellation.throwIfRequested();
    const UniqueFd fd = connectTo(run);
    co_await sendAll(run, fd.get(), text, cancellation);
    Secret answer = co_await receiveAll(run, fd.get(), cancellation);
    co_return answer;
}

} // namespace

SystemdSealer::SystemdSealer(EventLoop& loop,
                             std::filesystem::path runtime,
                             Host host,
                             std::chrono::milliseconds limit)
    : loop_(loop), runtime_(std::move(runtime)), host_(std::move(host)), limit_(limit) {
}

Task<std::optional<std::string>> SystemdSealer::seal(Secret plain, Cancellation& cancellation) {
    if (::access(host_.program.c_str(), X_OK) != 0) {
        co_return std::nullopt;
    }
    const Run run{
        loop_, "encrypt", "fsrvp-seal", "", runtime_ / "seal.socket", Clock::now() + limit_};
    std::optional<std::string> sealed;
    try {
        const Secret answer = co_await exchange(run, plain.reveal(), cancellation);
        sealed = answer.reveal();
    } catch (const Error& error) {
        // With a key it should have worked. Without one nothing else will.
        if (error.code() != Errc::Failed || ::access(host_.key.c_str(), F_OK) == 0) {
            throw;
        }
    }
    co_return sealed;
}

Task<Secret> SystemdSealer::open(std::string sealed, Cancellation& cancellation) {
    const Run run{loop_,
                  "decrypt",
                  "fsrvp-open",
                  "; what another host's key encrypted must be set anew",
                  runtime_ / "open.socket",
                  Clock::now() + limit_};
    Secret plain = co_await exchange(run, sealed, cancellation);
    co_return plain;
}

Task<std::optional<std::string>> PlainSealer::seal(Secret, Cancellation&) {
    co_return std::nullopt;
}

Task<Secret> PlainSealer::open(std::string, Cancellation&) {
    throw Error(Errc::Failed,
                "it is encrypted by systemd-creds, which fsrvpd runs only with --systemd");
    co_return Secret();
}

} // namespace fsrvp
