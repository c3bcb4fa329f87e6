// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job.hpp"
#include "dbus/callers.hpp"
#include "dbus/options.hpp"
#include "fsrvpd1_adaptor.hpp"

#include <memory>

namespace fsrvp {

/// org.fsrvpd1.Job: shows one job on the bus.
class JobObject final : public sdbus::AdaptorInterfaces<org::fsrvpd1::Job_adaptor> {
  public:
    /// @param tasks  where its method calls run
    JobObject(sdbus::IConnection& connection,
              std::shared_ptr<jobs::Job> job,
              Callers& callers,
              TaskGroup& tasks);
    JobObject(const JobObject&) = delete;
    JobObject& operator=(const JobObject&) = delete;
    ~JobObject();

  private:
    std::string Operation() override;
    std::string State() override;
    std::string Phase() override;
    std::uint64_t StartTime() override;
    std::uint64_t EndTime() override;
    std::uint32_t StartedByUid() override;
    Variants Result() override;
    sdbus::Struct<std::string, std::string> Error() override;
    void Cancel(sdbus::Result<>&& result, Variants options) override;

    void announce();

    std::shared_ptr<jobs::Job> job_;
    Callers& callers_;
    TaskGroup& tasks_;
};

} // namespace fsrvp
