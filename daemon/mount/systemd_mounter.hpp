// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/mount/mounter.hpp"
#include "daemon/mount/runtime_files.hpp"

#include <map>
#include <memory>
#include <string>

namespace sdbus {
class IConnection;
class IProxy;
} // namespace sdbus

namespace fsrvp::mount {

/// The installed form: PID 1 runs mount.cifs and umount as transient .mount units
/// (StartTransientUnit, StopUnit, JobRemoved of org.freedesktop.systemd1), in the host's mount
/// namespace; the mounts outlive fsrvpd and are ordered before their parents at shutdown.
class SystemdMounter final : public Mounter {
  public:
    /// @param connection  to the system bus, processed by the loop
    SystemdMounter(EventLoop& loop, sdbus::IConnection& connection, RuntimeFiles& files);
    SystemdMounter(const SystemdMounter&) = delete;
    SystemdMounter& operator=(const SystemdMounter&) = delete;
    ~SystemdMounter() override;

    Task<void> mount(MountSpec spec, Cancellation& cancellation) override;
    Task<void> unmount(std::string where, Cancellation& cancellation) override;

    std::string mountInfo() const override { return "/proc/1/mountinfo"; }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fsrvp::mount
