// SPDX-License-Identifier: GPL-3.0-or-later

// A create fails, and so does one call of the work that should leave nothing of it behind. What is
// left then is the next job's on that server.

#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <algorithm>
#include <iostream>
#include <map>

namespace fsrvp::jobs {
namespace {

using namespace std::chrono_literals;
using When = Failure::When;

/// What first goes wrong: the set is then in that state on the server, and recorded in another.
struct First {
    const char* name;
    void (*inject)(FssServer&);

    friend void PrintTo(const First& first, std::ostream* out) { *out << first.name; }
};

// The agent is lost, so that the job's own connection never helps.
template <class Op, When when> void drop(FssServer& server) {
    server.fail<Op>(Failure::drop(when));
}

const First kFirsts[] = {
    {"Added", drop<PrepareShadowCopySet, When::BeforeActing>},
    {"CommitSentButNotDone", drop<CommitShadowCopySet, When::BeforeActing>},
    {"Committed", drop<CommitShadowCopySet, When::AfterActing>},
    {"Exposed", drop<ExposeShadowCopySet, When::AfterActing>},
    {"ExposedAndAskedFor", drop<GetShareMapping, When::AfterActing>},
};

struct Second {
    const char* name;
    Failure failure;
    bool serverActs;
};

std::vector<Second> seconds() {
    return {{"result", Failure::result(hresult::kUnexpectedProviderError), false},
            {"access denied", Failure::result(hresult::kAccessDenied), false},
            {"out of memory", Failure::result(hresult::kOutOfMemory), false},
            {"fault", Failure::fault(Errc::AccessDenied), false},
            {"drop before", Failure::drop(When::BeforeActing), false},
            {"drop after", Failure::drop(When::AfterActing), true},
            {"garble", Failure::garble(), true}};
}

class CreateSettle : public JobsTest, public testing::WithParamInterface<First> {
  protected:
    /// A create that fails as the parameter says; the calls that it makes after that.
    Calls failedCreate(FssServer& server) {
        GetParam().inject(server);
        const auto job = create({"//fs1/data", "//fs1/other"});
        EXPECT_EQ(errorName(*job), "Unreachable") << "the first error counts: " << errorText(*job);
        const Calls all = server.calls();
        // The job's second connection begins with this call.
        const auto second = std::find(all.begin() + 1, all.end(), "GetSupportedVersion");
        return Calls(second, all.end());
    }

    void failNth(FssServer& server, const std::string& call, unsigned nth, const Failure& how) {
        forEachOperation([&]<class Op>() {
            if (Op::name == call) {
                server.fail<Op>(how, nth);
            }
        });
    }

    /// Calls of that name that the create makes before it settles.
    static unsigned before(const std::string& call, const First& first) {
        Calls good = callsOfCreate(2);
        const std::string name = first.name;
        const std::string failing = name == "Added"                ? "PrepareShadowCopySet"
                                    : name == "Exposed"            ? "ExposeShadowCopySet"
                                    : name == "ExposedAndAskedFor" ? "GetShareMapping"
                                                                   : "CommitShadowCopySet";
        const auto end = std::find(good.begin(), good.end(), failing) + 1;
        return static_cast<unsigned>(std::count(good.begin(), end, call));
    }
};

TEST_P(CreateSettle, AFailureInItIsMadeGoodByTheNextJob) {
    addServer("fs1", {"data", "other"});
    const Calls settling = failedCreate(network.server("fs1"));
    ASSERT_FALSE(settling.empty());
    EXPECT_EQ(setStates(), "settled");
    int injected = 0;
    std::map<std::string, unsigned> seen;
    for (const std::string& call : settling) {
        const unsigned nth = before(call, GetParam()) + ++seen[call];
        for (const Second& second : seconds()) {
            SCOPED_TRACE(call + " " + std::to_string(seen[call]) + ": " + second.name);
            FssServer& server = startAfresh({"data", "other"});
            failNth(server, call, nth, second.failure);

            failedCreate(server);
            const Calls made = server.calls();
            EXPECT_GE(std::count(made.begin(), made.end(), call), nth);
            ++injected;
            if (call == "StartShadowCopySet" && second.serverActs) {
                // The look whether a set can be started has left one whose id never arrived.
                server.expireSequence();
            }

            const auto next = create({"//fs1/data"});
            EXPECT_EQ(errorName(*next), "none") << errorText(*next);
            EXPECT_EQ(setStates(), "settled complete");
            EXPECT_EQ(errorName(*remove(next->ids())), "none");
            expectNothingLeft(server);
        }
    }
    std::cout << GetParam().name << ": " << injected << " second failures injected\n";
}

INSTANTIATE_TEST_SUITE_P(Firsts, CreateSettle, testing::ValuesIn(kFirsts), [](const auto& first) {
    return std::string(first.param.name);
});

using SettleTest = JobsTest;

TEST_F(SettleTest, ASetThatSomebodyElseHasFinishedIsNoTrouble) {
    FssServer& server = addServer("fs1", {"data"});
    server.fail<PrepareShadowCopySet>(Failure::drop(When::BeforeActing));
    // The agent's worker ends before it can be asked again: a set in Added is gone then.
    server.onCall([&server](std::string_view call) {
        if (call == "PrepareShadowCopySet") {
            server.expireSequence();
        }
    });

    const auto job = create({"//fs1/data"});

    EXPECT_EQ(errorName(*job), "Unreachable");
    EXPECT_EQ(setStates(), "settled");
    server.onCall({});
    expectNothingLeft(server);
}

TEST_F(SettleTest, AnotherClientsSetDelaysItAndTheNextJobWaits) {
    FssServer& server = addServer("fs1", {"data"});
    // The commit is lost, and while the job settles it, a set of somebody else's is in the way.
    server.fail<CommitShadowCopySet>(Failure::drop(When::BeforeActing));
    server.fail<StartShadowCopySet>(Failure::result(hresult::kSetInProgress), 2);
    EXPECT_EQ(errorName(*create({"//fs1/data"})), "Unreachable");
    EXPECT_EQ(setStates(), "committing");

    server.fail<StartShadowCopySet>(Failure::result(hresult::kSetInProgress));
    const auto next = create({"//fs1/data"});

    EXPECT_EQ(errorName(*next), "none") << errorText(*next);
    EXPECT_EQ(setStates(), "settled complete");
}

} // namespace
} // namespace fsrvp::jobs
