// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <optional>
#include <string>

namespace fsrvp::test {

/// A D-Bus daemon of its own that calls itself the system bus, and lets every user do everything.
class PrivateBus {
  public:
    /// Returns when the bus takes connections.
    PrivateBus();

    /// For DBUS_SYSTEM_BUS_ADDRESS.
    std::string address() const;

  private:
    std::string socketPath() const;
    bool answers() const;

    TempDir dir_;
    std::optional<Process> daemon_;
};

} // namespace fsrvp::test
