// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/model/check_line.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::ctl {

struct CreateOptions {
    bool mount = true;
    std::optional<std::string> destination; ///< canonical
    bool shareRoot = false;
    std::optional<std::string> context;
    bool writable = false;
    std::string description;
    std::map<std::string, std::string> labels;
    std::optional<std::string> credential; ///< the name of one that fsrvpd keeps
    std::optional<std::chrono::seconds> timeout;
};

struct ReconcileOptions {
    bool forgetMissing = false;
    std::optional<std::string> adopt; ///< an exposed share
    std::optional<std::string> set;   ///< its set's GUID
    std::optional<std::chrono::seconds> timeout;
};

struct ListFilter {
    std::optional<std::string> source;
    bool all = false; ///< also deleted and failed ones
};

/// A row of Manager.ListCredentials.
struct CredentialInfo {
    std::string name;
    std::string kind;
    std::string user;
    std::string domain;
    std::string storage; ///< "encrypted", "plain"
    std::string problem; ///< why it cannot be used; then only it and the name are known
};

/// What SetCredential is told besides the secret.
struct CredentialOptions {
    std::string kind; ///< "password", "keytab"
    std::string user;
    std::string domain;
};

/// A row of Manager.ListJobs.
struct JobInfo {
    std::int64_t id = 0;
    std::string operation;
    std::string state;
    std::string phase; ///< empty unless it runs
    std::vector<std::string> subjects;
    std::uint32_t startedByUid = 0;
    TimeUs start{};
    std::optional<TimeUs> end;
    std::string errorName; ///< empty unless it failed
    std::string errorMessage;
    bool hasObject = false; ///< its object on the bus is still there
};

/// How a job ended.
struct JobEnd {
    std::vector<std::int64_t> ids; ///< of the snapshots that it did what it is for
    std::vector<CheckLine> checks; ///< of a check
    std::vector<Finding> findings; ///< of reconcile
    std::optional<Error> error;    ///< Cancelled when it was cancelled
};

/// Watches one job. Made by Client, which must outlive it.
class JobWatch {
  public:
    struct Impl;
    explicit JobWatch(std::unique_ptr<Impl> impl) noexcept;
    JobWatch(JobWatch&&) noexcept;
    JobWatch& operator=(JobWatch&&) = delete;
    ~JobWatch();

    /// Waits for the job's end; nothing when `wakeUpFd` (borrowed, -1 for none) became readable
    /// first. onPhase is called with the phase now and with each one that follows.
    /// @throws Error(DaemonUnreachable) when fsrvpd or the bus goes
    std::optional<JobEnd> wait(int wakeUpFd,
                               const std::function<void(const std::string&)>& onPhase);

  private:
    std::unique_ptr<Impl> impl_;
};

/// A list on its way from fsrvpd.
class Export {
  public:
    struct Impl;
    explicit Export(std::unique_ptr<Impl> impl) noexcept;
    Export(Export&&) noexcept;
    Export& operator=(Export&&) = delete;
    ~Export();

    /// The reading end of the pipe; owned by this.
    int fd() const noexcept;
    /// After the end of the pipe: that it is the end of the list.
    /// @throws Error(DaemonUnreachable) when the fsrvpd that wrote it has gone
    void checkComplete() const;

  private:
    std::unique_ptr<Impl> impl_;
};

/// fsrvpd as seen over the system bus. Every member throws Error: what fsrvpd answered;
/// DaemonUnreachable when it or the bus does not answer; NotAuthorized when the bus refuses.
class Client {
  public:
    struct Impl;
    /// Connects to the system bus (DBUS_SYSTEM_BUS_ADDRESS).
    Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Gives the job's number.
    std::int64_t createSnapshots(const std::vector<std::string>& sources,
                                 const CreateOptions& options);
    /// @param destination  canonical; nothing for the default one
    std::int64_t mountSnapshot(const std::string& id,
                               const std::optional<std::string>& destination,
                               std::optional<std::chrono::seconds> timeout);
    std::int64_t
    unmountSnapshot(const std::string& id, bool lazy, std::optional<std::chrono::seconds> timeout);
    std::int64_t deleteSnapshots(const std::vector<std::string>& ids,
                                 std::optional<std::chrono::seconds> timeout);
    std::int64_t checkSource(const std::string& source,
                             const std::optional<std::string>& credential,
                             std::optional<std::chrono::seconds> timeout);
    /// @param servers  each "HOST" or "HOST:PORT"; none: all that fsrvpd knows
    std::int64_t reconcile(const std::vector<std::string>& servers,
                           const ReconcileOptions& options);
    /// @param server  "HOST" or "HOST:PORT"
    std::int64_t testCredential(const std::string& name,
                                const std::string& server,
                                std::optional<std::chrono::seconds> timeout);
    Export exportSnapshots(const ListFilter& filter);
    Snapshot getSnapshot(const std::string& id);

    /// @param secret  to be read to its end
    void setCredential(const std::string& name, UniqueFd secret, const CredentialOptions& options);
    void removeCredential(const std::string& name);
    std::vector<CredentialInfo> listCredentials();

    /// Newest first.
    std::vector<JobInfo> listJobs(std::uint32_t limit);
    /// The snapshots in the job's result so far. @throws Error(NotFound) two minutes after its end
    std::vector<std::int64_t> jobResult(std::int64_t job);
    /// @throws Error(NotFound) there is no such job, or it ended more than two minutes ago
    void cancelJob(std::int64_t job);
    JobWatch watchJob(std::int64_t job);

  private:
    std::unique_ptr<Impl> impl_;
};

} // namespace fsrvp::ctl
