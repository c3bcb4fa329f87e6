// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace fsrvp::test {

namespace {

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

UniqueFd checked(int fd, const char* what) {
    if (fd < 0) {
        fail(errno, what);
    }
    return UniqueFd(fd);
}

struct Pipe {
    UniqueFd readEnd;
    UniqueFd writeEnd;
};

Pipe makePipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        fail(errno, "cannot make a pipe");
    }
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// A file in memory, unlike a pipe, never blocks its writer, and can be read while it grows.
UniqueFd makeCapture() {
    return checked(::memfd_create("captured", MFD_CLOEXEC), "cannot make a file in memory");
}

std::string contents(const UniqueFd& file) {
    std::string text;
    char chunk[65536];
    ssize_t size = 0;
    // The offset belongs to the writer too, so it must stay where it is.
    while ((size = ::pread(file.get(), chunk, sizeof chunk, static_cast<off_t>(text.size()))) > 0) {
        text.append(chunk, static_cast<std::size_t>(size));
    }
    return text;
}

Environment environmentWith(const Environment& additions) {
    Environment all = additions;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != text.npos) {
            all.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return all;
}

std::vector<char*> pointersTo(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (auto& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// In the child of fork, so only calls that are safe in a signal handler.
[[noreturn]] void become(char* const* argv,
                         char* const* environment,
                         const int (&standard)[3],
                         pid_t parent,
                         int failure) {
    // A test may have blocked or ignored signals for its own event loop.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) {
        ::signal(signal, SIG_DFL);
    }
    // The parent may have ended before it was asked to take us along.
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && ::getppid() == parent &&
        ::dup2(standard[0], 0) == 0 && ::dup2(standard[1], 1) == 1 && ::dup2(standard[2], 2) == 2) {
        ::execvpe(argv[0], argv, environment);
    }
    const int error = errno;
    [[maybe_unused]] const auto written = ::write(failure, &error, sizeof error);
    ::_exit(127);
}

} // namespace

Process::Process(const Argv& argv, const Environment& additions, Stdin input)
    : out_(makeCapture()), err_(makeCapture()) {
    // Everything that allocates comes before fork.
    Argv words = argv;
    std::vector<std::string> variables;
    for (const auto& [name, value] : environmentWith(additions)) {
        variables.push_back(name + "=" + value);
    }
    const auto arguments = pointersTo(words);
    const auto environment = pointersTo(variables);

    UniqueFd childInput;
    if (input == Stdin::Pipe) {
        auto [readEnd, writeEnd] = makePipe();
        childInput = std::move(readEnd);
        stdin_ = std::move(writeEnd);
    } else {
        childInput = checked(::open("/dev/null", O_RDONLY | O_CLOEXEC), "cannot open /dev/null");
    }
    const int standard[3] = {childInput.get(), out_.get(), err_.get()};
    Pipe failure = makePipe();

    const pid_t self = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) {
        fail(errno, "cannot fork");
    }
    if (pid_ == 0) {
        become(arguments.data(), environment.data(), standard, self, failure.writeEnd.get());
    }
    failure.writeEnd.reset();
    int error = 0;
    if (::read(failure.readEnd.get(), &error, sizeof error) != 0) {
        ::waitpid(pid_, nullptr, 0);
        fail(error, "cannot start " + argv[0]);
    }
    pidFd_ = checked(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), "cannot open a pidfd");
}

Process::~Process() {
    kill(SIGKILL);
    wait(std::chrono::hours(1));
}

std::optional<int> Process::wait(std::chrono::milliseconds deadline) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + deadline;
    while (!exitCode_) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        pollfd ended{pidFd_.get(), POLLIN, 0};
        const int ready = ::poll(&ended, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready == 0) {
            return std::nullopt;
        }
        int status = 0;
        if (ready < 0 || ::waitpid(pid_, &status, 0) != pid_) {
            fail(errno, "cannot wait for a child process");
        }
        exitCode_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return exitCode_;
}

void Process::kill(int signal) {
    if (!exitCode_) {
        ::kill(pid_, signal);
    }
}

void Process::writeStdin(std::string_view text) {
    // A child that ends early is an error of write, not the end of the test program.
    ::signal(SIGPIPE, SIG_IGN);
    while (!text.empty()) {
        const auto size = ::write(stdin_.get(), text.data(), text.size());
        if (size < 0 && errno != EINTR) {
            fail(errno, "cannot write to the child's stdin");
        }
        text.remove_prefix(size > 0 ? static_cast<std::size_t>(size) : 0);
    }
}

std::string Process::out() const {
    return contents(out_);
}

std::string Process::err() const {
    return contents(err_);
}

RunResult run(const Argv& argv, const Environment& additions, std::chrono::milliseconds deadline) {
    Process process(argv, additions);
    const auto exitCode = process.wait(deadline);
    if (!exitCode) {
        throw std::runtime_error(argv[0] + " did not end within " +
                                 std::to_string(deadline.count()) +
                                 " ms; it said: " + process.out() + process.err());
    }
    return {*exitCode, process.out(), process.err()};
}

} // namespace fsrvp::test
