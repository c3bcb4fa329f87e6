// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/unit/daemon/fsrvp/any_message.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fsrvp {

/// One stub with what is known of it.
struct Vector {
    std::string id; ///< its own, behind its file's name
    const AnyMessage* message = nullptr;
    Stub stub;
    /// Verdict: a malformed stub, for which only `expect` is known.
    enum class Kind { Values, Verdict } kind = Kind::Values;
    nlohmann::json decoded; ///< Values: the fields, with "*_referent" keys that no codec has
    enum class Expect { Accept, Reject, Either } expect = Expect::Accept;
};

/// Reads a folder of wire vectors: the files that index.json lists under "files" (names, or
/// objects with "file") and "negative", or without an index each *.json that has "vectors".
/// @throws std::runtime_error that names the file, and the vector where it can: unreadable, not of
///         this format, an unknown operation, a wrong length or count, or no vectors at all
std::vector<Vector> readVectorFolder(const std::filesystem::path& folder);

} // namespace fsrvp
