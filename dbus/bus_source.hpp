// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"

#include <sdbus-c++/IConnection.h>

struct sd_event_source;

namespace fsrvp {

/// Has the loop read and dispatch a D-Bus connection, both borrowed. When the bus goes, the loop's
/// run() throws sdbus::Error.
class BusSource {
  public:
    BusSource(EventLoop& loop, sdbus::IConnection& connection);
    BusSource(const BusSource&) = delete;
    BusSource& operator=(const BusSource&) = delete;
    ~BusSource();

  private:
    void prepare();
    void dispatch();

    EventLoop& loop_;
    sdbus::IConnection& connection_;
    sd_event_source* io_ = nullptr;
    sd_event_source* timer_ = nullptr;
};

} // namespace fsrvp
