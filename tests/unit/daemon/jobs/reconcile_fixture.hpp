// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/unit/daemon/fsrvp/fss_client.hpp"
#include "tests/unit/daemon/jobs/lost_fixture.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::jobs {

class ReconcileTest : public LostTest {
  protected:
    /// Snapshots of both shares, in one set.
    void SetUp() override {
        const auto job = create({"//fs1/data", "//fs1/other"});
        ASSERT_EQ(errorName(*job), "none") << errorText(*job);
        ids = job->ids();
    }

    static ReconcileWish of(const std::vector<std::string>& hosts) {
        ReconcileWish wish;
        for (const std::string& host : hosts) {
            wish.servers.push_back(ServerId{host, 445});
        }
        return wish;
    }

    std::shared_ptr<Job> reconciled(ReconcileWish wish) {
        ReconcileRequest request;
        request.wish = std::move(wish);
        return ended(run(manager().reconcile(std::move(request))));
    }

    std::shared_ptr<Job> forgotMissing() {
        ReconcileWish wish = of({"fs1"});
        wish.forgetMissing = true;
        return reconciled(std::move(wish));
    }

    std::shared_ptr<Job> adopted(const std::string& share, std::optional<Guid> setId = {}) {
        ReconcileRequest request;
        AdoptWish& wish = request.adopt.emplace();
        wish.server = ServerId{"fs1", 445};
        wish.share = Unc{"fs1", share};
        wish.setId = setId;
        wish.uid = 1000;
        return ended(run(manager().reconcile(std::move(request))));
    }

    /// "1 ok, 2 missing"
    static std::string statuses(const Job& job) {
        std::string text;
        for (const Finding& finding : job.findings()) {
            text += (text.empty() ? "" : ", ") + std::to_string(finding.id) + " " +
                    std::string(findingStatusName(finding.status));
        }
        return text;
    }

    /// The server does not know any set when it is asked so many times.
    void forgetSets(unsigned times) {
        server.failTimes<GetShareMapping>(times, Failure::result(hresult::kInvalidArgument));
    }

    /// As an administrator does.
    void removeByHand(std::int64_t id) {
        server.removeExposedShare(snapshot(id).exposed);
        server.removeFromDisk(snapshot(id).snapshotId);
    }

    /// Of share `data`, by another client, which is gone then.
    FssClient::Ids madeByAnother() {
        crash(); // and with it our connection
        FssClient other(server);
        return other.recovered(uR"(\\fs1\data\)");
    }

    static std::string exposedName(const FssClient::Ids& made) {
        return "data@{" + made.copy.text() + "}";
    }

    /// Says something else than the server has.
    void record(std::int64_t id, const std::string& exposed) {
        db::ExposedCopy copy;
        copy.id = id;
        copy.exposed = exposed;
        run(store().setMapping(std::move(copy), 1));
    }

    FssServer& server = addServer("fs1", {"data", "other"}, likeOurs());
    std::vector<std::int64_t> ids;
};

} // namespace fsrvp::jobs
