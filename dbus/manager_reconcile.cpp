// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/source_parser.hpp"
#include "dbus/manager_object.hpp"
#include "dbus/names.hpp"

namespace fsrvp {
namespace {

constexpr std::size_t kMostServers = 256;

} // namespace

ServerId ManagerObject::serverNamed(const std::string& text) const {
    if (text.empty() || text.find_first_of("/\\@") != std::string::npos) {
        throw Error(Errc::InvalidArgument, "'" + text + "' is no name of a server")
            .withHint("name it as HOST or HOST:PORT");
    }
    // Any share will do: only its server is asked.
    return jobs_.serverOf(mount::parseSource("smb://" + text + "/share", {}));
}

Task<std::tuple<sdbus::ObjectPath>>
ManagerObject::reconcile(std::string sender, std::vector<std::string> servers, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator("reconcile snapshots");
    requireAtMost(servers.size(), kMostServers, "servers");
    Options wanted(options);
    jobs::ReconcileRequest request;
    request.timeout = takeTimeout(wanted);
    request.wish.forgetMissing = wanted.take<bool>("forget_missing").value_or(false);
    const auto share = wanted.take<std::string>("adopt");
    const auto setId = wanted.take<std::string>("set");
    wanted.expectNoMore();
    if (share && (!servers.empty() || request.wish.forgetMissing)) {
        throw Error(Errc::InvalidArgument, "a job either adopts a share or looks at servers");
    }
    if (setId && !share) {
        throw Error(Errc::InvalidArgument, "a set is for a share that is to be adopted");
    }
    for (const std::string& server : servers) {
        request.wish.servers.push_back(serverNamed(server));
    }
    if (share) {
        const Source source = mount::parseSource(*share, {});
        jobs::AdoptWish& adopt = request.adopt.emplace();
        adopt.server = jobs_.serverOf(source);
        adopt.share = source.unc;
        adopt.uid = caller.uid;
        if (setId) {
            adopt.setId = Guid::parse(*setId);
        }
    }
    request.uid = caller.uid;
    const auto job = co_await jobs_.reconcile(std::move(request));
    co_return std::tuple(sdbus::ObjectPath(names::jobPath(job->record().id)));
}

} // namespace fsrvp
