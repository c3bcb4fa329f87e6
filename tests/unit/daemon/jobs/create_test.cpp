// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <mutex>
#include <utility>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;

using CreateTest = JobsTest;

TEST_F(CreateTest, OneShareTakesTheseCalls) {
    FssServer& server = addServer("fs1", {"data"});

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(job->record().state, JobState::Done);
    EXPECT_EQ(server.calls(), callsOfCreate(1));
    EXPECT_EQ(server.exposedShares().size(), 1U);
    EXPECT_EQ(server.sets().at(0).state, fakes::FssSetState::Recovered);
}

TEST_F(CreateTest, ThreeSharesAreOneSet) {
    FssServer& server = addServer("fs1", {"data", "my data", "hid$"});

    const auto job = create({"//fs1/data", "//fs1/my data", "//fs1/hid$"});

    EXPECT_EQ(errorName(*job), "none") << errorText(*job);
    EXPECT_EQ(server.calls(), callsOfCreate(3));
    ASSERT_EQ(server.sets().size(), 1U);
    EXPECT_EQ(server.sets().at(0).copies.size(), 3U);
    EXPECT_EQ(job->ids().size(), 3U);
}

TEST_F(CreateTest, TheRecordHasWhatTheServerSaid) {
    FssServer& server = addServer("fs1", {"data", "other"});

    const auto job = create({"//FS1/Data", "//fs1/other"});

    ASSERT_EQ(job->ids().size(), 2U);
    const Snapshot first = snapshot(job->ids().at(0));
    const fakes::FssSet set = server.sets().at(0);
    EXPECT_EQ(first.source.text(), "//FS1/Data") << "as it was given";
    EXPECT_EQ(first.server, (ServerId{"fs1", 445}));
    EXPECT_EQ(first.setId, set.id);
    EXPECT_EQ(first.snapshotId, set.copies.at(0).id);
    EXPECT_EQ(first.exposed, set.copies.at(0).exposed);
    EXPECT_EQ(first.created, TimeUs(set.copies.at(0).added));
    EXPECT_EQ(first.state, CopyState::Exposed);
    EXPECT_EQ(first.ownerUid, 1000U);
    EXPECT_EQ(first.context, ShadowCopyContext::NasRollback);
    ASSERT_TRUE(first.completed.has_value());
    EXPECT_LT(now() - *first.completed, 1min);
    const Snapshot second = snapshot(job->ids().at(1));
    EXPECT_EQ(second.exposed, set.copies.at(1).exposed);
    EXPECT_EQ(second.setRow, first.setRow);
}

TEST_F(CreateTest, TheJobIsRecorded) {
    addServer("fs1", {"data"});

    const auto job = create({"//fs1/data"});

    const JobRecord record = recorded(*job);
    EXPECT_EQ(record.operation, "create");
    EXPECT_EQ(record.state, JobState::Done);
    EXPECT_EQ(record.ownerUid, 1000U);
    EXPECT_EQ(record.subjects, (std::vector<std::string>{"//fs1/data"}));
    EXPECT_TRUE(record.ended.has_value());
    EXPECT_EQ(record.errorName, "");
}

TEST_F(CreateTest, AnExposedNameMayComeAsAUnc) {
    fakes::FssOptions options;
    options.exposedName = fakes::FssOptions::ExposedName::Unc;
    FssServer& server = addServer("fs1", {"data"}, options);

    const auto job = create({"//fs1/data"});

    ASSERT_EQ(job->ids().size(), 1U) << errorText(*job);
    EXPECT_EQ(snapshot(job->ids().at(0)).exposed, server.exposedShares().at(0));
}

TEST_F(CreateTest, EveryContextReachesTheServer) {
    FssServer& server = addServer("fs1", {"data"});

    for (const auto context : {ShadowCopyContext::Backup,
                               ShadowCopyContext::FileShareBackup,
                               ShadowCopyContext::NasRollback,
                               ShadowCopyContext::AppRollback}) {
        const auto job = ended(run(creating({"//fs1/data"}, 0s, context)));
        ASSERT_EQ(errorName(*job), "none") << errorText(*job);
        EXPECT_EQ(server.sets().back().context, static_cast<std::uint32_t>(context));
        EXPECT_EQ(snapshot(job->ids().at(0)).context, context);
    }
}

TEST_F(CreateTest, AWritableSnapshotAsksForAutoRecovery) {
    FssServer& server = addServer("fs1", {"data"});
    CreateRequest request;
    request.sources.push_back(Source{Unc::parse("//fs1/data"), {}, {}, {}});
    request.options.writable = true;
    request.options.labelling.description = "before the update";
    request.options.labelling.labels = {{"ticket", "4711"}};

    const auto job = ended(run(manager().create(std::move(request))));

    EXPECT_EQ(server.sets().at(0).context, 0x00400019U);
    const Snapshot made = snapshot(job->ids().at(0));
    EXPECT_TRUE(made.writable);
    EXPECT_EQ(made.description, "before the update");
    EXPECT_EQ(made.labels.at("ticket"), "4711");
}

/// What another connection to the database sees when a call reaches the server.
class DurablePoints : public JobsTest {
  protected:
    struct Seen {
        std::string call;
        std::string rows;

        bool operator==(const Seen&) const = default;

        friend void PrintTo(const Seen& one, std::ostream* out) {
            *out << one.call << ": " << one.rows;
        }
    };

    void watch(FssServer& server) {
        server.onCall([this](std::string_view call) {
            const std::string names = column("SELECT exposed FROM shadow_copy WHERE exposed <> ''");
            std::string rows = "job " + jobStates() + ", set " + setStates() + ", copies " +
                               copyStates() + (names.empty() ? "" : ", mapped");
            const std::lock_guard lock(mutex);
            seen.push_back({std::string(call), std::move(rows)});
        });
    }

    std::mutex mutex;
    std::vector<Seen> seen;
};

TEST_F(DurablePoints, ACallGoesOutWhenWhatItNeedsIsCommitted) {
    FssServer& server = addServer("fs1", {"data", "other"});
    start();
    watch(server);

    create({"//fs1/data", "//fs1/other"});

    const std::string accepted = "job running, set , copies ";
    const std::string started = "job running, set started, copies ";
    const std::string committing = "job running, set committing, copies creating creating";
    const std::string mapped = "job running, set exposed, copies creating creating, mapped";
    EXPECT_EQ(seen,
              (std::vector<Seen>{{"GetSupportedVersion", accepted},
                                 {"IsPathSupported", accepted},
                                 {"IsPathSupported", accepted},
                                 {"SetContext", accepted},
                                 {"StartShadowCopySet", accepted},
                                 {"AddToShadowCopySet", started},
                                 {"AddToShadowCopySet", started},
                                 {"PrepareShadowCopySet", started},
                                 {"CommitShadowCopySet", committing},
                                 {"ExposeShadowCopySet", committing},
                                 {"GetShareMapping", committing},
                                 {"GetShareMapping", committing},
                                 {"RecoveryCompleteShadowCopySet", mapped}}));
    EXPECT_EQ(setStates(), "complete");
    EXPECT_EQ(copyStates(), "exposed exposed");
    EXPECT_EQ(jobStates(), "done");
}

TEST_F(DurablePoints, ACreateCommitsSevenTimes) {
    addServer("fs1", {"data", "other"});
    start();
    const std::uint64_t before = store().commits();

    create({"//fs1/data", "//fs1/other"});

    // Accepted, running, set id, committing, exposed, complete, ended; for any number of shares.
    EXPECT_EQ(store().commits() - before, 7U);
}

TEST_F(DurablePoints, ADeleteIsWrittenBeforeItIsSent) {
    FssServer& server = addServer("fs1", {"data"});
    const std::vector<std::int64_t> ids = create({"//fs1/data"})->ids();
    watch(server);
    const std::uint64_t before = store().commits();

    remove(ids);

    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(
        seen.back(),
        (Seen{"DeleteShareMapping", "job done running, set complete, copies deleting, mapped"}));
    EXPECT_EQ(copyStates(), "deleted");
    EXPECT_EQ(store().commits() - before, 5U) << "accepted, running, deleting, deleted, ended";
}

TEST_F(CreateTest, AServerThatWasRestartedWhileItsConnectionLingeredIsConnectedAgain) {
    FssServer& server = addServer("fs1", {"data"});
    create({"//fs1/data"});

    server.cutConnections();
    const auto second = create({"//fs1/data"});
    server.cutConnections();
    const auto gone = remove({1, 2});

    EXPECT_EQ(errorName(*second), "none") << errorText(*second);
    EXPECT_EQ(errorName(*gone), "none") << errorText(*gone);
    EXPECT_EQ(server.connectCount(), 3U);
    EXPECT_EQ(server.exposedShares().size(), 0U);
}

} // namespace
} // namespace fsrvp::jobs
