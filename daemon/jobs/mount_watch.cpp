// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/mount_watch.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/jobs/mount_status.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fsrvp::jobs {
namespace {

void logFailure(const Error& error) {
    log::error(std::string("cannot look for mounts: ") + error.what());
}

} // namespace

MountWatch::MountWatch(Services services)
    : services_(std::move(services)),
      file_(::open(services_.mounter.mountInfo().c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!file_) {
        throw Error(Errc::Failed,
                    "cannot open " + services_.mounter.mountInfo() + ": " + std::strerror(errno));
    }
    changed_ = services_.loop.watch(file_.get(), EPOLLPRI, [this](std::uint32_t) { lookSoon(); });
    try {
        absent_ = findAbsent(); // recovery's, and no news
    } catch (const Error& error) {
        logFailure(error);
    }
}

void MountWatch::lookSoon() {
    // Many changes come together, and ours are recorded a moment after.
    constexpr std::chrono::milliseconds kPause{500};
    if (!timer_) {
        timer_ = services_.loop.after(kPause, [this] {
            timer_.reset();
            look();
        });
    }
}

void MountWatch::look() {
    try {
        const std::set<std::int64_t> before = std::exchange(absent_, findAbsent());
        for (const MountRecord& mount : services_.store.listMounts()) {
            if (absent_.contains(mount.id) && !before.contains(mount.id)) {
                const std::string id = std::to_string(mount.copy);
                std::string text = "snapshot " + id;
                text += " is no longer mounted at " + mount.path;
                text += ", though fsrvpd did not unmount it; mount it again with: fsrvpctl mount ";
                log::warning(text += id);
            }
        }
    } catch (const Error& error) {
        logFailure(error);
    }
}

std::set<std::int64_t> MountWatch::findAbsent() {
    std::set<std::int64_t> absent;
    const mount::MountTable table = services_.mounter.table();
    for (const MountRecord& mount : services_.store.listMounts()) {
        if (services_.snapshots.isBusy(mount.copy)) { // a job is at it
            if (absent_.contains(mount.id)) {
                absent.insert(mount.id);
            }
            lookSoon();
        } else if (!isMounted(mount, table)) {
            absent.insert(mount.id);
        }
    }
    return absent;
}

} // namespace fsrvp::jobs
