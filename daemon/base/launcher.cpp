// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/launcher.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/spawn.hpp"

#include <fcntl.h>
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

constexpr const char* kDirectory = "helper-"; // and six letters

Error systemError(const std::string& what, int code) {
    return Error(Errc::Failed, what + ": " + std::strerror(code));
}

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
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(runtime_, ignored)) {
        // Of this program's helpers none is there yet, those of a killed one have ended with it.
        if (entry.path().filename().string().starts_with(kDirectory)) {
            std::filesystem::remove_all(entry.path(), ignored);
        }
    }
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
    std::string directory = (runtime_ / (std::string(kDirectory) + "XXXXXX")).string();
    if (::mkdtemp(directory.data()) == nullptr) {
        throw systemError("cannot make a directory for " + program_.filename().string() + " in " +
                              runtime_.string(),
                          errno);
    }
    Spawn helper;
    helper.arguments = {program_.string()};
    helper.environment = {
        "RUNTIME_DIRECTORY=" + directory, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
    // Where Kerberos is configured is all that a helper has to know of ours.
    if (const char* const krb5Conf = std::getenv("KRB5_CONFIG")) {
        helper.environment.push_back(std::string("KRB5_CONFIG=") + krb5Conf);
    }
    helper.socket = theirs.get();
    pid_t pid = -1;
    try {
        pid = spawn(helper);
    } catch (const Error&) {
        std::filesystem::remove(directory);
        throw;
    }
    Child& child = children_[pid];
    child.directory = directory;
    child.exit = loop_.onChildExit(pid, [this, pid](int) {
        std::error_code ignored;
        std::filesystem::remove_all(children_.at(pid).directory, ignored);
        children_.erase(pid);
    });
    return ours;
}

} // namespace fsrvp
