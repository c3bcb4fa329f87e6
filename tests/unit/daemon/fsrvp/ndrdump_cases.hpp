// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/fsrvp/stub.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace fsrvp {

/// One of our stubs that Samba's ndrdump is to accept.
struct NdrdumpCase {
    std::string_view operation;
    std::string_view direction; ///< "in" or "out"
    Stub stub;
    Stub request; ///< for a response that can't be decoded without it, else empty
};

/// Requests and responses of one operation: the edges of its numbers, GUIDs, string lengths and
/// pointers, with and without success.
std::vector<NdrdumpCase> ndrdumpCases(std::size_t opnum);

} // namespace fsrvp
