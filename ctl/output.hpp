// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/model/check_line.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/snapshot.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::ctl {

/// What the user asked of all output.
struct OutputOptions {
    bool json = false;
    bool quiet = false;               ///< no progress and no notes on stderr
    const char* program = "fsrvpctl"; ///< the name that it was called by
};

/// Writes to stdout. @throws Error(Failed) when that fails, by flush() at the latest
void print(std::string_view text);
void flush();

/// A line on stderr that is no error, "fsrvpctl: …"; not when quiet.
void note(const OutputOptions& options, std::string_view text);

/// Prints what failed, two lines on stderr or JSON on stdout, and gives fsrvpctl's exit status.
int reportError(const OutputOptions& options, const Error& error);
/// The value of "error" in JSON output.
nlohmann::ordered_json errorToJson(const Error& error);

/// The JSON object of schema 1 around snapshots, printed as they come:
/// {"schema": 1, "snapshots": [ … ]}, and "error" in it when something failed on the way.
class SnapshotDocument {
  public:
    SnapshotDocument();
    /// @param json  one snapshot, as snapshotToJson() writes it
    void add(std::string_view json);
    void end(const std::optional<Error>& error) const;

  private:
    bool isEmpty_ = true;
};

/// What a snapshot is now, for people, without a newline.
using Sentence = std::string (*)(const Snapshot&);
/// "snapshot 7 of //fs1/data is mounted at /run/fsrvpd/mnt/7".
std::string sentenceOf(const Snapshot& snapshot);
/// "… is still mounted at …" where other mount points than the one that was named are left.
std::string sentenceAfterUnmount(const Snapshot& snapshot);

/// What verbs that begin a job print: a line a snapshot, or the JSON document; then the error, when
/// the job had one. Gives the exit status.
int reportSnapshots(const OutputOptions& options,
                    const std::vector<Snapshot>& snapshots,
                    const std::optional<Error>& error,
                    Sentence sentence = sentenceOf);

/// What verbs that check something print: a line a check with its cure below, or
/// {"schema": 1, "checks": [ … ]}; then the error. Gives the exit status.
int reportChecks(const OutputOptions& options,
                 const std::vector<CheckLine>& checks,
                 const std::optional<Error>& error);

/// What reconcile prints: a line for each snapshot or share that is not as recorded, with what to
/// do below, and how many there are of each kind; or {"schema": 1, "findings": [ … ]} with all;
/// then the error. Gives the exit status.
int reportFindings(const OutputOptions& options,
                   const std::vector<Finding>& findings,
                   const std::optional<Error>& error);

/// Compact JSON of text that may come from anywhere: bytes that are not UTF-8 are replaced.
std::string dump(const nlohmann::ordered_json& json);

} // namespace fsrvp::ctl
