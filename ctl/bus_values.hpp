// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ctl/client.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <string>
#include <string_view>

namespace fsrvp::ctl {

/// a{sv}
using Dict = std::map<std::string, sdbus::Variant>;

/// From what GetSnapshot gives. Keys that this version does not know are passed over.
/// @throws Error(Protocol) when one is missing or not of the type that the API says
Snapshot snapshotFromBus(const Dict& dict);
/// From an element of ListJobs; as snapshotFromBus.
JobInfo jobFromBus(const Dict& dict);
/// From an element of ListCredentials; as snapshotFromBus.
CredentialInfo credentialFromBus(const Dict& dict);
/// `ids` of a job's Result; empty when it has none.
std::vector<std::int64_t> idsFromResult(const Dict& result);
/// `checks` of a job's Result; as idsFromResult.
std::vector<CheckLine> checksFromResult(const Dict& result);
/// `findings` of a job's Result; as idsFromResult.
std::vector<Finding> findingsFromResult(const Dict& result);
/// How a job ended, from what its signal Completed or its properties say.
JobEnd jobEndFromBus(std::int64_t job,
                     bool success,
                     const std::string& errorName,
                     const std::string& message,
                     const Dict& result);

/// What an error reply means: fsrvpd's own by the error table; from the bus itself, or made by
/// sd-bus, DaemonUnreachable or NotAuthorized.
Error errorFromReply(std::string_view name, std::string_view message);

} // namespace fsrvp::ctl
