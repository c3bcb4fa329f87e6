// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/export_stream.hpp"

#include "daemon/base/error.hpp"
#include "daemon/jobs/mount_status.hpp"
#include "daemon/model/snapshot_json.hpp"
#include "dbus/error_table.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace fsrvp {

ExportStream::ExportStream(EventLoop& loop,
                           db::Store& store,
                           mount::Mounter& mounter,
                           db::SnapshotFilter filter,
                           std::function<void()> onEnd)
    : store_(store), mounter_(mounter), filter_(std::move(filter)), onEnd_(std::move(onEnd)) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Error(Errc::Failed, std::string("cannot make a pipe: ") + std::strerror(errno));
    }
    reader_.reset(ends[0]);
    writer_.reset(ends[1]);
    fcntl(writer_.get(), F_SETFL, O_NONBLOCK);
    filter_.limit = 500;
    writable_ = loop.watch(writer_.get(), EPOLLOUT, [this](std::uint32_t) { write(); });
}

void ExportStream::fill() {
    buffer_.clear();
    written_ = 0;
    try {
        std::vector<Snapshot> page = store_.listSnapshots(filter_);
        jobs::tellMounts(page, store_.listMounts(), mounter_.table());
        lastPage_ = page.size() < filter_.limit;
        for (const Snapshot& snapshot : page) {
            buffer_ += snapshotToJson(snapshot).dump();
            buffer_ += '\n';
            filter_.afterId = snapshot.id;
        }
    } catch (const Error& error) {
        lastPage_ = true;
        const nlohmann::json line{
            {"error",
             {{"name", errorBusName(error.code())}, {"message", errorToBusMessage(error)}}}};
        buffer_ += line.dump() + "\n";
    }
}

void ExportStream::write() {
    if (written_ == buffer_.size() && !lastPage_) {
        fill();
    }
    const ssize_t count =
        ::write(writer_.get(), buffer_.data() + written_, buffer_.size() - written_);
    if (count > 0) {
        written_ += static_cast<std::size_t>(count);
    }
    const bool readerGone = count < 0 && errno != EAGAIN && errno != EINTR;
    if (readerGone || (lastPage_ && written_ == buffer_.size())) {
        writable_.reset();
        writer_.reset();
        onEnd_();
    }
}

} // namespace fsrvp
