// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/jobs/services.hpp"

#include <cstdint>
#include <set>

namespace fsrvp::jobs {

/// Notices when a mount of ours goes that no job of ours unmounted, and says so in the log. The
/// kernel tells of changes of mountinfo; nothing is asked in between.
class MountWatch {
  public:
    /// @throws Error(Failed) when mountinfo can't be watched
    explicit MountWatch(Services services);
    MountWatch(const MountWatch&) = delete;
    MountWatch& operator=(const MountWatch&) = delete;

  private:
    void lookSoon();
    void look();
    std::set<std::int64_t> findAbsent();

    Services services_;
    UniqueFd file_;
    EventSource changed_;
    EventSource timer_;
    std::set<std::int64_t> absent_; ///< records that were not mounted when it last looked
};

} // namespace fsrvp::jobs
