// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <concepts>
#include <thread>

namespace fsrvp::test {

/// Asks every 10 ms until the predicate holds; false when it still does not after `deadline`.
template <std::predicate Predicate>
bool waitFor(Predicate predicate, std::chrono::milliseconds deadline) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!predicate()) {
        if (std::chrono::steady_clock::now() >= end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

} // namespace fsrvp::test
