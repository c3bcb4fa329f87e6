// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/check_line.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::test {

/// How the jobs of a FakeManager end.
enum class JobEnding {
    BeforeReply,     ///< before the caller learns its path, so before any subscription
    WhenRead,        ///< once its state has been read: after the subscription
    WhenCancelled,   ///< only by Cancel
    NotEvenCancelled ///< Cancel is taken and changes nothing
};

/// What CreateSnapshot was called with.
struct SeenCreate {
    std::vector<std::string> sources;
    std::vector<std::string> optionKeys;
    bool mount = true;
    std::string destination;
    bool shareRoot = false;
    std::string context;
    std::string description;
    std::map<std::string, std::string> labels;
    std::uint64_t timeoutSec = 0;
    bool writable = false;
    std::string credential;
};

/// What SetCredential was called with.
struct FakeCredential {
    std::string kind;
    std::string user;
    std::string domain;
    std::string secret;
    std::string storage = "encrypted";
    std::string problem;
};

/// What the last method that begins a job was called with.
struct SeenCall {
    std::string method;
    std::vector<std::string> ids; ///< of CheckSource the source, of TestCredential the name, of
                                  ///< Reconcile the servers
    std::vector<std::string> optionKeys;
    std::string destination;
    std::uint64_t timeoutSec = 0;
    bool lazy = false;
    std::string credential;
    std::string server;
    bool forgetMissing = false;
    std::string adopt;
    std::string set;
};

/// org.fsrvpd1 on a bus, with snapshots and jobs in memory and no server behind it; for tests of
/// programs that use the API. Runs on a thread of its own; members may be called from any.
/// Destroying it is fsrvpd's sudden end.
class FakeManager {
  public:
    /// Owns the name when it returns.
    explicit FakeManager(const std::string& busAddress);
    FakeManager(const FakeManager&) = delete;
    FakeManager& operator=(const FakeManager&) = delete;
    ~FakeManager();

    /// An exposed snapshot, numbered from 1.
    static Snapshot snapshot(std::int64_t id);
    void add(const Snapshot& snapshot);

    /// A share is mounted there on the fake's host, so that paths below it are sources.
    void addShare(const std::string& path, const Unc& share);
    /// No snapshot can be mounted there.
    void refuseDestination(const std::string& path, const Error& error);
    /// Mounting fails with this; a new snapshot stays then, and its job's error is Partial.
    void failMounts(const Error& error);
    /// Somebody uses what is mounted there: unmounting it and deleting it are refused as Busy.
    void holdMount(const std::string& path, const std::string& who);

    void addCredential(const std::string& name, const FakeCredential& credential);
    std::map<std::string, FakeCredential> credentials() const;
    /// What CheckSource and TestCredential find, also where their job fails. Where there is no cure
    /// its line has neither `cure` nor `machine` on the bus.
    void setChecks(const std::vector<CheckLine>& lines);

    /// What Reconcile finds, also where its job fails.
    void setFindings(const std::vector<Finding>& findings);

    void endJobs(JobEnding how);
    /// Every job fails with this; those of `partial` succeed before it (create: the first sources;
    /// delete: the first ids).
    void failJobs(const Error& error, std::size_t partial = 0);
    /// Every method call is answered with this error.
    void refuse(const Error& error);
    /// As refuse, by any D-Bus error name.
    void refuse(const std::string& name, const std::string& message);
    /// ExportSnapshots sends this after that many lines, raw, and ends.
    void breakExport(std::size_t afterLines, const std::string& raw);
    /// ExportSnapshots sends that many lines of made-up snapshots.
    void exportMany(std::size_t lines);
    /// fsrvpd ends inside ExportSnapshots, between two lines.
    void vanishInExport(std::size_t afterLines);

    /// False when it did not happen in time.
    bool waitUntilJobIsRead(std::chrono::seconds limit = std::chrono::seconds(10)) const;
    bool waitUntilCancelled(std::chrono::seconds limit = std::chrono::seconds(10)) const;
    SeenCreate lastCreate() const;
    SeenCall lastCall() const;
    Snapshot find(std::int64_t id) const;

    /// Leaves the bus as a process does that ends.
    void vanish();
    /// Has the running jobs say this phase.
    void setPhase(const std::string& phase);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace fsrvp::test
