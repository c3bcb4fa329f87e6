// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace fsrvp {

/// UTF-8 to UTF-16. @throws Error(InvalidArgument) for bytes that are not UTF-8.
std::u16string toUtf16(std::string_view utf8);
/// UTF-16 to UTF-8. @throws Error(Protocol) for a lone surrogate.
std::string toUtf8(std::u16string_view utf16);

} // namespace fsrvp
