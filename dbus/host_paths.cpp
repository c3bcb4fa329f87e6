// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/host_paths.hpp"

#include "daemon/base/error.hpp"
#include "daemon/mount/source_parser.hpp"

namespace fsrvp {

bool HostPaths::isCallersToo(const mount::MountTable& host) const {
    return mount::MountTable::read("/proc/" + std::to_string(pid_) + "/mountinfo")
        .isSameNamespace(host);
}

Source HostPaths::source(const std::string& text) const {
    const mount::MountTable host = mounter_.table();
    if (mount::isPath(text) && !isCallersToo(host)) {
        throw Error(Errc::InvalidSource,
                    "'" + text + "' is a path in another mount namespace than the host's")
            .withHint("name the share as //server/share, or call from the host");
    }
    return mount::parseSource(text, host);
}

std::string HostPaths::destination(const std::string& text) const {
    if (!text.starts_with('/')) {
        throw Error(Errc::InvalidArgument, "destination '" + text + "' is no absolute path");
    }
    if (!isCallersToo(mounter_.table())) {
        throw Error(Errc::InvalidArgument,
                    "destination '" + text +
                        "' is a path in another mount namespace than the host's")
            .withHint("leave it out for the default place, or call from the host");
    }
    return text;
}

} // namespace fsrvp
