// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/boot_clock.hpp"
#include "daemon/base/cancellation.hpp"
#include "daemon/base/task.hpp"
#include "daemon/model/job_record.hpp"
#include "daemon/model/server_id.hpp"
#include "daemon/model/unc.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::jobs {

/// Keeps AddToShadowCopySet of one share more than a second apart: Samba's vfs_btrfs names a
/// snapshot by the second of that call, and the commit of the second one with a name fails.
class AddSpacing {
  public:
    explicit AddSpacing(EventLoop& loop,
                        std::chrono::milliseconds gap = std::chrono::milliseconds(1100)) noexcept
        : loop_(loop), gap_(gap) {}

    /// Waits until all the shares may be added. @throws the reason of a cancellation
    Task<void> wait(ServerId server, std::vector<Unc> shares, Cancellation& cancellation);
    /// The share is being added now.
    void added(const ServerId& server, const Unc& share);
    /// Jobs of the fsrvpd before this one: when a create was open, or has just ended, any share
    /// may have been added just now.
    void resume(const std::vector<JobRecord>& jobs);

  private:
    using Key = std::pair<ServerId, std::string>; // share in lower case (A to Z)

    EventLoop& loop_;
    std::chrono::milliseconds gap_;
    std::map<Key, BootClock::time_point> last_;
    BootClock::time_point allAllowed_ = BootClock::time_point::min();
};

} // namespace fsrvp::jobs
