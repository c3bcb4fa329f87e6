// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/cancellation.hpp"
#include "daemon/base/event_loop.hpp"
#include "daemon/base/secret.hpp"
#include "daemon/base/unique_fd.hpp"

#include <chrono>
#include <cstddef>

namespace fsrvp {

/// Reads a descriptor that somebody passed us, a pipe, a socket or a file, to its end, which has
/// to come within the time; holds up nobody. The descriptor's own flags stay as they are: they are
/// the other side's too.
/// @throws Error(InvalidArgument) for more than `limit` bytes, and for what can't be read;
///         Error(TimedOut)
Task<Secret> readSecret(EventLoop& loop,
                        UniqueFd source,
                        std::size_t limit,
                        std::chrono::milliseconds time,
                        Cancellation& cancellation);

} // namespace fsrvp
