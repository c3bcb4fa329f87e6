// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/callers.hpp"

#include "daemon/base/error.hpp"

#include <unistd.h>

#include <optional>

namespace fsrvp {
namespace {

constexpr std::size_t kMostKnown = 1024;

using Credentials = std::map<std::string, sdbus::Variant>;

std::optional<Caller> callerFrom(const Credentials& credentials) {
    const auto uid = credentials.find("UnixUserID");
    const auto pid = credentials.find("ProcessID");
    if (uid == credentials.end() || pid == credentials.end()) {
        return std::nullopt;
    }
    Caller caller;
    caller.uid = uid->second.get<std::uint32_t>();
    caller.pid = pid->second.get<std::uint32_t>();
    caller.isAdministrator = caller.uid == 0 || caller.uid == geteuid();
    return caller;
}

} // namespace

void Caller::requireAdministrator(const char* toDoWhat) const {
    if (!isAdministrator) {
        throw Error(Errc::NotAuthorized, "user " + std::to_string(uid) + " may not " + toDoWhat);
    }
}

Callers::Callers(EventLoop& loop, sdbus::IConnection& connection)
    : loop_(loop),
      bus_(sdbus::createProxy(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus")) {
}

Task<Caller> Callers::identify(std::string sender) {
    if (const auto known = known_.find(sender); known != known_.end()) {
        co_return known->second;
    }
    const OneShot<Caller> answer(loop_);
    bus_->callMethodAsync("GetConnectionCredentials")
        .onInterface("org.freedesktop.DBus")
        .withArguments(sender)
        .uponReplyInvoke([answer](const sdbus::Error* error, const Credentials& credentials) {
            const auto caller = error == nullptr ? callerFrom(credentials) : std::nullopt;
            if (!caller) {
                answer.fail(std::make_exception_ptr(
                    Error(Errc::NotAuthorized, "the bus does not know who called")));
            } else {
                answer.set(*caller);
            }
        });
    const Caller caller = co_await answer;
    if (known_.size() >= kMostKnown) {
        known_.clear();
    }
    known_[sender] = caller;
    co_return caller;
}

} // namespace fsrvp
