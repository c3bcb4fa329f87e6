// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/unique_fd.hpp"
#include "daemon/mount/holders.hpp"
#include "tests/unit/daemon/mount/private_mounts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <list>
#include <stdexcept>

namespace fsrvp::mount::fs {
namespace {

/// A child that does something and then waits to be killed.
class OtherProcess {
  public:
    explicit OtherProcess(const std::function<bool()>& fn) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw std::runtime_error("no pipe");
        }
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::prctl(PR_SET_NAME, "the holder");
            const char done = fn() ? 'y' : 'n';
            if (::write(ends[1], &done, 1) == 1) {
                ::pause();
            }
            ::_exit(0);
        }
        const UniqueFd reading(ends[0]);
        UniqueFd(ends[1]).reset();
        char done = 'n';
        if (::read(reading.get(), &done, 1) != 1 || done != 'y') {
            throw std::runtime_error("the child could not do it");
        }
    }

    OtherProcess(const OtherProcess&) = delete;
    OtherProcess& operator=(const OtherProcess&) = delete;

    ~OtherProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    pid_t pid() const noexcept { return pid_; }

    Holder asHolder(const std::string& what) const {
        return Holder{pid_, ::getuid(), "the holder", what};
    }

  private:
    pid_t pid_ = -1;
};

bool openToKeep(const std::string& file) {
    return ::open(file.c_str(), O_RDONLY | O_CLOEXEC) >= 0;
}

bool mapAndClose(const std::string& file) {
    const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    return ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, opened.get(), 0) != MAP_FAILED;
}

using Holders = std::vector<Holder>;

class HoldersTest : public test::PrivateMounts {
  protected:
    void SetUp() override {
        PrivateMounts::SetUp();
        if (!IsSkipped()) {
            where = mountTmpfs("mounted");
        }
    }

    std::string where;
};

TEST_F(HoldersTest, NobodyHoldsAMountThatNobodyUses) {
    EXPECT_EQ(findHolders(where), Holders());
}

TEST_F(HoldersTest, AnOpenFileIsNamed) {
    makeDirectory("mounted/dir");
    const std::string file = makeFile("mounted/dir/file.txt");
    const OtherProcess other([&file] { return openToKeep(file); });

    EXPECT_EQ(findHolders(where), Holders{other.asHolder("dir/file.txt")});
}

TEST_F(HoldersTest, ADeletedFileThatIsStillOpenIsNamed) {
    const std::string file = makeFile("mounted/file.txt");
    const OtherProcess other([&file] { return openToKeep(file); });
    ASSERT_EQ(::unlink(file.c_str()), 0);

    EXPECT_EQ(findHolders(where), Holders{other.asHolder("file.txt")});
}

TEST_F(HoldersTest, AWorkingDirectoryHolds) {
    makeDirectory("mounted/dir");
    const OtherProcess other([this] { return ::chdir(path("mounted/dir").c_str()) == 0; });

    EXPECT_EQ(findHolders(where), Holders{other.asHolder("working directory")});
}

TEST_F(HoldersTest, ARootDirectoryHolds) {
    const OtherProcess other([this] { return ::chroot(where.c_str()) == 0; });

    EXPECT_EQ(findHolders(where), Holders{other.asHolder("root directory")});
}

TEST_F(HoldersTest, AMappedFileHoldsAlsoWhenItIsClosed) {
    const std::string file = makeFile("mounted/lib.so");
    const OtherProcess other([&file] { return mapAndClose(file); });

    EXPECT_EQ(findHolders(where), Holders{other.asHolder("lib.so")});
}

TEST_F(HoldersTest, AMountOnItHoldsIt) {
    const std::string below = mountTmpfs("mounted/below");

    EXPECT_EQ(findHolders(where), (Holders{Holder{0, 0, below, "mount"}}));
}

TEST_F(HoldersTest, AnotherMountOfTheSameFileSystemIsNamed) {
    const std::string elsewhere = makeDirectory("elsewhere");
    bind(where, elsewhere);

    EXPECT_EQ(findHolders(where),
              (Holders{Holder{0, 0, elsewhere, "another mount of the same file system"}}));
}

TEST_F(HoldersTest, AFileThatIsOpenThroughAnotherMountDoesNotHoldThisOne) {
    const std::string elsewhere = makeDirectory("elsewhere");
    bind(where, elsewhere);
    makeFile("mounted/file");
    const OtherProcess other([this] {
        return openToKeep(path("elsewhere/file")) && mapAndClose(path("elsewhere/file")) &&
               ::chdir(path("elsewhere").c_str()) == 0;
    });

    const Holders found = findHolders(where);

    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pid, 0);
    ASSERT_EQ(findHolders(elsewhere).size(), 2U);
    EXPECT_EQ(findHolders(elsewhere)[1].pid, other.pid());
}

TEST_F(HoldersTest, OfStackedMountsOnlyTheUppermostIsLookedAt) {
    const OtherProcess below([file = makeFile("mounted/file")] { return openToKeep(file); });
    mountTmpfs("mounted");
    const OtherProcess above([file = makeFile("mounted/file")] { return openToKeep(file); });

    EXPECT_EQ(findHolders(where), Holders{above.asHolder("file")});
}

TEST_F(HoldersTest, AProcessInAnotherMountNamespaceHoldsItsCopy) {
    const std::string file = makeFile("mounted/file");
    makeDirectory("moved");
    const OtherProcess other([this] {
        return ::unshare(CLONE_NEWNS) == 0 &&
               ::mount(where.c_str(), path("moved").c_str(), nullptr, MS_MOVE, nullptr) == 0 &&
               openToKeep(path("moved/file"));
    });

    EXPECT_EQ(findHolders(where), Holders{other.asHolder("file")});
}

TEST_F(HoldersTest, NoMoreThanSixteenAreNamed) {
    const std::string file = makeFile("mounted/file");
    std::list<OtherProcess> others;
    for (int i = 0; i < 20; ++i) {
        others.emplace_back([&file] { return openToKeep(file); });
    }

    EXPECT_EQ(findHolders(where).size(), kMostHolders);
}

TEST_F(HoldersTest, NamesAreShortAndWithoutControlCharacters) {
    const std::string longName(250, 'x');
    makeDirectory("mounted/" + longName);
    const std::string file = makeFile("mounted/" + longName + "/a\nb");
    const OtherProcess other([&file] {
        ::prctl(PR_SET_NAME, "a\nb");
        return openToKeep(file);
    });

    const Holders found = findHolders(where);

    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "a\\x0ab");
    EXPECT_EQ(found[0].what, longName + "/a\\x0a…");
}

TEST_F(HoldersTest, NothingMountedHasNoHolders) {
    const std::string plain = makeDirectory("plain");
    const OtherProcess other([&plain] { return ::chdir(plain.c_str()) == 0; });

    EXPECT_EQ(findHolders(plain), Holders());
}

} // namespace
} // namespace fsrvp::mount::fs
