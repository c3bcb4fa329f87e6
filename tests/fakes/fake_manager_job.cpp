// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fakes/fake_manager_job.hpp"

#include "dbus/error_table.hpp"
#include "dbus/names.hpp"

#include <utility>

namespace fsrvp::test::fake {

JobObject::JobObject(sdbus::IConnection& connection, Shared& shared, JobState job)
    : AdaptorInterfaces(connection, names::jobPath(job.id)), shared_(shared), job_(std::move(job)) {
    registerAdaptor();
}

JobObject::~JobObject() {
    unregisterAdaptor();
}

Dict JobObject::toRow() const {
    const std::lock_guard lock(shared_.mutex);
    Dict dict{{"id", static_cast<std::uint64_t>(job_.id)},
              {"operation", job_.operation},
              {"state", job_.state},
              {"subjects", job_.subjects},
              {"started_by_uid", std::uint32_t{0}},
              {"start", std::uint64_t{1'795'000'000'000'000}},
              {"path", sdbus::ObjectPath(names::jobPath(job_.id))}};
    if (job_.state == "running") {
        dict["phase"] = job_.phase;
    } else {
        dict["end"] = std::uint64_t{1'795'000'009'000'000};
    }
    if (job_.state == "failed") {
        dict["error"] = job_.errorName;
        dict["message"] = job_.errorMessage;
    }
    return dict;
}

void JobObject::setPhase(const std::string& phase) {
    {
        const std::lock_guard lock(shared_.mutex);
        job_.phase = phase;
    }
    getObject().emitPropertiesChangedSignal(INTERFACE_NAME, {"Phase"});
}

void JobObject::end(bool cancelled) {
    {
        const std::lock_guard lock(shared_.mutex);
        if (job_.state != "running") {
            return;
        }
        if (cancelled) {
            job_.state = "cancelled";
            job_.errorName = errorBusName(Errc::Cancelled);
            job_.errorMessage = "job " + std::to_string(job_.id) + " was cancelled";
        } else {
            job_.work(job_);
        }
    }
    emitCompleted(job_.state == "done", job_.errorName, job_.errorMessage, Result());
}

void JobObject::Cancel(sdbus::Result<>&& result, Dict options) {
    if (!options.empty()) {
        result.returnError(busError(fsrvp::Error(Errc::InvalidArgument, "unknown option")));
        return;
    }
    result.returnResults();
    JobEnding ending{};
    {
        const std::lock_guard lock(shared_.mutex);
        ++shared_.cancels;
        ending = shared_.ending;
        shared_.changed.notify_all();
    }
    if (ending != JobEnding::NotEvenCancelled) {
        end(true);
    }
}

std::string JobObject::Operation() {
    return job_.operation;
}

std::string JobObject::State() {
    std::string state;
    JobEnding ending{};
    {
        const std::lock_guard lock(shared_.mutex);
        state = job_.state;
        ending = shared_.ending;
        ++shared_.reads;
        shared_.changed.notify_all();
    }
    if (ending == JobEnding::WhenRead) {
        end(false); // Completed goes out before this answer, which still says "running"
    }
    return state;
}

std::string JobObject::Phase() {
    const std::lock_guard lock(shared_.mutex);
    return job_.phase;
}

std::uint64_t JobObject::StartTime() {
    return 1'795'000'000'000'000;
}

std::uint64_t JobObject::EndTime() {
    return 0;
}

std::uint32_t JobObject::StartedByUid() {
    return 0;
}

Dict JobObject::Result() {
    const std::lock_guard lock(shared_.mutex);
    if (job_.state == "running") {
        return {};
    }
    if (!job_.findings.empty()) {
        return {{"findings", job_.findings}};
    }
    return job_.checks.empty() ? Dict{{"ids", job_.ids}} : Dict{{"checks", job_.checks}};
}

sdbus::Struct<std::string, std::string> JobObject::Error() {
    const std::lock_guard lock(shared_.mutex);
    // As the API has it: empty unless it failed; a cancelled one has none.
    return job_.state == "failed" ? sdbus::make_struct(job_.errorName, job_.errorMessage)
                                  : sdbus::make_struct(std::string(), std::string());
}

} // namespace fsrvp::test::fake
