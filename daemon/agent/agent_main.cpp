// SPDX-License-Identifier: GPL-3.0-or-later

// fsrvp-agent: speaks to one server for fsrvpd. It finds its socket as descriptor 3, from
// systemd's Accept=yes or from fsrvpd itself, and may write below RUNTIME_DIRECTORY only.

#include "daemon/agent/session.hpp"
#include "daemon/agent/watchdog.hpp"
#include "daemon/base/log.hpp"
#include "daemon/smb/samba_backend.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

using namespace fsrvp;

constexpr int kSocket = 3;
constexpr const char* kUser = "fsrvpd";

/// Root's rights are of no use here. Where the user does not exist (a developer's machine), the
/// agent runs as its caller.
void dropPrivileges(const char* runtimeDirectory) {
    if (geteuid() != 0) {
        return;
    }
    const passwd* user = getpwnam(kUser);
    if (user == nullptr) {
        return;
    }
    const uid_t uid = user->pw_uid;
    const gid_t gid = user->pw_gid;
    if (chown(runtimeDirectory, uid, gid) != 0 || setgroups(0, nullptr) != 0 ||
        setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        throw Error(Errc::Failed, std::string("cannot become user ") + kUser);
    }
}

/// Its memory holds passwords and keys: no core file, and nobody but root may look.
void hideMemory() {
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) {
        throw Error(Errc::Failed, "cannot keep the agent's memory out of core files");
    }
}

int run() {
    const char* directory = std::getenv("RUNTIME_DIRECTORY");
    if (directory == nullptr || *directory != '/') {
        throw Error(Errc::Configuration, "RUNTIME_DIRECTORY names no directory");
    }
    const std::filesystem::path scratch = directory;
    dropPrivileges(directory);
    hideMemory();
    smb::SambaBackend backend(scratch);
    agent::Watchdog watchdog(kSocket);
    agent::serve(kSocket, backend, [&watchdog](std::chrono::milliseconds timeout) {
        watchdog.onRequest(timeout);
    });
    return 0;
}

} // namespace

int main() {
    // libsmbclient blocks SIGPIPE in one thread only.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run();
    } catch (const std::exception& error) {
        log::error(std::string("fsrvp-agent: ") + error.what());
        return 1;
    }
}
