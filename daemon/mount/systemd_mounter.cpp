// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/systemd_mounter.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/mount/helper_words.hpp"
#include "daemon/mount/unit_name.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <fstream>
#include <iterator>
#include <vector>

namespace fsrvp::mount {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

using Property = sdbus::Struct<std::string, sdbus::Variant>;
using Properties = std::vector<Property>;
using AuxiliaryUnits = std::vector<sdbus::Struct<std::string, Properties>>;

/// PID 1's answer to a call that makes a job: the job's object path, or its error.
struct Reply {
    std::string job;
    std::string errorName;
    std::string errorMessage;
};

std::string contentOf(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

} // namespace

struct SystemdMounter::Impl {
    Impl(EventLoop& l, sdbus::IConnection& connection, RuntimeFiles& f)
        : loop(l), files(f), manager(sdbus::createProxy(connection, kService, kPath)) {
        manager->uponSignal("JobRemoved")
            .onInterface(kManager)
            .call([this](std::uint32_t,
                         const sdbus::ObjectPath& job,
                         const std::string&,
                         const std::string& result) { jobRemoved(job, result); });
        manager->finishRegistration();
        // PID 1 tells of its jobs only while somebody has asked for that.
        manager->callMethodAsync("Subscribe")
            .onInterface(kManager)
            .uponReplyInvoke([](const sdbus::Error* error) {
                if (error != nullptr) {
                    log::error("systemd does not tell what becomes of mounts: " +
                               error->getMessage());
                }
            });
    }

    void jobRemoved(const std::string& job, const std::string& result) {
        if (const auto place = running.find(job); place != running.end()) {
            const OneShot<std::string> ended = place->second;
            running.erase(place);
            ended.set(result);
        }
    }

    /// A call that makes a job. Its reply comes before the job's JobRemoved, which `ended` gets.
    template <class... Args>
    Task<Reply> call(const char* method, OneShot<std::string> ended, Args... arguments) {
        const OneShot<Reply> answer(loop);
        manager->callMethodAsync(method)
            .onInterface(kManager)
            .withArguments(arguments...)
            .uponReplyInvoke(
                [this, answer, ended](const sdbus::Error* error, const sdbus::ObjectPath& job) {
                    if (error != nullptr) {
                        answer.set(Reply{"", error->getName(), error->getMessage()});
                    } else {
                        running.emplace(job, ended);
                        answer.set(Reply{job, "", ""});
                    }
                });
        co_return co_await answer;
    }

    Task<void> resetFailed(std::string unit) {
        const OneShot<bool> answered(loop);
        manager->callMethodAsync("ResetFailedUnit")
            .onInterface(kManager)
            .withArguments(unit)
            .uponReplyInvoke([answered](const sdbus::Error*) { answered.set(true); });
        co_await answered;
    }

    Properties properties(const MountSpec& spec, const std::filesystem::path& words) const {
        return {
            Property{"Description", sdbus::Variant(spec.description)},
            Property{"What", sdbus::Variant(spec.what)},
            Property{"Type", sdbus::Variant(std::string("cifs"))},
            Property{"Options", sdbus::Variant(spec.options)},
            Property{"CollectMode", sdbus::Variant(std::string("inactive-or-failed"))},
            Property{"StandardErrorFileToTruncate", sdbus::Variant(words.string())},
            // At shutdown fsrvpd goes first, so that it takes no unmount there for anybody's wish.
            Property{"Before", sdbus::Variant(std::vector<std::string>{"fsrvpd.service"})},
        };
    }

    Task<std::string> start(std::string unit, Properties properties, OneShot<std::string> ended) {
        Reply reply;
        for (int attempt = 0; attempt < 2; ++attempt) {
            reply = co_await call("StartTransientUnit",
                                  ended,
                                  unit,
                                  std::string("fail"),
                                  properties,
                                  AuxiliaryUnits());
            if (reply.errorName != "org.freedesktop.systemd1.UnitExists") {
                break;
            }
            co_await resetFailed(unit); // left by a mount that failed
        }
        if (reply.errorName == "org.freedesktop.systemd1.UnitExists") {
            throw Error(Errc::AlreadyExists, "systemd has a unit " + unit + " for this path")
                .withHint("see it with: systemctl cat " + unit + "; or take another path");
        }
        if (!reply.errorName.empty()) {
            throw Error(Errc::Failed, "systemd does not start " + unit + ": " + reply.errorMessage);
        }
        co_return reply.job;
    }

    /// Stops the unit, whatever becomes of it; for what a cancelled job has begun.
    Task<void> takeBack(std::string unit) {
        const OneShot<std::string> ended(loop);
        const Reply reply = co_await call("StopUnit", ended, unit, std::string("replace"));
        if (reply.errorName.empty()) {
            co_await ended;
        }
    }

    EventLoop& loop;
    RuntimeFiles& files;
    std::map<std::string, OneShot<std::string>> running; ///< by the job's object path
    std::unique_ptr<sdbus::IProxy> manager;
};

SystemdMounter::SystemdMounter(EventLoop& loop, sdbus::IConnection& connection, RuntimeFiles& files)
    : impl_(std::make_unique<Impl>(loop, connection, files)) {
}

SystemdMounter::~SystemdMounter() = default;

Task<void> SystemdMounter::mount(MountSpec spec, Cancellation& cancellation) {
    const std::string unit = mountUnitName(spec.where);
    const PrivateFile words = impl_->files.wordsFile(spec.where);
    const OneShot<std::string> ended(impl_->loop);
    Properties properties = impl_->properties(spec, words.path());
    const std::string job = co_await impl_->start(unit, std::move(properties), ended);
    std::string result;
    std::optional<Error> cancelled;
    try {
        result = co_await awaitOr(ended, cancellation);
    } catch (const Error& error) {
        cancelled = error;
    }
    if (cancelled) {
        impl_->running.erase(job);
        co_await impl_->takeBack(unit);
        throw Error(*cancelled);
    }
    if (result == "timeout") {
        throw Error(Errc::TimedOut, "mount.cifs did not end in time");
    }
    if (result == "dependency") {
        throw Error(Errc::Failed, "a unit that " + unit + " needs could not be started");
    }
    if (result != "done") {
        throw mountFailure(contentOf(words.path()));
    }
}

Task<void> SystemdMounter::unmount(std::string where, Cancellation& cancellation) {
    if (table().at(where) == nullptr) {
        co_return;
    }
    const std::string unit = mountUnitName(where);
    const PrivateFile words = impl_->files.wordsFile(where);
    const OneShot<std::string> ended(impl_->loop);
    const Reply reply = co_await impl_->call("StopUnit", ended, unit, std::string("replace"));
    if (!reply.errorName.empty()) {
        throw Error(Errc::Failed, "systemd does not stop " + unit + ": " + reply.errorMessage);
    }
    const std::string result = co_await awaitOr(ended, cancellation);
    if (result == "timeout") {
        throw Error(Errc::TimedOut, "umount did not end in time")
            .withHint("its server may be away: fsrvpctl umount --lazy " + where);
    }
    if (result != "done" || table().at(where) != nullptr) {
        throw unmountFailure(contentOf(words.path()));
    }
}

} // namespace fsrvp::mount
