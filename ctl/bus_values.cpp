// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/bus_values.hpp"

#include "dbus/error_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

namespace fsrvp::ctl {
namespace {

/// Reads the entries of one a{sv}; `what` names it in messages.
class Reader {
  public:
    Reader(const Dict& dict, const char* what) : dict_(dict), what_(what) {}

    template <class T> std::optional<T> find(const char* key) const {
        const auto entry = dict_.find(key);
        if (entry == dict_.end()) {
            return std::nullopt;
        }
        if (!entry->second.containsValueOfType<T>()) {
            refuse(std::string("its '") + key + "' has the wrong type");
        }
        return entry->second.get<T>();
    }

    template <class T> T get(const char* key) const {
        std::optional<T> value = find<T>(key);
        if (!value) {
            refuse(std::string("it has no '") + key + "'");
        }
        return *std::move(value);
    }

    std::optional<TimeUs> findTime(const char* key) const {
        const auto micros = find<std::uint64_t>(key);
        if (!micros) {
            return std::nullopt;
        }
        return TimeUs(std::chrono::microseconds(static_cast<std::int64_t>(*micros)));
    }

    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(Errc::Protocol, std::string("cannot read ") + what_ + " from fsrvpd: " + why)
            .withHint("fsrvpd and fsrvpctl must be of the same version");
    }

  private:
    const Dict& dict_;
    const char* what_;
};

/// The reverse of ServerId::text().
ServerId serverFromText(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || text.find(':', colon + 1) != std::string::npos) {
        return ServerId{text, kSmbPort}; // no port, or an IPv6 address
    }
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end) {
        return ServerId{text, kSmbPort};
    }
    return ServerId{text.substr(0, colon), port};
}

bool isOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool meansUnreachable(std::string_view name) {
    constexpr std::string_view kBus = "org.freedesktop.DBus.Error.";
    constexpr std::string_view kErrno = "System.Error."; // sd-bus, for an errno without a name
    if (name.starts_with(kBus)) {
        name.remove_prefix(kBus.size());
        return name.starts_with("Spawn.") || isOneOf(name,
                                                     {"ServiceUnknown",
                                                      "NameHasNoOwner",
                                                      "NoReply",
                                                      "Timeout",
                                                      "TimedOut",
                                                      "Disconnected",
                                                      "NoServer",
                                                      "NoNetwork"});
    }
    if (name.starts_with(kErrno)) {
        return isOneOf(name.substr(kErrno.size()),
                       {"ENOTCONN", "ECONNRESET", "EPIPE", "ESHUTDOWN", "ECONNREFUSED"});
    }
    return false;
}

} // namespace

Snapshot snapshotFromBus(const Dict& dict) {
    const Reader reader(dict, "a snapshot");
    Snapshot s;
    s.id = static_cast<std::int64_t>(reader.get<std::uint64_t>("id"));
    const auto state = parseCopyState(reader.get<std::string>("state"));
    if (!state) {
        reader.refuse("its state is '" + reader.get<std::string>("state") + "'");
    }
    s.state = *state;
    s.remains = reader.find<std::string>("remains").value_or("");
    try {
        s.snapshotId = Guid::parse(reader.get<std::string>("snapshot_id"));
        s.setId = Guid::parse(reader.get<std::string>("set_id"));
        s.source = Unc::parse(reader.get<std::string>("source"));
        s.context = parseContext(reader.get<std::string>("context"));
    } catch (const Error& error) {
        if (error.code() == Errc::Protocol) {
            throw;
        }
        reader.refuse(error.what());
    }
    s.server = serverFromText(reader.get<std::string>("server"));
    s.exposed = reader.get<std::string>("exposed");
    s.created = reader.findTime("created");
    s.completed = reader.findTime("completed");
    s.writable = reader.get<bool>("writable");
    s.ownerUid = reader.get<std::uint32_t>("owner_uid");
    s.description = reader.get<std::string>("description");
    s.labels = reader.get<std::map<std::string, std::string>>("labels");
    s.policy = reader.find<std::string>("policy");
    s.mountPoints = reader.get<std::vector<std::string>>("mount_points");
    s.absentMountPoints = reader.get<std::vector<std::string>>("absent_mount_points");
    return s;
}

CredentialInfo credentialFromBus(const Dict& dict) {
    const Reader reader(dict, "a credential");
    CredentialInfo credential;
    credential.name = reader.get<std::string>("name");
    credential.problem = reader.find<std::string>("problem").value_or("");
    if (credential.problem.empty()) {
        credential.kind = reader.get<std::string>("kind");
        credential.user = reader.get<std::string>("user");
        credential.domain = reader.get<std::string>("domain");
        credential.storage = reader.get<std::string>("storage");
    }
    return credential;
}

JobInfo jobFromBus(const Dict& dict) {
    const Reader reader(dict, "a job");
    JobInfo job;
    job.id = static_cast<std::int64_t>(reader.get<std::uint64_t>("id"));
    job.operation = reader.get<std::string>("operation");
    job.state = reader.get<std::string>("state");
    job.phase = reader.find<std::string>("phase").value_or("");
    job.subjects = reader.get<std::vector<std::string>>("subjects");
    job.startedByUid = reader.get<std::uint32_t>("started_by_uid");
    reader.get<std::uint64_t>("start");
    job.start = *reader.findTime("start");
    job.end = reader.findTime("end");
    job.errorName = reader.find<std::string>("error").value_or("");
    job.errorMessage = reader.find<std::string>("message").value_or("");
    job.hasObject = dict.contains("path");
    return job;
}

std::vector<std::int64_t> idsFromResult(const Dict& result) {
    const auto ids = Reader(result, "a job's result").find<std::vector<std::uint64_t>>("ids");
    std::vector<std::int64_t> numbers;
    if (ids) {
        for (const std::uint64_t id : *ids) {
            numbers.push_back(static_cast<std::int64_t>(id));
        }
    }
    return numbers;
}

std::vector<CheckLine> checksFromResult(const Dict& result) {
    std::vector<CheckLine> lines;
    const auto checks = Reader(result, "a job's result").find<std::vector<Dict>>("checks");
    for (const Dict& dict : checks.value_or(std::vector<Dict>())) {
        const Reader reader(dict, "a check");
        CheckLine& line = lines.emplace_back();
        line.name = reader.get<std::string>("name");
        line.verdict = reader.get<std::string>("verdict");
        line.text = reader.get<std::string>("text");
        line.cure = reader.find<std::string>("cure").value_or("");
        line.machine = reader.find<std::string>("machine").value_or("");
    }
    return lines;
}

std::vector<Finding> findingsFromResult(const Dict& result) {
    using Row = sdbus::Struct<std::string, std::uint64_t, std::string, std::string, std::string>;
    const Reader reader(result, "a job's result");
    const auto rows = reader.find<std::vector<Row>>("findings");
    std::vector<Finding> findings;
    for (const Row& row : rows.value_or(std::vector<Row>())) {
        const auto status = parseFindingStatus(row.get<3>());
        if (!status) {
            reader.refuse("a status is '" + row.get<3>() + "'");
        }
        Finding& finding = findings.emplace_back();
        finding.server = row.get<0>();
        finding.id = static_cast<std::int64_t>(row.get<1>());
        finding.share = row.get<2>();
        finding.status = *status;
        finding.hint = row.get<4>();
    }
    return findings;
}

JobEnd jobEndFromBus(std::int64_t job,
                     bool success,
                     const std::string& errorName,
                     const std::string& message,
                     const Dict& result) {
    JobEnd end;
    end.ids = idsFromResult(result);
    end.checks = checksFromResult(result);
    end.findings = findingsFromResult(result);
    if (!success && errorName.empty()) {
        end.error = Error(Errc::Cancelled, "job " + std::to_string(job) + " was cancelled");
    } else if (!success) {
        end.error = errorFromReply(errorName, message);
    }
    return end;
}

Error errorFromReply(std::string_view name, std::string_view message) {
    if (meansUnreachable(name)) {
        return Error(Errc::DaemonUnreachable, "cannot reach fsrvpd: " + std::string(message));
    }
    if (isOneOf(name,
                {"org.freedesktop.DBus.Error.AccessDenied",
                 "org.freedesktop.DBus.Error.AuthFailed",
                 "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"})) {
        return Error(Errc::NotAuthorized, "the bus refuses it: " + std::string(message));
    }
    if (name == "org.freedesktop.DBus.Error.InvalidArgs") {
        return Error(Errc::InvalidArgument, std::string(message));
    }
    return errorFromBus(name, message);
}

} // namespace fsrvp::ctl
