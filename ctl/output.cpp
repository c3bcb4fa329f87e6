// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/output.hpp"

#include "ctl/text.hpp"
#include "daemon/model/snapshot_json.hpp"
#include "dbus/error_table.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>

namespace fsrvp::ctl {
namespace {

[[noreturn]] void cannotWrite() {
    throw Error(Errc::Failed, std::string("cannot write to stdout: ") + std::strerror(errno))
        .withHint("check the disk or the program that stdout goes to");
}

std::optional<std::string> hresultText(const Error& error) {
    if (!error.hresult()) {
        return std::nullopt;
    }
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0x%08x", *error.hresult());
    return text.data();
}

void printErrorForPeople(const OutputOptions& options, const Error& error) {
    std::string text = std::string(options.program) + ": " + printable(error.what());
    if (const auto hresult = hresultText(error)) {
        text += " (hresult " + *hresult + ")";
    }
    text += '\n';
    if (const std::string_view hint = hintOf(error); !hint.empty()) {
        text += "  hint: " + printable(hint) + '\n';
    }
    std::fputs(text.c_str(), stderr);
}

std::string subjectOf(const Snapshot& snapshot) {
    return "snapshot " + std::to_string(snapshot.id) + " of " + printable(snapshot.source.text());
}

std::string join(const std::vector<std::string>& paths) {
    std::string text;
    for (const std::string& path : paths) {
        text += (text.empty() ? "" : ", ") + printable(path);
    }
    return text;
}

int exitCodeOf(const std::optional<Error>& error) {
    return error ? errorRow(error->code()).exitCode : 0;
}

Tone toneOfVerdict(const std::string& verdict) {
    if (verdict == "ok") {
        return Tone::Good;
    }
    if (verdict == "failed") {
        return Tone::Bad;
    }
    return verdict == "warning" ? Tone::Busy : Tone::Faint;
}

Tone toneOfFinding(FindingStatus status) {
    if (isTrouble(status)) {
        return Tone::Bad;
    }
    return status == FindingStatus::Foreign ? Tone::Busy : Tone::Good;
}

/// "3 ok, 1 missing", in the order of the enumerators.
std::string countsOf(const std::vector<Finding>& findings) {
    std::map<FindingStatus, std::size_t> counts;
    for (const Finding& finding : findings) {
        ++counts[finding.status];
    }
    std::string text;
    for (const auto& [status, count] : counts) {
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " +
                std::string(findingStatusName(status));
    }
    return text.empty() ? "no snapshots" : text;
}

int reportFindingsAsJson(const std::vector<Finding>& findings, const std::optional<Error>& error) {
    nlohmann::ordered_json document{{"schema", 1}, {"findings", nlohmann::ordered_json::array()}};
    for (const Finding& finding : findings) {
        document["findings"].push_back({{"server", finding.server},
                                        {"id", finding.id},
                                        {"share", finding.share},
                                        {"status", findingStatusName(finding.status)},
                                        {"hint", finding.hint}});
    }
    if (error) {
        document["error"] = errorToJson(*error);
    }
    print(dump(document) + '\n');
    return exitCodeOf(error);
}

} // namespace

void print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
        cannotWrite();
    }
}

void flush() {
    if (std::fflush(stdout) != 0) {
        cannotWrite();
    }
}

void note(const OutputOptions& options, std::string_view text) {
    if (!options.quiet) {
        std::fputs((std::string(options.program) + ": " + printable(text) + '\n').c_str(), stderr);
    }
}

int reportError(const OutputOptions& options, const Error& error) {
    if (options.json) {
        std::puts(("{\"schema\": 1, \"error\": " + dump(errorToJson(error)) + "}").c_str());
    } else {
        printErrorForPeople(options, error);
    }
    return errorRow(error.code()).exitCode;
}

nlohmann::ordered_json errorToJson(const Error& error) {
    nlohmann::ordered_json json;
    json["name"] = errorBusName(error.code());
    const auto hresult = hresultText(error);
    json["hresult"] = hresult ? nlohmann::ordered_json(*hresult) : nlohmann::ordered_json(nullptr);
    json["message"] = error.what();
    json["hint"] = hintOf(error);
    return json;
}

SnapshotDocument::SnapshotDocument() {
    print("{\"schema\": 1, \"snapshots\": [");
}

void SnapshotDocument::add(std::string_view json) {
    print(isEmpty_ ? "\n" : ",\n");
    print(json);
    isEmpty_ = false;
}

void SnapshotDocument::end(const std::optional<Error>& error) const {
    print(isEmpty_ ? "]" : "\n]");
    if (error) {
        print(", \"error\": " + dump(errorToJson(*error)));
    }
    print("}\n");
}

std::string sentenceOf(const Snapshot& snapshot) {
    const std::string is = subjectOf(snapshot) + " is ";
    if (!snapshot.mountPoints.empty()) {
        return is + "mounted at " + join(snapshot.mountPoints);
    }
    if (snapshot.state == CopyState::Exposed) {
        return is + "exposed as " + printable(snapshot.exposed) + ", not mounted";
    }
    const std::string left = snapshot.remains.empty() ? "" : ": " + printable(snapshot.remains);
    return is + std::string(copyStateName(snapshot.state)) + left;
}

std::string sentenceAfterUnmount(const Snapshot& snapshot) {
    return snapshot.mountPoints.empty()
               ? sentenceOf(snapshot)
               : subjectOf(snapshot) + " is still mounted at " + join(snapshot.mountPoints);
}

int reportSnapshots(const OutputOptions& options,
                    const std::vector<Snapshot>& snapshots,
                    const std::optional<Error>& error,
                    Sentence sentence) {
    if (snapshots.empty() && error) {
        return reportError(options, *error);
    }
    if (options.json) {
        SnapshotDocument document;
        for (const Snapshot& snapshot : snapshots) {
            document.add(dump(snapshotToJson(snapshot)));
        }
        document.end(error);
        return exitCodeOf(error);
    }
    for (const Snapshot& snapshot : snapshots) {
        print(sentence(snapshot) + '\n');
    }
    if (error) {
        flush(); // what succeeded comes first, also where both streams go to one file
        printErrorForPeople(options, *error);
    }
    return exitCodeOf(error);
}

int reportChecks(const OutputOptions& options,
                 const std::vector<CheckLine>& checks,
                 const std::optional<Error>& error) {
    if (checks.empty() && error) {
        return reportError(options, *error);
    }
    if (options.json) {
        nlohmann::ordered_json document{{"schema", 1}, {"checks", nlohmann::ordered_json::array()}};
        for (const CheckLine& line : checks) {
            document["checks"].push_back({{"name", line.name},
                                          {"verdict", line.verdict},
                                          {"text", line.text},
                                          {"cure", line.cure},
                                          {"machine", line.machine}});
        }
        if (error) {
            document["error"] = errorToJson(*error);
        }
        print(dump(document) + '\n');
        return exitCodeOf(error);
    }
    std::vector<Row> rows;
    for (const CheckLine& line : checks) {
        Row& row = rows.emplace_back(Row{{line.name}, {line.verdict, toneOfVerdict(line.verdict)}});
        if (!line.text.empty()) {
            row.push_back({line.text});
        }
        if (!line.cure.empty()) {
            const std::string where = line.machine.empty() ? "" : "on " + line.machine + ": ";
            rows.push_back({{}, {}, {where + line.cure}});
        }
    }
    print(renderTable({"CHECK", "RESULT", "FOUND"}, std::move(rows), colourFor(STDOUT_FILENO)));
    if (error) {
        flush();
        printErrorForPeople(options, *error);
    }
    return exitCodeOf(error);
}

int reportFindings(const OutputOptions& options,
                   const std::vector<Finding>& findings,
                   const std::optional<Error>& error) {
    if (findings.empty() && error) {
        return reportError(options, *error);
    }
    if (options.json) {
        return reportFindingsAsJson(findings, error);
    }
    std::vector<Row> rows;
    for (const Finding& finding : findings) {
        if (finding.status == FindingStatus::Ok) {
            continue;
        }
        rows.push_back(
            {{finding.id == 0 ? "-" : std::to_string(finding.id)},
             {finding.server},
             {std::string(findingStatusName(finding.status)), toneOfFinding(finding.status)},
             {finding.share}});
        if (!finding.hint.empty()) {
            rows.push_back({{}, {}, {}, {finding.hint}});
        }
    }
    if (!rows.empty()) {
        print(renderTable(
            {"ID", "SERVER", "STATUS", "SHARE"}, std::move(rows), colourFor(STDOUT_FILENO)));
    }
    print(countsOf(findings) + '\n');
    if (error) {
        flush();
        printErrorForPeople(options, *error);
    }
    return exitCodeOf(error);
}

std::string dump(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace fsrvp::ctl
