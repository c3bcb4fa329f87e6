// SPDX-License-Identifier: GPL-3.0-or-later
// The credentials of a FakeManager.
#include "tests/fakes/fake_manager_object.hpp"

#include <unistd.h>

#include <array>

namespace fsrvp::test::fake {
namespace {

std::string readAll(int fd) {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::read(fd, part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
}

std::string textOr(const Dict& options, const char* key, const std::string& otherwise) {
    const auto found = options.find(key);
    return found == options.end() ? otherwise : found->second.get<std::string>();
}

} // namespace

void ManagerObject::SetCredential(sdbus::Result<>&& result,
                                  std::string name,
                                  sdbus::UnixFd secret,
                                  Dict options) {
    answer(result, [&] {
        checkKeys(options, {"kind", "user", "domain"});
        FakeCredential& credential = shared_.credentials[name];
        credential.kind = textOr(options, "kind", "password");
        credential.user = textOr(options, "user", "");
        credential.domain = textOr(options, "domain", "");
        credential.secret = readAll(secret.get());
        result.returnResults();
    });
}

void ManagerObject::RemoveCredential(sdbus::Result<>&& result, std::string name, Dict options) {
    answer(result, [&] {
        checkKeys(options, {});
        if (shared_.credentials.erase(name) == 0) {
            throw fsrvp::Error(Errc::NotFound, "there is no credential '" + name + "'");
        }
        result.returnResults();
    });
}

void ManagerObject::ListCredentials(sdbus::Result<std::vector<Dict>>&& result, Dict options) {
    answer(result, [&] {
        checkKeys(options, {});
        std::vector<Dict> rows;
        for (const auto& [name, credential] : shared_.credentials) {
            Dict row{{"name", name}};
            if (!credential.problem.empty()) {
                row["problem"] = credential.problem;
            } else {
                row["kind"] = credential.kind;
                row["user"] = credential.user;
                row["domain"] = credential.domain;
                row["storage"] = credential.storage;
            }
            rows.push_back(row);
        }
        result.returnResults(rows);
    });
}

JobState ManagerObject::checking(const std::string& subject) {
    JobState job;
    job.operation = "check";
    job.subjects = {subject};
    job.work = [this](JobState& j) {
        for (const CheckLine& line : shared_.checks) {
            j.checks.push_back(toBus(line));
        }
        perform(j, [](JobState&, const std::string&) {});
    };
    return job;
}

void ManagerObject::CheckSource(JobResult&& result, std::string source, Dict options) {
    answerWithJob(std::move(result), [&] {
        checkKeys(options, {"credential", "timeout_sec"});
        see("CheckSource", {source}, options);
        return checking(shared_.mounts.shareOf(source).text());
    });
}

void ManagerObject::Reconcile(JobResult&& result, std::vector<std::string> servers, Dict options) {
    answerWithJob(std::move(result), [&] {
        checkKeys(options, {"adopt", "forget_missing", "set", "timeout_sec"});
        see("Reconcile", servers, options);
        JobState job;
        job.operation = "reconcile";
        job.subjects = servers;
        job.work = [this](JobState& j) {
            for (const Finding& f : shared_.findings) {
                j.findings.emplace_back(f.server,
                                        static_cast<std::uint64_t>(f.id),
                                        f.share,
                                        std::string(findingStatusName(f.status)),
                                        f.hint);
            }
            perform(j, [](JobState&, const std::string&) {});
        };
        return job;
    });
}

void ManagerObject::TestCredential(JobResult&& result, std::string name, Dict options) {
    answerWithJob(std::move(result), [&] {
        checkKeys(options, {"server", "timeout_sec"});
        if (!options.contains("server")) {
            throw fsrvp::Error(Errc::InvalidArgument, "no server was named");
        }
        see("TestCredential", {name}, options);
        return checking(textOr(options, "server", ""));
    });
}

} // namespace fsrvp::test::fake
