// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/callers.hpp"

#include "daemon/base/error.hpp"

#include <unistd.h>

namespace fsrvp {
namespace {

constexpr std::size_t kMostKnown = 1024;

Caller callerOf(std::uint32_t uid) {
    return Caller{uid, uid == 0 || uid == geteuid()};
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
        co_return callerOf(known->second);
    }
    const OneShot<std::uint32_t> answer(loop_);
    bus_->callMethodAsync("GetConnectionCredentials")
        .onInterface("org.freedesktop.DBus")
        .withArguments(sender)
        .uponReplyInvoke([answer](const sdbus::Error* error,
                                  const std::map<std::string, sdbus::Variant>& credentials) {
            const auto uid = credentials.find("UnixUserID");
            if (error != nullptr || uid == credentials.end()) {
                answer.fail(std::make_exception_ptr(
                    Error(Errc::NotAuthorized, "the bus does not know who called")));
            } else {
                answer.set(uid->second.get<std::uint32_t>());
            }
        });
    const std::uint32_t uid = co_await answer;
    if (known_.size() >= kMostKnown) {
        known_.clear();
    }
    known_[sender] = uid;
    co_return callerOf(uid);
}

} // namespace fsrvp
