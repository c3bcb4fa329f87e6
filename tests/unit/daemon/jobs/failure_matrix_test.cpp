// SPDX-License-Identifier: GPL-3.0-or-later

// Every call that a good run of a flow makes fails in every way that a server, a network, an agent
// and fsrvpd itself have, one at a time. Whatever happens, what is recorded is what is there.

#include "tests/unit/daemon/jobs/failure_matrix.hpp"

#include <algorithm>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;
using What = Flow::What;

// The member names end up in the tests' names.
const Flow kFlows[] = {
    {"CreateOne", {"data"}, What::Create, false},
    {"CreateThree", {"data", "other", "third"}, What::Create, false},
    {"CreateAndMount", {"data"}, What::Create, true},
    {"DeleteThree", {"data", "other", "third"}, What::Delete, false},
    {"UnmountAndDelete", {"data"}, What::Delete, true},
};

const Fault kFaults[] = {
    {"Result", Kind::Result, false},
    {"ResultAfterActing", Kind::ResultAfterActing, true},
    {"RpcFault", Kind::RpcFault, false},
    {"CutBefore", Kind::CutBefore, false},
    {"CutAfter", Kind::CutAfter, true},
    {"GarbledReply", Kind::Garble, true},
    {"Hang", Kind::Hang, false},
    {"AgentKilledBefore", Kind::AgentKilledBefore, false},
    {"AgentKilledAfter", Kind::AgentKilledAfter, true},
    {"ServerRestarts", Kind::ServerRestarts, false},
    {"TimerExpires", Kind::TimerExpires, false},
    {"FsrvpdKilledBefore", Kind::FsrvpdKilledBefore, false},
    {"FsrvpdKilledAfter", Kind::FsrvpdKilledAfter, true},
    {"FsrvpdKilledAfterCommit", Kind::FsrvpdKilledAfterCommit, false},
};

/// What the error is called that the fault makes; empty where it makes none, or not always the
/// same.
std::string errorOfFault(Kind kind) {
    switch (kind) {
    case Kind::Result:
    case Kind::ResultAfterActing:
        return "Failed";
    case Kind::RpcFault:
        return "AccessDenied";
    case Kind::Garble:
        return "Protocol";
    case Kind::Hang:
        return "TimedOut";
    case Kind::CutBefore:
    case Kind::CutAfter:
    case Kind::AgentKilledBefore:
    case Kind::AgentKilledAfter:
    case Kind::ServerRestarts:
        return "Unreachable";
    default:
        return "";
    }
}

/// Prepare, Commit and Expose wait 30 s longer than the server was told to: the deadline of the job
/// is first.
bool isSlow(const std::string& operation) {
    return operation == "PrepareShadowCopySet" || operation == "CommitShadowCopySet" ||
           operation == "ExposeShadowCopySet";
}

class Faults : public FailureMatrix, public testing::WithParamInterface<std::tuple<Flow, Fault>> {
  protected:
    static const Flow& flow() { return std::get<0>(GetParam()); }

    static const Fault& fault() { return std::get<1>(GetParam()); }

    static bool isStartLost(const Place& place) {
        return fault().serverActs && place.operation == "StartShadowCopySet";
    }

    static bool isTimerAfterCommit(const Place& place) {
        return fault().kind == Kind::TimerExpires && place.operation == "ExposeShadowCopySet";
    }

    /// The job is there to see that all is well in the end.
    static bool isMadeGood(const Place& place) {
        if (fault().kind == Kind::TimerExpires) {
            // The context or the set is gone that the next call needs; once exposed a set stays.
            return flow().what == What::Delete || place.operation == "GetSupportedVersion" ||
                   place.operation == "IsPathSupported" || place.operation == "SetContext" ||
                   place.operation == "GetShareMapping" ||
                   place.operation == "RecoveryCompleteShadowCopySet";
        }
        if (flow().what == What::Delete) { // the share is looked for
            return fault().kind == Kind::ResultAfterActing &&
                   place.operation == "DeleteShareMapping";
        }
        return place.operation == "RecoveryCompleteShadowCopySet";
    }

    void expectJob(const Job& job, const Place& place) {
        EXPECT_EQ(recorded(job).state, job.record().state);
        if (isMadeGood(place)) {
            EXPECT_EQ(errorName(job), "none") << errorText(job);
            return;
        }
        const std::string expected = errorOfFault(fault().kind);
        const bool isPartial = !job.ids().empty();
        EXPECT_EQ(job.record().state, JobState::Failed);
        if (!expected.empty()) {
            EXPECT_EQ(errorName(job), isPartial ? "Partial" : expected) << errorText(job);
        }
        EXPECT_TRUE(!isPartial || flow().shares.size() > 1) << errorText(job);
        EXPECT_EQ(recorded(job).errorName, errorName(job));
        EXPECT_NE(errorText(job).find("fs1"), std::string::npos) << errorText(job);
        if (place.operation != "GetSupportedVersion") { // that is part of connecting
            EXPECT_NE(errorText(job).find(place.operation), std::string::npos) << errorText(job);
        }
    }

    /// Of a create that failed nothing is there, of one that did not all that it was told.
    void expectAllOrNothing(const Job& job) {
        const auto all = store().listSnapshots({});
        const auto exposed = std::count_if(all.begin(), all.end(), [](const Snapshot& copy) {
            return copy.state == CopyState::Exposed;
        });
        EXPECT_EQ(static_cast<std::size_t>(exposed), job.error() ? 0U : flow().shares.size());
        EXPECT_EQ(store().listMounts().size(), job.error() || !flow().mounts ? 0U : 1U);
    }

    void runRow(const Place& place) {
        SCOPED_TRACE(place.text());
        FssServer& server = prepare(flow());
        strayCopies = 0;
        straySets = 0;

        const auto job = runWith(flow(), fault(), place);

        // No client can help these. The id of a set is not known, without which nobody can abort
        // it; a set is forgotten whose snapshots are on the disk already.
        straySets = isStartLost(place) ? 1 : 0;
        strayCopies = isTimerAfterCommit(place) ? flow().shares.size() : 0;
        if (job) {
            expectJob(*job, place);
            expectAgreement(server, Deleting::MayBe, place);
            if (flow().what == What::Create) {
                expectAllOrNothing(*job);
            }
        }
        restart();
        for (const auto& one : jobs()) {
            EXPECT_EQ(errorName(*one), "none") << errorText(*one);
        }
        expectAgreement(server, Deleting::None, place);
        clearUp(server);
        expectNothingLeft(server);
    }
};

TEST_P(Faults, LeaveNothingThatIsNotOnRecord) {
    Settings settings;
    configure(settings);
    const std::vector<Place> places = placesOf(flow(), fault());
    RecordProperty("faults", std::to_string(places.size()));
    for (const Place& place : places) {
        if (fault().kind == Kind::Hang) {
            settings.callSec = 1;
            settings.connectSec = 1;
            settings.jobTimeoutSec = isSlow(place.operation) ? 1 : 50;
            configure(settings);
        }
        runRow(place);
        if (HasFailure()) {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Of,
                         Faults,
                         testing::Combine(testing::ValuesIn(kFlows), testing::ValuesIn(kFaults)),
                         [](const auto& row) {
                             return std::string(std::get<0>(row.param).name) +
                                    std::get<1>(row.param).name;
                         });

} // namespace
} // namespace fsrvp::jobs
