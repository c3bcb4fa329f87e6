// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/mount/mounter.hpp"
#include "db/store.hpp"

#include <functional>
#include <string>

namespace fsrvp {

/// Writes all snapshots of a filter as JSON lines into a pipe, a page at a time and only as fast
/// as the reader reads, so that the loop is never held up.
class ExportStream {
  public:
    /// @param onEnd  called from the loop once it has ended, also because the reader went away
    ExportStream(EventLoop& loop,
                 db::Store& store,
                 mount::Mounter& mounter,
                 db::SnapshotFilter filter,
                 std::function<void()> onEnd);
    ExportStream(const ExportStream&) = delete;
    ExportStream& operator=(const ExportStream&) = delete;

    /// The end to read from; once.
    UniqueFd takeReader() { return std::move(reader_); }

  private:
    void write();
    void fill();

    db::Store& store_;
    mount::Mounter& mounter_;
    db::SnapshotFilter filter_;
    std::function<void()> onEnd_;
    UniqueFd reader_;
    UniqueFd writer_;
    std::string buffer_;
    std::size_t written_ = 0;
    bool lastPage_ = false;
    EventSource writable_;
};

} // namespace fsrvp
