// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/tiny_disk.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace fsrvp::test {
namespace {

constexpr const char* kOptions = "size=1m,mode=0700";
constexpr const char* kFiller = "filler";

void mountThere(const std::filesystem::path& place, unsigned long flags) {
    if (::mount("tmpfs", place.c_str(), "tmpfs", flags, kOptions) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot mount " + place.string());
    }
}

} // namespace

TinyDisk::TinyDisk(std::filesystem::path place) : place_(std::move(place)) {
    mountThere(place_, 0);
}

TinyDisk::~TinyDisk() {
    if (::umount2(place_.c_str(), MNT_DETACH) != 0) {
        std::perror("umount");
    }
}

void TinyDisk::fill() const {
    std::ofstream file(place_ / kFiller, std::ios::binary | std::ios::app);
    const std::string page(4096, 'x');
    while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
}

void TinyDisk::makeRoom() const {
    std::filesystem::remove(place_ / kFiller);
}

void TinyDisk::remount(Mode mode) const {
    const unsigned long flags = MS_REMOUNT;
    mountThere(place_, mode == Mode::ReadOnly ? flags | MS_RDONLY : flags);
}

} // namespace fsrvp::test
