// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/event_loop.hpp"
#include "daemon/mount/mounter.hpp"

#include <chrono>
#include <memory>

namespace fsrvp::mount {

/// Where no systemd runs: mount(8) and umount(8) as children, in fsrvpd's own mount namespace,
/// found through PATH. They get no input, default signals, nothing of fsrvpd's but their stderr.
///
/// A call that ends early, by cancellation or because its Task is destroyed, kills the child with
/// all that it started; only a cancelled mount() stays to take back what may have been mounted.
class ExecMounter final : public Mounter {
  public:
    /// @param limit  how long a killed mount(8) is waited for: mount.cifs may be in the kernel
    explicit ExecMounter(EventLoop& loop,
                         std::chrono::milliseconds limit = std::chrono::seconds(20));
    ExecMounter(const ExecMounter&) = delete;
    ExecMounter& operator=(const ExecMounter&) = delete;
    ~ExecMounter() override;

    Task<void> mount(MountSpec spec, Cancellation& cancellation) override;
    Task<void> unmount(std::string where, Cancellation& cancellation) override;

    std::string mountInfo() const override { return "/proc/self/mountinfo"; }

    class Children;

  private:
    EventLoop& loop_;
    std::chrono::milliseconds limit_;
    std::unique_ptr<Children> children_;
};

} // namespace fsrvp::mount
