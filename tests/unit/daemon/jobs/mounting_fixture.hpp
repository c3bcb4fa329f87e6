// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <string>
#include <vector>

namespace fsrvp::jobs {

/// JobsTest whose snapshots are mounted: by a stand-in for mount(8) that mounts an overlay in a
/// mount namespace of this process's own, all else being real. "fs1" has "data" and "home".
class MountingTest : public JobsTest {
  protected:
    void SetUp() override;
    void TearDown() override;

    FssServer& server() { return network.server("fs1"); }

    std::shared_ptr<Job> createMounted(const std::string& destination = "",
                                       const Source& source = dataShare());
    std::shared_ptr<Job> mount(std::int64_t id, const std::string& destination = "");
    std::shared_ptr<Job> unmount(std::int64_t id, const std::string& path = "", bool lazy = false);
    Task<std::shared_ptr<Job>> mounting(std::int64_t id, const std::string& destination);
    /// Ends fsrvpd's part as SIGKILL would, starts it again and lets it recover.
    void restart();

    static Source dataShare() { return Source{Unc{"fs1", "data"}, {}, {}, {}}; }

    /// The default mount point.
    std::string place(std::int64_t id) const;
    /// A path that tests may use as they like.
    std::string path(const std::string& name) const;
    /// What is mounted there: "//fs1/data@{…}"; empty for nothing.
    static std::string mountedAt(const std::string& path);

    std::string sourceOf(std::int64_t id) { return "//fs1/" + snapshot(id).exposed; }

    /// What the snapshot shows of its mounts.
    std::vector<std::string> mountPoints(std::int64_t id) { return told(id).mountPoints; }

    std::vector<std::string> absent(std::int64_t id) { return told(id).absentMountPoints; }

    /// Files in the runtime directory's private/.
    std::size_t privateFiles() const;

    std::string standInFile(const std::string& name) const;
    void writeStandInFile(const std::string& name, const std::string& text);
    void removeStandInFile(const std::string& name);
    std::string readStandInFile(const std::string& name) const;
    void awaitStandInFile(const std::string& name, const std::string& text);
    /// Opens a file below a mount, which makes that busy.
    UniqueFd hold(const std::string& mountPoint) const;
    static void takeOff(const std::string& mountPoint);

  private:
    Snapshot told(std::int64_t id);

    test::TempDir directory_;
};

} // namespace fsrvp::jobs
