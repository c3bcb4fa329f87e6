// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace fsrvp::jobs {

/// What a job is doing, for people; on the bus by these names.
enum class Phase {
    Wait,
    Connect,
    Check,
    Start,
    Add,
    Prepare,
    Commit,
    Expose,
    Map,
    Recover,
    Mount,
    Unmount,
    Delete,
    Settle
};

constexpr std::string_view phaseName(Phase phase) noexcept {
    constexpr std::string_view names[] = {"wait",
                                          "connect",
                                          "check",
                                          "start",
                                          "add",
                                          "prepare",
                                          "commit",
                                          "expose",
                                          "map",
                                          "recover",
                                          "mount",
                                          "unmount",
                                          "delete",
                                          "settle"};
    return names[static_cast<unsigned>(phase)];
}

} // namespace fsrvp::jobs
