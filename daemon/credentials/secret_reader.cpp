// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/secret_reader.hpp"

#include "daemon/base/error.hpp"
#include "daemon/credentials/on_thread.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace fsrvp {
namespace {

using Clock = std::chrono::steady_clock;

Error tooLate() {
    return Error(Errc::TimedOut, "cannot read the secret: its end did not come in time")
        .withHint("close the writing end of the descriptor that was passed");
}

/// Waits until a read would not block, or there is an error.
void awaitInput(int fd, Clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd input{fd, POLLIN, 0};
    if (left <= 0 || ::poll(&input, 1, static_cast<int>(left)) == 0) {
        throw tooLate();
    }
}

/// Fills `text` and gives how much of it.
std::size_t fill(int fd, std::string& text, Clock::time_point end) {
    std::size_t have = 0;
    while (have < text.size()) {
        awaitInput(fd, end);
        const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
        if (got < 0 && errno != EINTR && errno != EAGAIN) {
            throw Error(Errc::InvalidArgument,
                        std::string("cannot read the secret from the descriptor: ") +
                            std::strerror(errno));
        }
        if (got == 0) {
            break;
        }
        have += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return have;
}

Secret readAll(int fd, std::size_t limit, Clock::time_point end) {
    if ((::fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
        throw Error(Errc::InvalidArgument, "the descriptor of the secret cannot be read")
            .withHint("pass the reading end of the pipe");
    }
    // One allocation, so that no copies are left; one byte more, to see what is too long.
    std::string text(limit + 1, '\0');
    try {
        const std::size_t size = fill(fd, text, end);
        if (size > limit) {
            throw Error(Errc::InvalidArgument,
                        "the secret is longer than " + std::to_string(limit) + " bytes");
        }
        text.resize(size);
    } catch (const Error&) {
        wipe(text);
        throw;
    }
    return Secret(std::move(text));
}

} // namespace

Task<Secret> readSecret(EventLoop& loop,
                        UniqueFd source,
                        std::size_t limit,
                        std::chrono::milliseconds time,
                        Cancellation& cancellation) {
    // Shared with the thread, which may have to be left behind in a read.
    const auto fd = std::make_shared<UniqueFd>(std::move(source));
    const Clock::time_point end = Clock::now() + time;
    std::function<Secret()> work = [fd, limit, end] { return readAll(fd->get(), limit, end); };
    // It ends by itself but where a file system does not answer.
    Secret secret = co_await onThread<Secret>(
        loop, std::move(work), "read the secret", time + std::chrono::seconds(1), cancellation);
    co_return secret;
}

} // namespace fsrvp
