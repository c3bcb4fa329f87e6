// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/spawn.hpp"

#include "daemon/base/error.hpp"

#include <fcntl.h>
#include <spawn.h>

#include <csignal>
#include <cstring>

namespace fsrvp {
namespace {

constexpr int kSocket = 3;

/// posix_spawn's two attribute objects.
class Plan {
  public:
    explicit Plan(const Spawn& child) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions_, child.errors, 2);
        posix_spawn_file_actions_adddup2(&actions_, 2, 1);
        int firstClosed = kSocket;
        if (child.socket >= 0) {
            posix_spawn_file_actions_adddup2(&actions_, child.socket, kSocket);
            ++firstClosed;
        }
        posix_spawn_file_actions_addclosefrom_np(&actions_, firstClosed);
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes_, &none);
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }

    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    ~Plan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    int run(pid_t& pid, char* const* arguments, char* const* environment) {
        return posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments, environment);
    }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) {
        all.push_back(text.data());
    }
    all.push_back(nullptr);
    return all;
}

} // namespace

pid_t spawn(const Spawn& child) {
    std::vector<std::string> arguments = child.arguments;
    std::vector<std::string> environment = child.environment;
    pid_t pid = -1;
    const int result =
        Plan(child).run(pid, pointers(arguments).data(), pointers(environment).data());
    if (result != 0) {
        throw Error(Errc::Failed,
                    "cannot start " + child.arguments.front() + ": " + std::strerror(result));
    }
    return pid;
}

} // namespace fsrvp
