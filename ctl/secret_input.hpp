// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/secret.hpp"
#include "daemon/base/unique_fd.hpp"

#include <cstddef>
#include <string>

namespace fsrvp::ctl {

/// All that comes through a descriptor; `what` names it in messages.
/// @throws Error(InvalidArgument) for more than `limit` bytes and what can't be read
Secret readToEnd(int fd, std::size_t limit, const std::string& what);
/// @throws Error(NotFound, AccessDenied, InvalidArgument)
Secret readSecretFile(const std::string& path, std::size_t limit);
/// Asks on the terminal that stdin is, without echo, twice.
/// @throws Error(InvalidArgument) when the two differ; Error(Cancelled) after ^C or ^D
Secret askPassword(const std::string& prompt);
/// A pipe that it can be read from, once. @throws Error(Failed) for more than a pipe holds
UniqueFd pipeWith(const Secret& secret);

} // namespace fsrvp::ctl
