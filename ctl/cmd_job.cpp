// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/client.hpp"
#include "ctl/commands.hpp"
#include "ctl/text.hpp"
#include "daemon/model/snapshot_json.hpp"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fsrvp::ctl {
namespace {

using Json = nlohmann::ordered_json;
using Numbers = std::vector<std::int64_t>;

constexpr std::uint32_t kMostJobs = 500; // of one ListJobs
constexpr std::uint32_t kListedJobs = 100;

Json jobToJson(const JobInfo& job) {
    Json json;
    json["id"] = job.id;
    json["operation"] = job.operation;
    json["state"] = job.state;
    json["phase"] = job.phase.empty() ? Json(nullptr) : Json(job.phase);
    json["subjects"] = job.subjects;
    json["started_by_uid"] = job.startedByUid;
    json["start"] = rfc3339(job.start);
    json["end"] = job.end ? Json(rfc3339(*job.end)) : Json(nullptr);
    json["error"] = nullptr;
    if (!job.errorName.empty()) {
        json["error"] = Json{{"name", job.errorName}, {"message", job.errorMessage}};
    }
    return json;
}

std::string join(const std::vector<std::string>& texts) {
    std::string joined;
    for (const std::string& text : texts) {
        joined += joined.empty() ? "" : ", ";
        joined += text;
    }
    return joined;
}

int printJson(const Json& jobs) {
    print("{\"schema\": 1, \"jobs\": [");
    const char* separator = "\n";
    for (const Json& job : jobs) {
        print(separator + dump(job));
        separator = ",\n";
    }
    print(jobs.empty() ? "]}\n" : "\n]}\n");
    return 0;
}

int list(const OutputOptions& output) {
    const std::vector<JobInfo> jobs = Client().listJobs(kListedJobs);
    if (output.json) {
        Json array = Json::array();
        for (const JobInfo& job : jobs) {
            array.push_back(jobToJson(job));
        }
        return printJson(array);
    }
    if (jobs.empty()) {
        note(output, "there are no jobs");
        return 0;
    }
    std::vector<Row> rows;
    rows.reserve(jobs.size());
    for (const JobInfo& job : jobs) {
        rows.push_back({{std::to_string(job.id)},
                        {job.operation},
                        {job.state, toneOf(job.state)},
                        {job.phase.empty() ? "-" : job.phase},
                        {localTime(job.start)},
                        {join(job.subjects)}});
    }
    print(renderTable({"JOB", "OPERATION", "STATE", "PHASE", "STARTED", "SUBJECTS"},
                      std::move(rows),
                      colourFor(STDOUT_FILENO)));
    return 0;
}

/// The snapshots of a job, where fsrvpd still tells them.
std::optional<Numbers> findResult(Client& client, const JobInfo& job) {
    if (!job.hasObject) {
        return std::nullopt;
    }
    try {
        return client.jobResult(job.id);
    } catch (const Error& error) {
        if (error.code() == Errc::NotFound) {
            return std::nullopt; // its two minutes have just ended
        }
        throw;
    }
}

std::string describe(const JobInfo& job, const std::optional<Numbers>& ids) {
    std::vector<std::string> numbers;
    for (const std::int64_t id : ids.value_or(Numbers{})) {
        numbers.push_back(std::to_string(id));
    }
    std::string text;
    const auto line = [&text](const char* key, const std::string& value) {
        text += std::string(key) + ":" + (value.empty() ? "" : " ") + printable(value) + '\n';
    };
    line("id", std::to_string(job.id));
    line("operation", job.operation);
    line("state", job.state);
    line("phase", job.phase);
    line("subjects", join(job.subjects));
    line("started_by_uid", std::to_string(job.startedByUid));
    line("start", localTime(job.start));
    line("end", localTime(job.end));
    line("error", job.errorName.empty() ? "" : job.errorMessage + " (" + job.errorName + ")");
    line("ids", join(numbers));
    return text;
}

int show(const OutputOptions& output, const Numbers& wanted) {
    Client client;
    const std::vector<JobInfo> jobs = client.listJobs(kMostJobs);
    Json array = Json::array();
    std::string text;
    for (const std::int64_t id : wanted) {
        const auto job = std::find_if(
            jobs.begin(), jobs.end(), [id](const JobInfo& known) { return known.id == id; });
        if (job == jobs.end()) {
            throw Error(Errc::NotFound,
                        "there is no job " + std::to_string(id) + " among the last " +
                            std::to_string(kMostJobs));
        }
        const std::optional<Numbers> ids = findResult(client, *job);
        text += text.empty() ? "" : "\n";
        text += describe(*job, ids);
        array.push_back(jobToJson(*job));
        array.back()["ids"] = ids ? Json(*ids) : Json(nullptr);
    }
    if (output.json) {
        return printJson(array);
    }
    print(text);
    return 0;
}

/// Cancels each; one that cannot be cancelled does not keep the others.
int cancel(const OutputOptions& output, const Numbers& jobs) {
    Client client;
    std::vector<Error> failures;
    for (const std::int64_t job : jobs) {
        try {
            client.cancelJob(job);
        } catch (const Error& error) {
            failures.push_back(error);
        }
    }
    if (failures.empty()) {
        if (output.json) {
            print("{\"schema\": 1}\n");
        }
        return 0;
    }
    if (failures.size() == 1 && jobs.size() == 1) {
        throw Error(failures.front());
    }
    std::vector<std::string> messages;
    messages.reserve(failures.size());
    for (const Error& failure : failures) {
        messages.emplace_back(failure.what());
    }
    throw Error(failures.size() < jobs.size() ? Errc::Partial : failures.front().code(),
                join(messages));
}

} // namespace

void addJob(CLI::App& app, const OutputOptions& options, Action& action) {
    CLI::App* const noun = app.add_subcommand("job", "see and cancel jobs");
    noun->require_subcommand(1);
    noun->add_subcommand("list", "list jobs, newest first")->callback([&options, &action] {
        action = [&options] { return list(options); };
    });
    const auto add = [&](const char* name, const char* about, auto run) {
        const auto numbers = std::make_shared<Numbers>(); // shared by the verb's callback
        CLI::App* const verb = noun->add_subcommand(name, about);
        verb->add_option("N", *numbers, "the job's number")->required();
        verb->callback([&options, &action, numbers, run] {
            action = [&options, numbers, run] { return run(options, *numbers); };
        });
    };
    add("show", "show all that is known of jobs", show);
    add("cancel", "end jobs; what they began on the server is settled", cancel);
}

} // namespace fsrvp::ctl
