// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/secret_input.hpp"

#include "ctl/interruption.hpp"
#include "daemon/base/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace fsrvp::ctl {
namespace {

constexpr std::size_t kLongestLine = 4096; // of a terminal, with its end

/// The terminal that stdin is, without echo while this lives.
class NoEcho {
  public:
    NoEcho() {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) {
            throw Error(Errc::Failed,
                        std::string("cannot use the terminal: ") + std::strerror(errno));
        }
        termios now = before_;
        now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        now.c_lflag |= ICANON | ISIG | ECHONL;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
    }

    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;

    ~NoEcho() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

  private:
    termios before_{};
};

Error cancelled() {
    return Error(Errc::Cancelled, "no password was given");
}

Secret readLine(int interrupted) {
    std::array<pollfd, 2> fds{pollfd{interrupted, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    while (::poll(fds.data(), fds.size(), -1) < 0) {
        if (errno != EINTR) {
            throw Error(Errc::Failed, std::string("cannot wait: ") + std::strerror(errno));
        }
    }
    if (fds[0].revents != 0) {
        throw cancelled();
    }
    std::string line(kLongestLine, '\0');
    const ssize_t got = ::read(STDIN_FILENO, line.data(), line.size());
    if (got <= 0) {
        throw cancelled();
    }
    line.resize(static_cast<std::size_t>(got));
    if (line.ends_with('\n')) {
        line.pop_back();
    }
    return Secret(std::move(line));
}

Secret ask(const std::string& prompt, int interrupted) {
    std::fputs((prompt + ": ").c_str(), stderr);
    std::fflush(stderr);
    return readLine(interrupted);
}

} // namespace

Secret readToEnd(int fd, std::size_t limit, const std::string& what) {
    // One allocation, so that no copies are left; one byte more, to see what is too long.
    std::string text(limit + 1, '\0');
    std::size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = ::read(fd, text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int code = errno;
            wipe(text);
            throw Error(Errc::InvalidArgument, "cannot read " + what + ": " + std::strerror(code));
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    if (have > limit) {
        wipe(text);
        throw Error(Errc::InvalidArgument,
                    what + " has more than " + std::to_string(limit) + " bytes");
    }
    text.resize(have);
    return Secret(std::move(text));
}

Secret readSecretFile(const std::string& path, std::size_t limit) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) {
        const Errc code = errno == ENOENT || errno == ENOTDIR ? Errc::NotFound
                          : errno == EACCES                   ? Errc::AccessDenied
                                                              : Errc::InvalidArgument;
        throw Error(code, "cannot read '" + path + "': " + std::strerror(errno));
    }
    return readToEnd(fd.get(), limit, "'" + path + "'");
}

Secret askPassword(const std::string& prompt) {
    // The terminal gets its echo back also after ^C.
    const Interruption interruption([] { ::_exit(128 + SIGINT); });
    const NoEcho noEcho;
    Secret first = ask(prompt, interruption.fd());
    if (!(ask(prompt + ", again", interruption.fd()) == first)) {
        throw Error(Errc::InvalidArgument, "the two passwords differ")
            .withHint("type the same password twice");
    }
    return first;
}

UniqueFd pipeWith(const Secret& secret) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Error(Errc::Failed, std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    UniqueFd reader(ends[0]);
    const UniqueFd writer(ends[1]);
    const std::string& text = secret.reveal();
    ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);
    if (::write(writer.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw Error(Errc::Failed, "a pipe does not hold the secret");
    }
    return reader;
}

} // namespace fsrvp::ctl
