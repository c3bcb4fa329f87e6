// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/exec_mounter.hpp"

#include "daemon/base/spawn.hpp"
#include "daemon/mount/helper_words.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace fsrvp::mount {
namespace {

constexpr int kNotFound = 127; // as a shell says it
constexpr std::size_t kMostWords = std::size_t{16} * 1024;
constexpr int kReapMilliseconds = 50;

/// One mount(8) or umount(8) with all that it starts.
struct Child {
    explicit Child(EventLoop& loop) : ended(loop), gone(loop) {}

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() = default;

    pid_t pid = -1;
    UniqueFd pipe;
    EventSource exit;
    EventSource readable;
    std::string words;
    std::optional<int> status;
    OneShot<int> ended; ///< its exit status
    OneShot<bool> gone; ///< nobody has its stderr any more: what it started has ended, too

    void read() {
        std::array<char, 4096> part{};
        ssize_t length = 0;
        while ((length = ::read(pipe.get(), part.data(), part.size())) > 0) {
            // What is too long is read all the same, so that the child can go on.
            const std::size_t room = kMostWords - words.size();
            words.append(part.data(), std::min(room, static_cast<std::size_t>(length)));
        }
        if (length == 0) {
            readable.reset();
            gone.set(true);
        }
    }

    void kill() const {
        if (!status) {
            ::kill(-pid, SIGKILL);
        }
    }
};

std::string ownPath() {
    const char* path = std::getenv("PATH");
    return std::string("PATH=") + (path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
}

/// Kills the child when the coroutine that waits for it ends early.
class KillAtEnd {
  public:
    explicit KillAtEnd(std::shared_ptr<Child> child) : child_(std::move(child)) {}

    KillAtEnd(const KillAtEnd&) = delete;
    KillAtEnd& operator=(const KillAtEnd&) = delete;

    ~KillAtEnd() { child_->kill(); }

  private:
    std::shared_ptr<Child> child_;
};

} // namespace

/// Those that have not been reaped, also when nobody waits for them any more.
class ExecMounter::Children {
  public:
    Children() = default;
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;

    ~Children() {
        for (auto& [pid, child] : all_) {
            child->exit.reset();
            child->kill();
            // One that the kernel does not let go of would hold us up, too.
            const UniqueFd end(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
            pollfd ended{end.get(), POLLIN, 0};
            ::poll(&ended, 1, kReapMilliseconds);
            ::waitpid(pid, nullptr, WNOHANG);
        }
    }

    /// @throws Error(Failed)
    std::shared_ptr<Child> start(EventLoop& loop, std::vector<std::string> arguments) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw Error(Errc::Failed,
                        "cannot start " + arguments.front() + ": " + std::strerror(errno));
        }
        auto child = std::make_shared<Child>(loop);
        child->pipe.reset(ends[0]);
        const UniqueFd theirs(ends[1]);
        ::fcntl(child->pipe.get(), F_SETFL, O_NONBLOCK);
        Spawn plan;
        plan.arguments = std::move(arguments);
        // Their words are looked into, so they must be in English.
        plan.environment = {ownPath(), "LC_ALL=C"};
        plan.errors = theirs.get();
        child->pid = spawn(plan);
        all_[child->pid] = child;
        child->readable = loop.watch(
            child->pipe.get(), EPOLLIN, [raw = child.get()](std::uint32_t) { raw->read(); });
        child->exit = loop.onChildExit(child->pid, [this, pid = child->pid](int status) {
            const std::shared_ptr<Child> ended = all_.at(pid);
            all_.erase(pid);
            ended->status = status;
            ended->exit.reset();
            ended->read();
            ended->ended.set(status);
        });
        return child;
    }

  private:
    std::map<pid_t, std::shared_ptr<Child>> all_;
};

namespace {

/// What a child said, or why it was given up.
struct End {
    int status = kNotFound;
    std::optional<Error> givenUp;
};

Task<End> wait(std::shared_ptr<Child> child, Cancellation& cancellation) {
    const KillAtEnd killAtEnd(child);
    End end;
    try {
        end.status = co_await awaitOr(child->ended, cancellation);
    } catch (const Error& reason) {
        end.givenUp = reason;
    }
    co_return end;
}

/// Until the child and all that it started have ended, or the time is over.
Task<void>
waitUntilGone(EventLoop& loop, std::shared_ptr<Child> child, std::chrono::milliseconds limit) {
    const EventSource deadline = loop.after(limit, [child] { child->gone.set(false); });
    co_await child->gone;
}

bool isMounted(const Mounter& mounter, const std::string& where) {
    const MountTable table = mounter.table();
    return table.at(where) != nullptr;
}

} // namespace

ExecMounter::ExecMounter(EventLoop& loop, std::chrono::milliseconds limit)
    : loop_(loop), limit_(limit), children_(std::make_unique<Children>()) {
}

ExecMounter::~ExecMounter() = default;

Task<void> ExecMounter::mount(MountSpec spec, Cancellation& cancellation) {
    cancellation.throwIfRequested();
    // So what is mounted there after this is ours to take back.
    if (isMounted(*this, spec.where)) {
        throw Error(Errc::Busy,
                    "cannot mount " + spec.what + ": something is mounted at " + spec.where +
                        " already")
            .withHint("choose another directory, or unmount what is there first");
    }
    const std::shared_ptr<Child> child =
        children_->start(loop_, {"mount", "-t", "cifs", spec.what, spec.where, "-o", spec.options});
    const End end = co_await wait(child, cancellation);
    if (!end.givenUp) {
        if (end.status != 0) {
            throw mountFailure(child->words);
        }
        co_return;
    }
    // mount.cifs may be past the point where a signal stops it.
    co_await waitUntilGone(loop_, child, limit_);
    if (isMounted(*this, spec.where)) {
        // Lazily, for it must go: a program that walks over new mounts may be in it already.
        const std::shared_ptr<Child> undo = children_->start(loop_, {"umount", "-l", spec.where});
        Cancellation never;
        co_await wait(undo, never);
    }
    throw Error(*end.givenUp);
}

Task<void> ExecMounter::unmount(std::string where, Cancellation& cancellation) {
    cancellation.throwIfRequested();
    if (!isMounted(*this, where)) {
        co_return;
    }
    const std::shared_ptr<Child> child = children_->start(loop_, {"umount", where});
    const End end = co_await wait(child, cancellation);
    if (end.givenUp) {
        throw Error(*end.givenUp);
    }
    // Somebody else may have been quicker.
    if (end.status != 0 && isMounted(*this, where)) {
        throw unmountFailure(child->words);
    }
}

} // namespace fsrvp::mount
