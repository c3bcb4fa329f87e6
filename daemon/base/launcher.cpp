// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/launcher.hpp"

#include "daemon/base/error.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace fsrvp {
namespace {

constexpr int kHelperSocket = 3;

Error systemError(const std::string& what, int code) {
    return Error(Errc::Failed, what + ": " + std::strerror(code));
}

/// posix_spawn's two attribute objects, with what every helper gets: nothing of the daemon's but
/// stderr and its socket, default signals.
class SpawnPlan {
  public:
    explicit SpawnPlan(int socket) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, 2, 1);
        posix_spawn_file_actions_adddup2(&actions_, socket, kHelperSocket);
        posix_spawn_file_actions_addclosefrom_np(&actions_, kHelperSocket + 1);
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }

    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;

    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    int run(pid_t& pid, const std::string& program, std::string environment) {
        std::string name = program;
        std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        std::string language = "LC_ALL=C.UTF-8";
        const std::array<char*, 2> arguments{name.data(), nullptr};
        const std::array<char*, 4> variables{
            environment.data(), path.data(), language.data(), nullptr};
        return posix_spawn(
            &pid, program.c_str(), &actions_, &attributes_, arguments.data(), variables.data());
    }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

} // namespace

UniqueFd SocketLauncher::launch() {
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket_.string();
    if (!socket || path.size() >= sizeof address.sun_path) {
        throw Error(Errc::Failed, "cannot make a socket for " + path);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    // A local connect never waits here: it is taken, or refused when the backlog is full.
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw Error(Errc::Failed,
                    "cannot reach the socket of " + unit_ + ", " + path + ": " +
                        std::strerror(errno))
            .withHint("start it: systemctl start " + unit_);
    }
    return socket;
}

ForkLauncher::ForkLauncher(EventLoop& loop,
                           std::filesystem::path program,
                           std::filesystem::path runtime)
    : loop_(loop), program_(std::move(program)), runtime_(std::move(runtime)) {
}

ForkLauncher::~ForkLauncher() {
    // Their sockets are closed by now, so they are ending; their directories go with them.
    for (auto& [pid, child] : children_) {
        child.exit.reset();
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        std::error_code ignored;
        std::filesystem::remove_all(child.directory, ignored);
    }
}

std::filesystem::path helperProgram(const std::string& name) {
    const std::filesystem::path here =
        std::filesystem::read_symlink("/proc/self/exe").parent_path();
    const std::filesystem::path built = here / name;
    return std::filesystem::exists(built) ? built : here / "../libexec/fsrvpd" / name;
}

UniqueFd ForkLauncher::launch() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw systemError("cannot make a socket for " + program_.filename().string(), errno);
    }
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    std::string directory = (runtime_ / "helper-XXXXXX").string();
    if (::mkdtemp(directory.data()) == nullptr) {
        throw systemError("cannot make a directory for " + program_.filename().string() + " in " +
                              runtime_.string(),
                          errno);
    }
    pid_t pid = -1;
    const int result =
        SpawnPlan(theirs.get()).run(pid, program_.string(), "RUNTIME_DIRECTORY=" + directory);
    if (result != 0) {
        std::filesystem::remove(directory);
        throw systemError("cannot start " + program_.string(), result);
    }
    Child& child = children_[pid];
    child.directory = directory;
    child.exit = loop_.onChildExit(pid, [this, pid] {
        std::error_code ignored;
        std::filesystem::remove_all(children_.at(pid).directory, ignored);
        children_.erase(pid);
    });
    return ours;
}

} // namespace fsrvp
