// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/owner.hpp"

#include "daemon/base/log.hpp"
#include "daemon/base/text.hpp"

#include <algorithm>
#include <vector>

namespace fsrvp::jobs {
namespace {

std::string normal(std::string_view host) {
    std::string name = asciiLower(host);
    while (name.starts_with('\\')) { // "\\SERVER" is how some write a machine's name
        name.erase(0, 1);
    }
    if (name.ends_with('.')) {
        name.pop_back();
    }
    return name;
}

std::string labelOf(const std::string& name) {
    return name.substr(0, name.find('.'));
}

/// "" for a name of one label.
std::string domainOf(const std::string& name) {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? "" : name.substr(dot + 1);
}

} // namespace

OwnerName compareOwner(std::string_view host, std::string_view owner) {
    const std::string here = normal(host);
    const std::string there = normal(owner);
    if (there.empty() || there == here) {
        return OwnerName::Same;
    }
    if (isAddress(there)) {
        return OwnerName::Address;
    }
    if (isAddress(here)) {
        return OwnerName::Foreign;
    }
    // A name of one label means the domain of who says it.
    const bool isOneDomain = domainOf(there).empty() || domainOf(here) == domainOf(there);
    if (labelOf(here) == labelOf(there) && (isOneDomain || domainOf(here).empty())) {
        return OwnerName::Same;
    }
    return isOneDomain ? OwnerName::Domain : OwnerName::Foreign;
}

Task<ShareOwner> findOwner(ServerSession& session, std::string owner) {
    const ServerId& server = session.server();
    const ServerSettings& settings = session.settings();
    const OwnerName relation = compareOwner(server.host, owner);
    if (relation == OwnerName::Same) {
        co_return ShareOwner();
    }
    std::string target = normal(owner);
    const bool isNamedByAddress = isAddress(server.host);
    const auto& hosts = settings.hosts;
    if (isNamedByAddress && std::find(hosts.begin(), hosts.end(), target) != hosts.end()) {
        co_return ShareOwner{{}, target};
    }
    const bool hasDomain = !domainOf(target).empty();
    if (relation == OwnerName::Domain && !hasDomain && !domainOf(server.host).empty()) {
        target += "." + domainOf(server.host);
    }
    const std::vector<std::string> there = co_await session.addressesOf(target);
    std::vector<std::string> here;
    if (!there.empty()) {
        here = co_await session.addressesOf(server.host);
    }
    const bool isHere = std::any_of(there.begin(), there.end(), [&here](const std::string& one) {
        return std::find(here.begin(), here.end(), one) != here.end();
    });
    if (isHere) {
        co_return ShareOwner{{}, isNamedByAddress && relation != OwnerName::Address ? target : ""};
    }
    const bool isUnknown = there.empty() && (relation == OwnerName::Domain || !hasDomain);
    if (isUnknown || settings.followOwner == FollowOwner::Never) {
        co_return ShareOwner();
    }
    const std::string refusal = "server " + server.text() +
                                " says that the share is to be asked for at '" + owner + "', which";
    const std::string hint = "name the share by that machine's own name, if it is one of yours, or "
                             "set \"follow_owner\": \"never\" for this server in servers.d";
    if (relation == OwnerName::Address) {
        throw Error(Errc::NotSupported, refusal + " is an address").withHint(hint);
    }
    if (relation == OwnerName::Foreign) {
        throw Error(Errc::NotSupported,
                    refusal + " is no machine of the same domain: a server does not decide where "
                              "our credentials go")
            .withHint(hint);
    }
    log::info(refusal + " is of the same domain: going there");
    co_return ShareOwner{ServerId{target, server.port}, ""};
}

} // namespace fsrvp::jobs
