// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/config/json_file.hpp"
#include "daemon/config/problems.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::config {

/// Takes the known keys out of one object. A value of the wrong type or out of range becomes a
/// problem and counts as absent, so that one pass finds all of them.
class ObjectReader {
  public:
    struct Text {
        std::string value;
        std::string key; ///< whole, "hosts[1]"
        std::size_t line = 1;
    };

    /// The file's top level. Everything is borrowed.
    ObjectReader(const JsonFile& file, Problems& problems);

    bool isObject() const noexcept { return object_ != nullptr; }

    bool has(std::string_view key) const noexcept { return find(key) != nullptr; }

    /// An absent key is nothing; so is what became a problem.
    std::optional<std::int64_t>
    integer(std::string_view key, std::int64_t least, std::int64_t most);
    /// Valid UTF-8 without control characters, 4096 bytes at most.
    std::optional<Text> text(std::string_view key);
    std::optional<std::vector<Text>> texts(std::string_view key);
    /// A reader of the object below that key, with no keys when it is absent.
    ObjectReader object(std::string_view key);

    /// Makes a problem of each key that nobody has asked for.
    void refuseOthers();
    /// A problem of the caller's: with a value, or with a key that may be absent.
    void problem(const Text& place, const std::string& what);
    void problem(std::string_view key, const std::string& what);

  private:
    ObjectReader(const ObjectReader& parent, std::string prefix, const JsonNode& node);
    const JsonNode* find(std::string_view key) const noexcept;
    const JsonNode* take(std::string_view key);
    std::string wholeKey(std::string_view key) const;
    std::optional<Text> textOf(const JsonNode& node, const std::string& key);
    void add(std::size_t line, const std::string& key, const std::string& what);

    const JsonFile& file_;
    Problems& problems_;
    std::string prefix_;             ///< "timeouts." or empty
    const JsonNode::Object* object_; ///< null when there is none
    std::size_t line_ = 1;
    std::set<std::string, std::less<>> taken_;
};

} // namespace fsrvp::config
