// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/fakes/fake_manager_state.hpp"

#include <fsrvpd1_adaptor.hpp>

namespace fsrvp::test::fake {

/// A job on the bus.
class JobObject final : public sdbus::AdaptorInterfaces<org::fsrvpd1::Job_adaptor> {
  public:
    JobObject(sdbus::IConnection& connection, Shared& shared, JobState job);
    JobObject(const JobObject&) = delete;
    JobObject& operator=(const JobObject&) = delete;
    virtual ~JobObject();

    /// An element of ListJobs.
    Dict toRow() const;
    void setPhase(const std::string& phase);
    /// Ends the job as it was set up, or as cancelled.
    void end(bool cancelled);

  private:
    void Cancel(sdbus::Result<>&& result, Dict options) override;
    std::string Operation() override;
    std::string State() override;
    std::string Phase() override;
    std::uint64_t StartTime() override;
    std::uint64_t EndTime() override;
    std::uint32_t StartedByUid() override;
    Dict Result() override;
    sdbus::Struct<std::string, std::string> Error() override;

    Shared& shared_;
    JobState job_;
};

} // namespace fsrvp::test::fake
