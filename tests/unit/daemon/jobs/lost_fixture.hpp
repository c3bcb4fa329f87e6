// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/unit/daemon/jobs/jobs_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::jobs {

inline std::chrono::sys_seconds thisSecond() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// A server whose clock goes as ours does, but for a second that it gives to one snapshot only.
inline fakes::FssOptions likeOurs() {
    fakes::FssOptions options;
    options.clock = [last = std::chrono::sys_seconds()]() mutable {
        last = std::max(last + std::chrono::seconds(1), thisSecond());
        return last;
    };
    return options;
}

class LostTest : public JobsTest {
  protected:
    /// The timer runs out between the commit and Expose.
    static void expireAfterCommit(FssServer& server) {
        server.onCall([&server](std::string_view call) {
            if (call == "ExposeShadowCopySet") {
                server.expireSequence();
            }
        });
    }

    /// A commit never arrives, and the server does not know its set any more.
    static void restartBeforeCommit(FssServer& server) {
        server.onCall([&server](std::string_view call) {
            if (call == "CommitShadowCopySet") {
                server.restartWorker();
            }
        });
    }

    std::vector<std::string> remains() {
        std::vector<std::string> all;
        for (const Snapshot& copy : store().listLost()) {
            all.push_back(copy.remains);
        }
        return all;
    }

    static std::string directory(const FssServer& server, const std::string& share) {
        return "directory " + server.directories(share).at(0) + " in share " + share;
    }
};

} // namespace fsrvp::jobs
