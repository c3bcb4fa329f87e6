// SPDX-License-Identifier: GPL-3.0-or-later
// What the sources of Client share; for them only.
#pragma once

#include "ctl/bus_values.hpp"
#include "ctl/client.hpp"
#include "dbus/names.hpp"

#include <fsrvpd1_proxy.hpp>

#include <memory>
#include <string>

namespace fsrvp::ctl {

/// Runs a call on the bus; what it throws becomes an Error.
template <class Call> auto ask(Call&& call) -> decltype(call()) {
    try {
        return call();
    } catch (const sdbus::Error& error) {
        throw errorFromReply(error.getName(), error.getMessage());
    }
}

class ManagerProxy final : public sdbus::ProxyInterfaces<org::fsrvpd1::Manager_proxy> {
  public:
    ManagerProxy(sdbus::IConnection& connection, const std::string& destination)
        : ProxyInterfaces(connection, destination, names::kManagerPath) {
        registerProxy();
    }

    ManagerProxy(const ManagerProxy&) = delete;
    ManagerProxy& operator=(const ManagerProxy&) = delete;

    ~ManagerProxy() { unregisterProxy(); }
};

/// To the system bus. @throws Error(DaemonUnreachable)
std::unique_ptr<sdbus::IConnection> connectToBus();

struct Client::Impl {
    std::unique_ptr<sdbus::IConnection> connection = connectToBus();
    ManagerProxy manager{*connection, names::kBusName};
    bool daemonWent = false;
    sdbus::Slot ownerMatch;

    /// Before a job is begun, so that no departure is missed.
    void watchDaemon() {
        ownerMatch = connection->addMatch(
            std::string("type='signal',sender='org.freedesktop.DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='") +
                names::kBusName + "'",
            [this](sdbus::Message& message) {
                std::string name;
                std::string before;
                message >> name >> before;
                // From none to one is the bus starting fsrvpd for us.
                daemonWent = daemonWent || !before.empty();
            });
    }
};

} // namespace fsrvp::ctl
