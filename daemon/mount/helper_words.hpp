// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <string_view>

namespace fsrvp::mount {

/// What mount(8) and mount.cifs wrote on stderr when they failed, as the Error of
/// Mounter::mount(): their own words on one line, without the reference to the manual page and the
/// advice to use SMB1; the code by the last number in "mount error(N)", for their exit statuses say
/// too little.
Error mountFailure(std::string_view stderrText);

/// The same for umount(8): Busy for "target is busy", else Failed.
Error unmountFailure(std::string_view stderrText);

} // namespace fsrvp::mount
