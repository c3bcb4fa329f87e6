// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/mounting_fixture.hpp"

#include "daemon/jobs/mount_status.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace fsrvp::jobs {
namespace {

/// Before any thread is there: a mount namespace belongs to a thread.
const bool kIsPrivate = ::unshare(CLONE_NEWNS) == 0 &&
                        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;

mount::MountTable table() {
    return mount::MountTable::read("/proc/self/mountinfo");
}

void unmountBelow(const std::string& directory) {
    const auto entries = table().entries();
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        if (entry->mountPoint.starts_with(directory + "/")) {
            ::umount2(entry->mountPoint.c_str(), MNT_DETACH);
        }
    }
}

} // namespace

void MountingTest::SetUp() {
    ASSERT_TRUE(kIsPrivate) << "these tests need root";
    const std::filesystem::path bin = directory_.path() / "bin";
    std::filesystem::create_directories(bin);
    std::filesystem::create_symlink(FSRVP_STAND_IN_MOUNT, bin / "mount");
    std::filesystem::create_directories(directory_.path() / "share" / "sub");
    std::filesystem::create_directories(directory_.path() / "empty");
    std::filesystem::create_directories(directory_.path() / "places");
    std::ofstream(directory_.path() / "share" / "file.txt") << "frozen\n";
    ::setenv("PATH", (bin.string() + ":/usr/sbin:/usr/bin:/sbin:/bin").c_str(), 1);
    addServer("fs1", {"data", "home"});
}

void MountingTest::TearDown() {
    JobsTest::TearDown();
    unmountBelow(directory_.path());
    unmountBelow(runtimeDirectory.path());
    EXPECT_EQ(privateFiles(), 0U);
}

std::shared_ptr<Job> MountingTest::createMounted(const std::string& destination,
                                                 const Source& source) {
    CreateRequest request;
    request.sources.push_back(source);
    request.mount = MountAfter{destination, false};
    request.uid = 1000;
    return ended(run(manager().create(std::move(request))));
}

Task<std::shared_ptr<Job>> MountingTest::mounting(std::int64_t id, const std::string& destination) {
    MountRequest request;
    request.snapshot = snapshot(id);
    request.destination = destination;
    request.uid = 1000;
    return manager().mount(std::move(request));
}

std::shared_ptr<Job> MountingTest::mount(std::int64_t id, const std::string& destination) {
    return ended(run(mounting(id, destination)));
}

std::shared_ptr<Job> MountingTest::unmount(std::int64_t id, const std::string& path, bool lazy) {
    UnmountRequest request;
    request.snapshot = snapshot(id);
    request.path = path;
    request.lazy = lazy;
    return ended(run(manager().unmount(std::move(request))));
}

void MountingTest::restart() {
    crash();
    start();
    run(manager().recover());
    for (std::size_t i = 0; i < jobs().size(); ++i) {
        ended(jobs()[i]);
    }
}

std::string MountingTest::place(std::int64_t id) const {
    return (runtimeDirectory.path() / "mnt" / std::to_string(id)).string();
}

std::string MountingTest::path(const std::string& name) const {
    return (directory_.path() / "places" / name).string();
}

std::string MountingTest::mountedAt(const std::string& path) {
    const mount::MountTable mounts = table();
    const mount::MountEntry* const entry = mounts.at(path);
    return entry == nullptr ? "" : entry->source;
}

std::size_t MountingTest::privateFiles() const {
    const std::filesystem::directory_iterator files(runtimeDirectory.path() / "private");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

std::string MountingTest::standInFile(const std::string& name) const {
    return (directory_.path() / name).string();
}

void MountingTest::writeStandInFile(const std::string& name, const std::string& text) {
    std::ofstream(standInFile(name)) << text;
}

void MountingTest::removeStandInFile(const std::string& name) {
    std::filesystem::remove(standInFile(name));
}

std::string MountingTest::readStandInFile(const std::string& name) const {
    std::ifstream file(standInFile(name));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void MountingTest::awaitStandInFile(const std::string& name, const std::string& text) {
    const auto isThere = [this, &name, &text] { return readStandInFile(name) == text; };
    // Files wake no loop.
    for (int i = 0; i < 1000 && !isThere(); ++i) {
        loop.runUntil(isThere, std::chrono::milliseconds(20));
    }
    ASSERT_TRUE(isThere());
}

UniqueFd MountingTest::hold(const std::string& mountPoint) const {
    UniqueFd file(::open((mountPoint + "/file.txt").c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(file) << mountPoint;
    return file;
}

void MountingTest::takeOff(const std::string& mountPoint) {
    ASSERT_EQ(::umount2(mountPoint.c_str(), 0), 0) << mountPoint;
}

Snapshot MountingTest::told(std::int64_t id) {
    std::vector<Snapshot> one{snapshot(id)};
    tellMounts(one, store().listMounts(), table());
    return one.front();
}

} // namespace fsrvp::jobs
