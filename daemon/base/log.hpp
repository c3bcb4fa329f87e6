// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace fsrvp::log {

/// One line on stderr with an sd-daemon(3) priority prefix, which the journal understands and a
/// terminal shows as "<6>…". Only programs, the job runner and the configuration log; nothing
/// secret is ever passed here.
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

} // namespace fsrvp::log
