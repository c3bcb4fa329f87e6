// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string_view>

namespace fsrvp::ctl {

/// Calls fn for each line that comes through the descriptor, without its newline, until the end;
/// holds no more than one line and a buffer.
/// @throws Error(DaemonUnreachable)  the last line has no newline: who wrote it has gone
/// @throws Error(Failed)             cannot read
void forEachLine(int fd, const std::function<void(std::string_view)>& fn);

} // namespace fsrvp::ctl
