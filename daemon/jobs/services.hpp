// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/agent/pool.hpp"
#include "daemon/base/event_loop.hpp"
#include "daemon/config/config.hpp"
#include "daemon/credentials/credentials.hpp"
#include "daemon/jobs/add_spacing.hpp"
#include "daemon/jobs/turns.hpp"
#include "daemon/mount/mounter.hpp"
#include "daemon/mount/path_helper.hpp"
#include "daemon/mount/runtime_files.hpp"
#include "db/store.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace fsrvp::jobs {

/// What every job works with. All borrowed from main.
struct Services {
    EventLoop& loop;
    db::Store& store;
    agent::Pool& pool;
    ServerTurns& servers;
    SnapshotTurns& snapshots;
    AddSpacing& spacing;
    mount::Mounter& mounter;
    mount::PathHelper& paths;
    mount::RuntimeFiles& files;
    Credentials& credentials;
    /// The configuration as it is now; a job asks once and keeps what it got.
    std::function<std::shared_ptr<const Config>()> config;
};

inline TimeUs now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

} // namespace fsrvp::jobs
