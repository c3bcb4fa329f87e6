// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/job_object.hpp"

#include "dbus/error_table.hpp"
#include "dbus/names.hpp"
#include "dbus/reply.hpp"
#include "dbus/to_bus.hpp"

namespace fsrvp {
namespace {

Task<std::tuple<>>
cancel(std::shared_ptr<jobs::Job> job, Callers& callers, std::string sender, Variants options) {
    Options(options).expectNoMore();
    const Caller caller = co_await callers.identify(std::move(sender));
    if (!caller.maySee(job->record().ownerUid)) {
        throw fsrvp::Error(Errc::NotAuthorized,
                           "user " + std::to_string(caller.uid) + " may not cancel this job");
    }
    job->cancellation().request(
        fsrvp::Error(Errc::Cancelled, "cancelled by user " + std::to_string(caller.uid)));
    co_return std::tuple<>();
}

} // namespace

JobObject::JobObject(sdbus::IConnection& connection,
                     std::shared_ptr<jobs::Job> job,
                     Callers& callers,
                     TaskGroup& tasks)
    : AdaptorInterfaces(connection, names::jobPath(job->record().id)), job_(std::move(job)),
      callers_(callers), tasks_(tasks) {
    registerAdaptor();
    job_->onChange([this] { announce(); });
}

JobObject::~JobObject() {
    job_->onChange(nullptr);
    unregisterAdaptor();
}

std::string JobObject::Operation() {
    return job_->record().operation;
}

std::string JobObject::State() {
    return std::string(jobStateName(job_->record().state));
}

std::string JobObject::Phase() {
    return std::string(phaseName(job_->phase()));
}

std::uint64_t JobObject::StartTime() {
    return toBus(job_->record().accepted);
}

std::uint64_t JobObject::EndTime() {
    return job_->record().ended ? toBus(*job_->record().ended) : 0;
}

std::uint32_t JobObject::StartedByUid() {
    return job_->record().ownerUid;
}

Variants JobObject::Result() {
    Variants result;
    result["ids"] = std::vector<std::uint64_t>(job_->ids().begin(), job_->ids().end());
    if (!job_->checks().empty()) {
        std::vector<Variants> checks;
        for (CheckLine line : job_->checks()) {
            if (line.verdict == "failed" && line.cure.empty() && job_->error()) {
                line.cure = hintOf(*job_->error());
            }
            checks.push_back(toBus(line));
        }
        result["checks"] = checks;
    }
    if (!job_->findings().empty()) {
        std::vector<BusFinding> findings;
        for (const Finding& finding : job_->findings()) {
            findings.push_back(toBus(finding));
        }
        result["findings"] = findings;
    }
    return result;
}

sdbus::Struct<std::string, std::string> JobObject::Error() {
    if (!job_->error()) {
        return {};
    }
    return {errorBusName(job_->error()->code()), errorToBusMessage(*job_->error())};
}

void JobObject::Cancel(sdbus::Result<>&& result, Variants options) {
    const std::string sender = getObject().getCurrentlyProcessedMessage()->getSender();
    tasks_.spawn(replyWith(std::move(result), cancel(job_, callers_, sender, std::move(options))),
                 [](std::exception_ptr) {});
}

void JobObject::announce() {
    getObject().emitPropertiesChangedSignal(Job_adaptor::INTERFACE_NAME, {"State", "Phase"});
    if (job_->hasEnded()) {
        getObject().emitPropertiesChangedSignal(Job_adaptor::INTERFACE_NAME,
                                                {"EndTime", "Result", "Error"});
        const auto error = Error();
        emitCompleted(!job_->error(), error.get<0>(), error.get<1>(), Result());
    }
}

} // namespace fsrvp
