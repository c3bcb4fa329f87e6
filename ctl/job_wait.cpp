// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/job_wait.hpp"

#include "ctl/interruption.hpp"
#include "ctl/text.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::ctl {
namespace {

/// One line on stderr that is written over and goes away at the end. Only on a terminal.
class Progress {
  public:
    explicit Progress(const OutputOptions& options)
        : isOn_(!options.quiet && isatty(STDERR_FILENO) == 1) {}

    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    ~Progress() { clear(); }

    void show(const std::string& text) {
        if (isOn_) {
            std::fputs(("\r" + printable(text) + "\x1b[K").c_str(), stderr);
            isShown_ = true;
        }
    }

    void clear() {
        if (isShown_) {
            std::fputs("\r\x1b[K", stderr);
            isShown_ = false;
        }
    }

  private:
    bool isOn_;
    bool isShown_ = false;
};

std::string nameOf(std::int64_t job) {
    return "job " + std::to_string(job);
}

JobEnd follow(const OutputOptions& options, Client& client, std::int64_t job, int interrupted) {
    Progress progress(options);
    JobWatch watch = client.watchJob(job);
    const auto showPhase = [&](const std::string& phase) {
        progress.show(nameOf(job) + ": " + phase);
    };
    if (std::optional<JobEnd> end = watch.wait(interrupted, showPhase)) {
        return *end;
    }
    progress.clear();
    note(options, "cancelling " + nameOf(job) + "; once more to leave at once");
    client.cancelJob(job);
    return *watch.wait(-1, showPhase);
}

/// Begins the job and sees it through; nothing when the user does not want to wait, after its
/// number was printed.
std::optional<JobEnd> beginAndFollow(const OutputOptions& options,
                                     Waiting waiting,
                                     Client& client,
                                     const std::function<std::int64_t(Client&)>& begin) {
    if (waiting == Waiting::No) {
        const std::string job = std::to_string(begin(client));
        print(options.json ? "{\"schema\": 1, \"job\": " + job + "}\n" : job + "\n");
        return std::nullopt;
    }
    std::atomic<std::int64_t> job{0};
    const auto leave = [&] {
        const std::string what = job == 0 ? "a job that may have begun" : nameOf(job);
        const int status =
            reportError(options, Error(Errc::Cancelled, "left " + what + " before its end"));
        std::fflush(nullptr);
        ::_exit(status);
    };
    const Interruption interruption(leave);
    job = begin(client);
    return follow(options, client, job, interruption.fd());
}

} // namespace

int runJob(const OutputOptions& options,
           Waiting waiting,
           const std::function<std::int64_t(Client&)>& begin,
           Sentence sentence) {
    Client client;
    const std::optional<JobEnd> end = beginAndFollow(options, waiting, client, begin);
    if (!end) {
        return 0;
    }
    std::vector<Snapshot> snapshots;
    try {
        for (const std::int64_t id : end->ids) {
            snapshots.push_back(client.getSnapshot(std::to_string(id)));
        }
    } catch (const Error& error) {
        throw end->error.value_or(
            error.withContext("the job is done, but its snapshots cannot be shown"));
    }
    return reportSnapshots(options, snapshots, end->error, sentence);
}

int runCheck(const OutputOptions& options,
             Waiting waiting,
             const std::function<std::int64_t(Client&)>& begin) {
    Client client;
    const std::optional<JobEnd> end = beginAndFollow(options, waiting, client, begin);
    return end ? reportChecks(options, end->checks, end->error) : 0;
}

int runReconcile(const OutputOptions& options,
                 Waiting waiting,
                 const std::function<std::int64_t(Client&)>& begin) {
    Client client;
    const std::optional<JobEnd> end = beginAndFollow(options, waiting, client, begin);
    return end ? reportFindings(options, end->findings, end->error) : 0;
}

} // namespace fsrvp::ctl
