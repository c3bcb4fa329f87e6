// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/fakes/fake_manager.hpp"
#include "tests/fakes/fake_mounts.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>

/// What the parts of FakeManager share; for them only.
namespace fsrvp::test::fake {

using Dict = std::map<std::string, sdbus::Variant>;
/// Server, snapshot, share, status, hint.
using BusFinding = sdbus::Struct<std::string, std::uint64_t, std::string, std::string, std::string>;

/// A snapshot as GetSnapshot gives it.
Dict toBus(const Snapshot& snapshot);
/// A line as it is in a check's result.
Dict toBus(const CheckLine& line);
sdbus::Error busError(const fsrvp::Error& error);
/// @throws Error(InvalidArgument) there is a key that is not known
void checkKeys(const Dict& options, const std::set<std::string>& known);

/// A job; under the mutex of Shared.
struct JobState {
    std::int64_t id = 0;
    std::string operation;
    std::string state = "running";
    std::string phase = "connect";
    std::vector<std::string> subjects;
    std::vector<std::uint64_t> ids;
    std::vector<Dict> checks;         ///< in its result where there are any
    std::vector<BusFinding> findings; ///< as checks
    std::string errorName;
    std::string errorMessage;
    std::function<void(JobState&)> work; ///< what it does at its end
};

/// What the bus thread and the tests share; every member under mutex.
struct Shared {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::map<std::int64_t, Snapshot> snapshots;
    JobEnding ending = JobEnding::WhenRead;
    std::optional<fsrvp::Error> jobFailure;
    std::size_t partial = 0;
    std::optional<sdbus::Error> refusal;
    std::optional<std::size_t> breakAfter;
    std::string breakLine;
    std::size_t manyLines = 0;
    bool vanishAfter = false;
    std::size_t reads = 0;
    std::size_t cancels = 0;
    std::map<std::string, FakeCredential> credentials;
    std::vector<CheckLine> checks;
    std::vector<Finding> findings;
    SeenCreate seen;
    SeenCall call;
    FakeMounts mounts;
};

} // namespace fsrvp::test::fake
