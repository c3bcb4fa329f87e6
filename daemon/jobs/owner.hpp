// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/server_session.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fsrvp::jobs {

/// What OwnerMachineName (IsPathSupported's reply) is to the host that was asked, by their names
/// alone.
enum class OwnerName {
    Same,    ///< no name at all, or this host's, with its domain or without
    Domain,  ///< another one of the same domain; also where both come without any
    Foreign, ///< of another domain, or the host is an address so that its domain is not known
    Address, ///< an IP literal that is not the host
};
OwnerName compareOwner(std::string_view host, std::string_view owner);

/// Where to ask for a share, and by which name. Both empty: here, as it was named.
struct ShareOwner {
    std::optional<ServerId> elsewhere; ///< another machine
    std::string nameHere;              ///< of this machine, which was named by its address
};

/// What follows from OwnerMachineName. MS-FSRVP 3.2.4.2.1 wants it followed, but we do not go
/// wherever a server says: it would get our credentials. This machine has the share where its name
/// says so, where both names have an address in common, and where nobody knows a name of one label
/// or of our domain (Samba tells its NetBIOS name, which often means nothing).
/// @param session  with the server that said it
/// @throws Error(NotSupported) for an owner that is another address, or of another domain
Task<ShareOwner> findOwner(ServerSession& session, std::string owner);

} // namespace fsrvp::jobs
