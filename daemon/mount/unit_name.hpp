// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace fsrvp::mount {

/// The name of the .mount unit for an absolute path: systemd.unit(5), "String escaping", for paths
/// (`systemd-escape --path --suffix=mount`).
/// @throws Error(InvalidArgument) when it is over 255 bytes, which systemd takes for no unit
std::string mountUnitName(std::string_view path);

} // namespace fsrvp::mount
