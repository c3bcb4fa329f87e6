// SPDX-License-Identifier: GPL-3.0-or-later

// Every call of a good create fails in every way that a server, a network and an agent have, one
// at a time; afterwards there must be nothing left of the set, or a whole snapshot.

#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <iostream>
#include <map>
#include <set>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using When = Failure::When;

struct Way {
    const char* name;
    Errc code;       ///< of the error that the job ends with
    bool serverActs; ///< although the client is told otherwise, or nothing
    bool hangs = false;
};

// The member names end up in the test's name.
const Way kResult{"Result", Errc::Failed, false};
const Way kResultAfterActing{"ResultAfterActing", Errc::Failed, true};
const Way kFault{"Fault", Errc::AccessDenied, false};
const Way kDropBefore{"DropBeforeActing", Errc::Unreachable, false};
const Way kDropAfter{"DropAfterActing", Errc::Unreachable, true};
const Way kHang{"Hang", Errc::TimedOut, false, true};
const Way kGarble{"GarbledReply", Errc::Protocol, true};
const Way kKilledBefore{"AgentKilledBeforeActing", Errc::Unreachable, false};
const Way kKilledAfter{"AgentKilledAfterActing", Errc::Unreachable, true};

struct Place {
    std::string operation;
    unsigned nth = 1; ///< of that operation
};

std::vector<Place> placesOf(const Calls& calls) {
    std::vector<Place> places;
    std::map<std::string, unsigned> seen;
    for (const std::string& call : calls) {
        places.push_back({call, ++seen[call]});
    }
    return places;
}

class CreateFailures : public JobsTest, public testing::WithParamInterface<const Way*> {
  protected:
    template <class Op> void injectInto(FssServer& server, unsigned nth) {
        const std::string way = GetParam()->name;
        if (way == kResult.name) {
            server.fail<Op>(Failure::result(hresult::kUnexpectedProviderError), nth);
        } else if (way == kResultAfterActing.name) {
            server.fail<Op>(Failure::result(hresult::kUnexpectedProviderError, When::AfterActing),
                            nth);
        } else if (way == kFault.name) {
            server.fail<Op>(Failure::fault(Errc::AccessDenied), nth);
        } else if (way == kDropBefore.name) {
            server.fail<Op>(Failure::drop(When::BeforeActing), nth);
        } else if (way == kDropAfter.name) {
            server.fail<Op>(Failure::drop(When::AfterActing), nth);
        } else if (way == kHang.name) {
            server.fail<Op>(Failure::hang([this] { ++begun; }), nth);
        } else if (way == kGarble.name) {
            server.fail<Op>(Failure::garble(), nth);
        } else if (way == kKilledBefore.name) {
            server.fail<Op>(Failure::hang([this] {
                                ++begun;
                                launcher.kill();
                            }),
                            nth);
        } else {
            network.afterCall<Op>({fakes::AgentFate::Kind::Killed, [this] { ++begun; }}, nth);
        }
    }

    void inject(FssServer& server, const Place& place) {
        forEachOperation([&]<class Op>() {
            if (Op::name == place.operation) {
                injectInto<Op>(server, place.nth);
            }
        });
    }

    /// One create of two shares with that failure.
    std::shared_ptr<Job> createWith(FssServer& server, const Place& place) {
        inject(server, place);
        // These three wait 30 s longer than the server was told to: the job's deadline is first.
        const std::set<std::string> slow{
            "PrepareShadowCopySet", "CommitShadowCopySet", "ExposeShadowCopySet"};
        const bool isSlow = GetParam()->hangs && slow.contains(place.operation);
        const auto job = ended(run(creating({"//fs1/data", "//fs1/other"}, isSlow ? 1s : 0s)));
        const Calls calls = server.calls();
        EXPECT_GE(std::count(calls.begin(), calls.end(), place.operation), place.nth)
            << "the failure was not injected";
        EXPECT_FALSE(network.hasFates()) << "the failure was not injected";
        return job;
    }

    void expectFirstError(const Job& job, const Place& place) {
        EXPECT_EQ(job.record().state, JobState::Failed);
        EXPECT_EQ(errorName(job), errcName(GetParam()->code)) << errorText(job);
        if (place.operation != "GetSupportedVersion") { // it is part of connecting
            EXPECT_NE(errorText(job).find(place.operation), std::string::npos) << errorText(job);
        }
        EXPECT_NE(errorText(job).find("fs1"), std::string::npos) << errorText(job);
        EXPECT_EQ(recorded(job).errorName, errcName(GetParam()->code));
        EXPECT_TRUE(job.ids().empty());
        if (GetParam()->code == Errc::Failed) {
            EXPECT_EQ(job.error()->hresult(), hresult::kUnexpectedProviderError);
        }
    }

    std::atomic<int> begun = 0;
};

TEST_P(CreateFailures, LeaveNothingOrAWholeSnapshot) {
    Settings settings;
    if (GetParam()->hangs) {
        settings.callSec = 1;
        settings.connectSec = 1;
    }
    configure(settings);
    const Calls good = callsOfCreate(2);
    int injected = 0;
    for (const Place& place : placesOf(good)) {
        SCOPED_TRACE(place.operation + " " + std::to_string(place.nth));
        FssServer& server = startAfresh({"data", "other"});

        const auto job = createWith(server, place);
        ++injected;

        if (place.operation == "RecoveryCompleteShadowCopySet") {
            // All was there, so the job finishes it.
            EXPECT_EQ(errorName(*job), "none") << errorText(*job);
            EXPECT_EQ(server.exposedShares().size(), 2U);
            EXPECT_EQ(setStates(), "complete");
            EXPECT_EQ(copyStates(), "exposed exposed");
            EXPECT_EQ(errorName(*remove(job->ids())), "none");
        } else {
            expectFirstError(*job, place);
            EXPECT_TRUE(setStates().empty() || setStates() == "settled") << setStates();
            EXPECT_TRUE(copyStates().empty() || copyStates() == "failed failed") << copyStates();
        }
        if (place.operation == "StartShadowCopySet" && GetParam()->serverActs) {
            // No client can help this: the set's id never arrived, and only with it could the set
            // be aborted. It has no copy yet; the server's sequence timer (180 s) removes it.
            EXPECT_EQ(server.sets().size(), 1U);
            EXPECT_EQ(server.sets().at(0).state, fakes::FssSetState::Started);
            EXPECT_EQ(setStates(), "");
            server.expireSequence();
        }
        expectNothingLeft(server);
    }
    EXPECT_TRUE(begun == 0 || begun == injected);
    std::cout << GetParam()->name << ": " << injected << " failures injected\n";
}

INSTANTIATE_TEST_SUITE_P(Ways,
                         CreateFailures,
                         testing::Values(&kResult,
                                         &kResultAfterActing,
                                         &kFault,
                                         &kDropBefore,
                                         &kDropAfter,
                                         &kHang,
                                         &kGarble,
                                         &kKilledBefore,
                                         &kKilledAfter),
                         [](const auto& way) { return std::string(way.param->name); });

} // namespace
} // namespace fsrvp::jobs
