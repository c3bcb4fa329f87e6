// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fsrvp::config {

struct JsonMember;

/// A JSON value that knows the line it stands on.
struct JsonNode {
    using Array = std::vector<JsonNode>;
    using Object = std::vector<JsonMember>; ///< in the file's order, no key twice
    /// Whole numbers beyond 64 bits with sign are a double.
    using Value =
        std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object>;

    Value value; ///< monostate is null
    std::size_t line = 1;
};

struct JsonMember {
    std::string key;
    JsonNode node; ///< its line is the key's
};

/// One configuration file, read whole.
class JsonFile {
  public:
    /// Reads a file that passes readCheckedFile(). // and /* */ comments and a UTF-8 byte order
    /// mark are allowed; 1 MiB, 16 levels and 64 bytes a key are the limits.
    /// @throws Error(Configuration), "FILE:LINE: …" where the contents are wrong
    static JsonFile read(const std::string& path);
    /// The same from memory; `path` is only for messages.
    static JsonFile parse(std::string_view text, const std::string& path);

    const std::string& path() const noexcept { return path_; }

    const JsonNode& root() const noexcept { return root_; }

    /// "FILE:LINE: key 'KEY': WHAT"; without the key when that is empty.
    [[nodiscard]] Error
    error(std::size_t line, const std::string& key, const std::string& what) const;

  private:
    std::string path_;
    JsonNode root_;
};

} // namespace fsrvp::config
