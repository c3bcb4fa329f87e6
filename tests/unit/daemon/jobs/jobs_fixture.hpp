// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job_manager.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/fakes/thread_launcher.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/daemon/config/config_dir.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::jobs {

using fakes::Failure;
using fakes::FssServer;
using Calls = std::vector<std::string>;

inline constexpr std::chrono::seconds kLimit{60}; // far more than anything here takes

/// What a test's configuration files say; the rest is the same for all.
struct Settings {
    unsigned jobTimeoutSec = 50;
    unsigned maxJobs = 100;
    unsigned connectSec = 10;
    unsigned callSec = 10;
    unsigned workersEndSec = 0;
};

/// A whole job engine over fake servers: real configuration files, store, pool, agents' messages
/// and sessions. "fs1" and "fs2" are known to the configuration.
class JobsTest : public testing::Test {
  protected:
    JobsTest();
    ~JobsTest() override;

    /// Ends all, and checks that no connection is open and that there was never more than one.
    void TearDown() override;

    void configure(const Settings& settings);
    /// Reads the configuration directory anew.
    void reload();
    FssServer& addServer(const std::string& host,
                         std::vector<std::string> shares,
                         fakes::FssOptions options = {});

    /// Opens the store and makes the manager, with these waits; the first use does it by itself.
    void start(std::chrono::milliseconds addGap = std::chrono::milliseconds(1),
               std::chrono::milliseconds keepEnded = std::chrono::minutes(2));
    /// A new "fs1" with these shares, and no database; what was before is checked as at the end.
    FssServer& startAfresh(std::vector<std::string> shares);
    /// What SIGTERM and SIGKILL do to the jobs: all goes as it stands.
    void crash();

    db::Store& store();
    JobManager& manager();
    AddSpacing& spacing();

    Task<std::shared_ptr<Job>> creating(const std::vector<std::string>& sources,
                                        std::chrono::seconds timeout = std::chrono::seconds(0),
                                        ShadowCopyContext context = ShadowCopyContext::NasRollback);
    Task<std::shared_ptr<Job>> deleting(const std::vector<std::int64_t>& ids,
                                        std::chrono::seconds timeout = std::chrono::seconds(0));

    template <class T> T run(Task<T> task) { return fakes::runTask(loop, std::move(task)); }

    void run(Task<void> task) { fakes::runTask(loop, std::move(task)); }

    template <class T> Error errorOf(Task<T> task) { return fakes::errorOf(loop, std::move(task)); }

    bool runUntil(const std::function<bool()>& done) { return loop.runUntil(done, kLimit); }

    /// Runs the job to its end.
    std::shared_ptr<Job> ended(std::shared_ptr<Job> job);

    std::shared_ptr<Job> create(const std::vector<std::string>& sources) {
        return ended(run(creating(sources)));
    }

    std::shared_ptr<Job> remove(const std::vector<std::int64_t>& ids) {
        return ended(run(deleting(ids)));
    }

    /// All jobs that the manager was told to run since start(), in order.
    const std::vector<std::shared_ptr<Job>>& jobs() const { return jobs_; }

    /// Numbers of the jobs that the manager has forgotten since start().
    const std::vector<std::int64_t>& forgotten() const { return forgotten_; }

    Snapshot snapshot(std::int64_t id) { return store().findSnapshot(id).value(); }

    /// The job as the database has it.
    JobRecord recorded(const Job& job);
    /// What a new connection to the database sees; from any thread. "complete", "settled complete":
    /// several settled sets in a row count as one, since settling may leave a row of its own (the
    /// set that it starts to see whether one can be).
    std::string setStates() const;
    std::string copyStates() const;
    std::string jobStates() const;

    /// One text column of each row of a query on a connection of its own, with spaces between.
    std::string column(const std::string& sql) const;

    /// Expects that the server has no trace of any set, and that another create succeeds at once.
    void expectNothingLeft(FssServer& server);

    /// For how long the pool keeps a connection that no job uses; counts from the next start.
    std::chrono::milliseconds linger = std::chrono::minutes(1);
    test::ConfigDir configDirectory;
    test::TempDir stateDirectory;
    test::TempDir helperDirectory;
    test::TempDir runtimeDirectory;
    fakes::FakeNetwork network;
    EventLoop loop;
    fakes::ThreadLauncher launcher{network};

  private:
    struct Engine;

    std::filesystem::path stateNow() const;
    /// Where logins may come from besides servers.d: files of this test alone.
    CredentialPlaces places() const;

    std::shared_ptr<const Config> config_;
    std::unique_ptr<Engine> engine_;
    std::vector<std::shared_ptr<Job>> jobs_;
    std::vector<std::int64_t> forgotten_;
    unsigned fresh_ = 0;
};

/// "NotFound"; "none" for a job that did not fail.
std::string errorName(const Job& job);
std::string errorText(const Job& job);

/// Which calls a good create of that many shares makes, with a connection of its own.
Calls callsOfCreate(unsigned shares);

} // namespace fsrvp::jobs
