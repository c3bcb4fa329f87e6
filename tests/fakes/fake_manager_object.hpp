// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"
#include "tests/fakes/fake_manager_job.hpp"

#include <fsrvpd1_adaptor.hpp>

#include <memory>
#include <thread>

namespace fsrvp::test::fake {

/// The manager on the bus.
class ManagerObject final : public sdbus::AdaptorInterfaces<org::fsrvpd1::Manager_adaptor> {
  public:
    /// @param vanish  ends the fake; this object goes with it
    ManagerObject(sdbus::IConnection& connection, Shared& shared, std::function<void()> vanish);
    ManagerObject(const ManagerObject&) = delete;
    ManagerObject& operator=(const ManagerObject&) = delete;
    virtual ~ManagerObject();

    void forEachJob(const std::function<void(JobObject&)>& fn);

  private:
    using JobResult = sdbus::Result<sdbus::ObjectPath>;

    void
    CreateSnapshot(JobResult&& result, std::vector<std::string> sources, Dict options) override;
    void MountSnapshot(JobResult&& result, std::string id, Dict options) override;
    void UnmountSnapshot(JobResult&& result, std::string id, Dict options) override;
    void DeleteSnapshots(JobResult&& result, std::vector<std::string> ids, Dict options) override;
    void ListSnapshots(sdbus::Result<std::vector<Dict>, std::string>&& result,
                       Dict filter) override;
    void ExportSnapshots(sdbus::Result<sdbus::UnixFd>&& result, Dict filter) override;
    void GetSnapshot(sdbus::Result<Dict>&& result, std::string id, Dict options) override;
    void SetCredential(sdbus::Result<>&& result,
                       std::string name,
                       sdbus::UnixFd secret,
                       Dict options) override;
    void RemoveCredential(sdbus::Result<>&& result, std::string name, Dict options) override;
    void ListCredentials(sdbus::Result<std::vector<Dict>>&& result, Dict options) override;
    void CheckSource(JobResult&& result, std::string source, Dict options) override;
    void Reconcile(JobResult&& result, std::vector<std::string> servers, Dict options) override;
    void TestCredential(JobResult&& result, std::string name, Dict options) override;
    void ListJobs(sdbus::Result<std::vector<Dict>>&& result, Dict options) override;
    std::string Version() override;

    /// Runs a method's body, under the mutex; what it throws is the answer.
    template <class Result, class Body> void answer(Result&& result, Body&& body) {
        try {
            const std::lock_guard lock(shared_.mutex);
            if (shared_.refusal) {
                throw sdbus::Error(*shared_.refusal);
            }
            body();
        } catch (const fsrvp::Error& error) {
            result.returnError(busError(error));
        } catch (const sdbus::Error& error) {
            result.returnError(error);
        }
    }

    /// As answer(), of a method that begins the job that its body gives.
    template <class Body> void answerWithJob(JobResult&& result, Body&& body) {
        std::optional<JobState> job;
        answer(result, [&] { job = body(); });
        if (job) {
            result.returnResults(begin(*std::move(job))); // its end takes the mutex
        }
    }

    std::string begin(JobState state);
    void perform(JobState& job,
                 const std::function<void(JobState&, const std::string&)>& one) const;

    // Under the mutex:
    /// A job that finds what the fake was told.
    JobState checking(const std::string& subject);
    void see(const std::string& method, const std::vector<std::string>& ids, const Dict& options);
    Snapshot& find(const std::string& id);
    Snapshot& take(const std::string& source, const SeenCreate& how);
    std::vector<Snapshot> listed(const Dict& filter) const;

    void write(const std::vector<Snapshot>& snapshots, UniqueFd out) const;

    sdbus::IConnection& connection_;
    Shared& shared_;
    std::function<void()> vanish_;
    std::map<std::int64_t, std::unique_ptr<JobObject>> jobs_;
    std::int64_t nextJob_ = 1;
    std::vector<std::thread> writers_;
};

} // namespace fsrvp::test::fake
