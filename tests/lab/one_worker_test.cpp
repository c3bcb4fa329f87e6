// SPDX-License-Identifier: GPL-3.0-or-later
// Samba's agent keeps its sets in the memory of each of its workers. With one worker
// (`rpcd_fsrvp:num_workers = 1`) all connections see the same; docs/reliability.md recommends it.
#include "daemon/base/utf16.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "daemon/model/context.hpp"
#include "tests/support/agent_client.hpp"
#include "tests/support/lab.hpp"
#include "tests/support/wait_for.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fsrvp::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

struct Made {
    Guid set;
    Guid copy;
    std::u16string share;
};

class Client : public AgentClient {
  public:
    explicit Client(const Lab& lab) { connect(lab); }

    std::uint32_t start(Guid& set) {
        SetContext::In context;
        context.context = static_cast<std::uint32_t>(ShadowCopyContext::NasRollback);
        EXPECT_EQ(call<SetContext>(context).hresult, hresult::kOk);
        StartShadowCopySet::In in;
        in.clientShadowCopySetId = Guid::random();
        const auto started = call<StartShadowCopySet>(in);
        set = started.out.shadowCopySetId;
        return started.hresult;
    }

    Made make(const std::string& share) {
        Made made;
        made.share = toUtf16("\\\\127.0.0.1\\" + share);
        EXPECT_EQ(start(made.set), hresult::kOk);
        AddToShadowCopySet::In add;
        add.clientShadowCopyId = Guid::random();
        add.shadowCopySetId = made.set;
        add.shareName = made.share;
        const auto added = call<AddToShadowCopySet>(add);
        EXPECT_EQ(added.hresult, hresult::kOk);
        made.copy = added.out.shadowCopyId;
        CommitShadowCopySet::In commit;
        commit.shadowCopySetId = made.set;
        commit.timeOutInMilliseconds = 60000;
        EXPECT_EQ(call<CommitShadowCopySet>(commit).hresult, hresult::kOk);
        ExposeShadowCopySet::In expose;
        expose.shadowCopySetId = made.set;
        expose.timeOutInMilliseconds = 60000;
        EXPECT_EQ(call<ExposeShadowCopySet>(expose).hresult, hresult::kOk);
        EXPECT_EQ(mapping(made), hresult::kOk);
        EXPECT_EQ(call<RecoveryCompleteShadowCopySet>(only(made.set)).hresult, hresult::kOk);
        return made;
    }

    std::uint32_t mapping(const Made& made) {
        GetShareMapping::In in;
        in.shadowCopyId = made.copy;
        in.shadowCopySetId = made.set;
        in.shareName = made.share;
        return call<GetShareMapping>(in).hresult;
    }

    std::uint32_t remove(const Made& made) {
        DeleteShareMapping::In in;
        in.shadowCopySetId = made.set;
        in.shadowCopyId = made.copy;
        in.shareName = made.share;
        return call<DeleteShareMapping>(in).hresult;
    }

    std::uint32_t abort(const Guid& set) { return call<AbortShadowCopySet>(only(set)).hresult; }

  private:
    static SetOnly only(const Guid& set) {
        SetOnly in;
        in.shadowCopySetId = set;
        return in;
    }
};

LabOptions withWorkers(int count) {
    LabOptions options;
    options.settings.push_back("rpcd_fsrvp:num_workers = " + std::to_string(count));
    return options;
}

class OneWorker : public testing::Test {
  protected:
    Lab lab{withWorkers(1)};
};

TEST_F(OneWorker, ConnectionsInQuickSuccessionSeeTheSameSets) {
    for (const char* const share : {"data", "datab", "datac"}) {
        const Made made = Client(lab).make(share);
        EXPECT_EQ(Client(lab).mapping(made), hresult::kOk) << share;
        EXPECT_EQ(Client(lab).remove(made), hresult::kOk) << share;
    }
    EXPECT_THAT(lab.listShares(), IsEmpty());
}

TEST_F(OneWorker, AnOlderConnectionSeesWhatAnotherMade) {
    Client older(lab);
    Guid none;
    EXPECT_EQ(older.start(none), hresult::kOk);
    EXPECT_EQ(older.abort(none), hresult::kOk);

    const Made made = Client(lab).make("data");

    EXPECT_EQ(older.mapping(made), hresult::kOk);
    EXPECT_EQ(older.remove(made), hresult::kOk);
    EXPECT_THAT(lab.listShares(), IsEmpty());
}

TEST_F(OneWorker, OneSetIsMadeAtATime) {
    Client first(lab);
    Client second(lab);
    Guid set;
    Guid other;
    EXPECT_EQ(first.start(set), hresult::kOk);

    EXPECT_EQ(second.start(other), hresult::kSetInProgress);

    EXPECT_EQ(second.abort(set), hresult::kOk) << "whoever knows its id may end it";
    EXPECT_EQ(second.start(other), hresult::kOk);
    EXPECT_EQ(second.abort(other), hresult::kOk);
}

TEST_F(OneWorker, AnAbortOfOneLeavesTheSetsOfAnotherOnRecord) {
    Client older(lab);
    Guid started;
    const Made made = Client(lab).make("data");
    EXPECT_EQ(older.start(started), hresult::kOk);
    EXPECT_EQ(older.abort(started), hresult::kOk);

    lab.restartSmbd();

    EXPECT_EQ(Client(lab).remove(made), hresult::kOk);
    EXPECT_THAT(lab.listShares(), IsEmpty());
}

TEST_F(OneWorker, ManyConnectionsAreServed) {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(std::make_unique<Client>(lab));
    }
    const Made made = clients.front()->make("data");

    for (const auto& client : clients) {
        EXPECT_EQ(client->mapping(made), hresult::kOk);
    }
    EXPECT_EQ(clients.back()->remove(made), hresult::kOk);
}

/// Why it is recommended: the same with what Samba does by itself.
TEST(SeveralWorkers, DoNotSeeEachOthersSets) {
    const Lab lab(withWorkers(5));
    Client older(lab);
    Guid set;
    EXPECT_EQ(older.start(set), hresult::kOk);
    Client newer(lab);
    Guid other;

    EXPECT_EQ(newer.start(other), hresult::kOk) << "no SET_IN_PROGRESS across workers";

    EXPECT_EQ(newer.abort(other), hresult::kOk);
    EXPECT_EQ(older.abort(set), hresult::kOk);
    const Made made = Client(lab).make("data");
    EXPECT_NE(older.mapping(made), hresult::kOk);
    EXPECT_THAT(lab.listShares(), SizeIs(1));
    EXPECT_TRUE(waitFor(
        [&] { return Client(lab).remove(made) == hresult::kOk || lab.listShares().empty(); },
        std::chrono::seconds(20)));
}

} // namespace
} // namespace fsrvp::test
