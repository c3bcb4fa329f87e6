// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace fsrvp {

/// A child process of fsrvpd. It gets no input, default signals, and of fsrvpd's descriptors only
/// those named here; it leads a process group of its own, so that it can be ended with what it
/// started.
struct Spawn {
    std::vector<std::string> arguments; ///< the first is the program: a path, or looked up in PATH
    std::vector<std::string> environment; ///< "NAME=value", all of it
    int errors = 2;                       ///< its stderr and stdout
    int socket = -1;                      ///< its descriptor 3; -1: it gets none
};

/// @throws Error(Failed) naming the program
pid_t spawn(const Spawn& child);

} // namespace fsrvp
