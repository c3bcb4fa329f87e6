// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include "daemon/mount/exec_mounter.hpp"
#include "db/database.hpp"

#include <utility>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;

void repeat(Calls& calls, const std::string& name, unsigned times) {
    calls.insert(calls.end(), times, name);
}

} // namespace

struct JobsTest::Engine {
    Engine(JobsTest& test, std::chrono::milliseconds addGap, std::chrono::milliseconds keepEnded)
        : store(test.loop, test.stateNow()),
          pool(test.loop, test.launcher, agent::PoolTimes{test.linger, 1ms}), servers(test.loop),
          snapshots(test.loop), spacing(test.loop, addGap), mounter(test.loop),
          helpers(test.loop, FSRVP_FS_PROGRAM, test.helperDirectory.path()),
          paths(test.loop, helpers), files(test.runtimeDirectory.path()),
          credentialStore(test.loop, test.stateNow() / "credentials", sealer),
          credentials([&test] { return test.config_; }, credentialStore, paths, test.places()),
          manager(Services{test.loop,
                           store,
                           pool,
                           servers,
                           snapshots,
                           spacing,
                           mounter,
                           paths,
                           files,
                           credentials,
                           [&test] { return test.config_; }},
                  keepEnded) {
        manager.onJobs([&test](const std::shared_ptr<Job>& job) { test.jobs_.push_back(job); },
                       [&test](std::int64_t id) { test.forgotten_.push_back(id); });
    }

    db::Store store;
    agent::Pool pool;
    ServerTurns servers;
    SnapshotTurns snapshots;
    AddSpacing spacing;
    mount::ExecMounter mounter;
    ForkLauncher helpers;
    mount::PathHelper paths;
    mount::RuntimeFiles files;
    PlainSealer sealer;
    CredentialStore credentialStore;
    Credentials credentials;
    JobManager manager;
};

JobsTest::JobsTest() {
    configure(Settings{});
}

JobsTest::~JobsTest() = default;

void JobsTest::TearDown() {
    crash();
    EXPECT_EQ(launcher.running(), 0U);
    for (const std::string& host : network.hosts()) {
        EXPECT_EQ(network.server(host).openConnections(), 0U) << host;
        EXPECT_LE(network.server(host).mostConnections(), 1U) << host;
    }
}

void JobsTest::configure(const Settings& settings) {
    configDirectory.write("config.json",
                          "{\"default_timeout_sec\": " + std::to_string(settings.jobTimeoutSec) +
                              ", \"max_jobs\": " + std::to_string(settings.maxJobs) + "}");
    const std::string credentials =
        configDirectory.write("secret", "username=backup\npassword=secret\ndomain=LAB\n");
    configDirectory.write(
        "servers.d/lab.json",
        R"({"hosts": ["fs1", "fs2"], "credentials_file": ")" + credentials +
            R"(", "timeouts": {"connect_sec": )" + std::to_string(settings.connectSec) +
            R"(, "call_sec": )" + std::to_string(settings.callSec) +
            R"(, "prepare_sec": 1, "commit_sec": 1, "expose_sec": 1, "workers_end_sec": )" +
            std::to_string(settings.workersEndSec) + "}}");
    reload();
}

void JobsTest::reload() {
    config_ = std::make_shared<const Config>(Config::load(configDirectory.path()));
}

FssServer& JobsTest::addServer(const std::string& host,
                               std::vector<std::string> shares,
                               fakes::FssOptions options) {
    return network.addServer(host, std::move(shares), std::move(options));
}

std::filesystem::path JobsTest::stateNow() const {
    return stateDirectory.path() / ("state" + std::to_string(fresh_));
}

CredentialPlaces JobsTest::places() const {
    CredentialPlaces places;
    places.entries.fstab = configDirectory.path("fstab");
    places.entries.units = {configDirectory.path("units")};
    places.hostKeytab = configDirectory.path("krb5.keytab");
    return places;
}

FssServer& JobsTest::startAfresh(std::vector<std::string> shares) {
    TearDown();
    ++fresh_;
    return addServer("fs1", std::move(shares));
}

void JobsTest::start(std::chrono::milliseconds addGap, std::chrono::milliseconds keepEnded) {
    jobs_.clear();
    forgotten_.clear();
    engine_ = std::make_unique<Engine>(*this, addGap, keepEnded);
}

void JobsTest::crash() {
    engine_.reset();
    launcher.reap();
}

db::Store& JobsTest::store() {
    manager();
    return engine_->store;
}

JobManager& JobsTest::manager() {
    if (!engine_) {
        start();
    }
    return engine_->manager;
}

AddSpacing& JobsTest::spacing() {
    manager();
    return engine_->spacing;
}

Task<std::shared_ptr<Job>> JobsTest::creating(const std::vector<std::string>& sources,
                                              std::chrono::seconds timeout,
                                              ShadowCopyContext context) {
    CreateRequest request;
    for (const std::string& source : sources) {
        request.sources.push_back(Source{Unc::parse(source), {}, {}, {}});
    }
    request.timeout = timeout;
    request.options.context = context;
    request.uid = 1000;
    return manager().create(std::move(request));
}

Task<std::shared_ptr<Job>> JobsTest::deleting(const std::vector<std::int64_t>& ids,
                                              std::chrono::seconds timeout) {
    DeleteRequest request;
    for (const std::int64_t id : ids) {
        request.snapshots.push_back(snapshot(id));
    }
    request.timeout = timeout;
    request.uid = 1000;
    return manager().remove(std::move(request));
}

std::shared_ptr<Job> JobsTest::ended(std::shared_ptr<Job> job) {
    EXPECT_TRUE(runUntil([&job] { return job->hasEnded(); })) << "the job did not end";
    return job;
}

JobRecord JobsTest::recorded(const Job& job) {
    for (const JobRecord& record : store().listJobs(10000)) {
        if (record.id == job.record().id) {
            return record;
        }
    }
    ADD_FAILURE() << "the job is not in the database";
    return {};
}

std::string JobsTest::column(const std::string& sql) const {
    const db::Database database(stateNow() / "fsrvpd.db", db::Access::ReadOnly);
    db::Statement rows(database, sql);
    std::string text;
    while (rows.step()) {
        text += (text.empty() ? "" : " ") + rows.read<std::string>();
    }
    return text;
}

std::string JobsTest::setStates() const {
    return column("SELECT state FROM (SELECT id, state, lag(state) OVER (ORDER BY id) AS before"
                  " FROM shadow_copy_set) WHERE state <> 'settled' OR before IS NOT 'settled'"
                  " ORDER BY id");
}

std::string JobsTest::copyStates() const {
    return column("SELECT state FROM shadow_copy ORDER BY id");
}

std::string JobsTest::jobStates() const {
    return column("SELECT state FROM job ORDER BY id");
}

void JobsTest::expectNothingLeft(FssServer& server) {
    EXPECT_EQ(server.exposedShares(), std::vector<std::string>());
    EXPECT_EQ(server.onDisk().size(), 0U);
    EXPECT_EQ(server.sets().size(), 0U);
    const std::size_t callsBefore = server.calls().size();
    const auto next = create({"//fs1/data"});
    EXPECT_EQ(errorName(*next), "none") << errorText(*next);
    // No more than a good create's: so it was not held up, and had nothing to settle.
    EXPECT_LE(server.calls().size() - callsBefore, callsOfCreate(1).size());
    EXPECT_EQ(server.exposedShares().size(), 1U);
}

std::string errorName(const Job& job) {
    return job.error() ? std::string(errcName(job.error()->code())) : "none";
}

std::string errorText(const Job& job) {
    return job.error() ? job.error()->what() : "";
}

Calls callsOfCreate(unsigned shares) {
    Calls calls{"GetSupportedVersion"};
    repeat(calls, "IsPathSupported", shares);
    repeat(calls, "SetContext", 1);
    repeat(calls, "StartShadowCopySet", 1);
    repeat(calls, "AddToShadowCopySet", shares);
    repeat(calls, "PrepareShadowCopySet", 1);
    repeat(calls, "CommitShadowCopySet", 1);
    repeat(calls, "ExposeShadowCopySet", 1);
    repeat(calls, "GetShareMapping", shares);
    repeat(calls, "RecoveryCompleteShadowCopySet", 1);
    return calls;
}

} // namespace fsrvp::jobs
