// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/mount/private_mounts.hpp"

#include "daemon/mount/mount_table.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace fsrvp::test {
namespace {

void check(int result, const std::string& what) {
    if (result != 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
}

bool enter() {
    const std::string user = std::to_string(::geteuid());
    const std::string group = std::to_string(::getegid());
    const bool isRoot = ::geteuid() == 0;
    if (::unshare(isRoot ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) {
        return false;
    }
    if (!isRoot) {
        std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
    }
    return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

mount::MountTable table() {
    return mount::MountTable::read("/proc/self/mountinfo");
}

} // namespace

void PrivateMounts::SetUp() {
    static const bool entered = enter();
    ASSERT_TRUE(entered) << "mounting needs root or a user namespace";
}

void PrivateMounts::TearDown() {
    const mount::MountTable mounts = table();
    for (const mount::MountEntry& entry : mounts.entries()) {
        if (entry.mountPoint.rfind(directory_.path().string(), 0) == 0) {
            ::umount2(entry.mountPoint.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
        }
    }
}

std::string PrivateMounts::mountTmpfs(const std::string& name) {
    std::string where = makeDirectory(name);
    check(::mount("tmpfs", where.c_str(), "tmpfs", 0, "size=1m"), "cannot mount a tmpfs");
    return where;
}

std::string PrivateMounts::makeDirectory(const std::string& name) {
    std::filesystem::create_directories(path(name));
    return path(name);
}

std::string PrivateMounts::makeFile(const std::string& name, const std::string& text) {
    std::ofstream(path(name)) << text;
    return path(name);
}

void PrivateMounts::bind(const std::string& from, const std::string& to) {
    check(::mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr), "cannot bind");
}

void PrivateMounts::makeReadOnly(const std::string& mountPoint) {
    check(::mount(nullptr, mountPoint.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
          "cannot remount read-only");
}

bool isMountPoint(const std::string& path) {
    return table().at(path) != nullptr;
}

} // namespace fsrvp::test
