// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/object_reader.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace fsrvp::config {
namespace {

constexpr std::size_t kMostTextBytes = 4096;

bool isControl(unsigned char c) noexcept {
    return c < 0x20 || c == 0x7f;
}

} // namespace

ObjectReader::ObjectReader(const JsonFile& file, Problems& problems)
    : file_(file), problems_(problems), object_(std::get_if<JsonNode::Object>(&file.root().value)),
      line_(file.root().line) {
    if (object_ == nullptr) {
        add(line_, "", "must be an object, { … }");
    }
}

ObjectReader::ObjectReader(const ObjectReader& parent, std::string prefix, const JsonNode& node)
    : file_(parent.file_), problems_(parent.problems_), prefix_(std::move(prefix)),
      object_(std::get_if<JsonNode::Object>(&node.value)), line_(node.line) {
}

std::optional<std::int64_t>
ObjectReader::integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const JsonNode* node = take(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto* value = std::get_if<std::int64_t>(&node->value);
    if (value == nullptr || *value < least || *value > most) {
        add(node->line,
            wholeKey(key),
            "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
        return std::nullopt;
    }
    return *value;
}

std::optional<ObjectReader::Text> ObjectReader::text(std::string_view key) {
    const JsonNode* node = take(key);
    return node == nullptr ? std::nullopt : textOf(*node, wholeKey(key));
}

std::optional<std::vector<ObjectReader::Text>> ObjectReader::texts(std::string_view key) {
    const JsonNode* node = take(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto* array = std::get_if<JsonNode::Array>(&node->value);
    if (array == nullptr) {
        add(node->line, wholeKey(key), "must be a list of strings");
        return std::nullopt;
    }
    std::vector<Text> all;
    for (std::size_t i = 0; i < array->size(); ++i) {
        auto one = textOf((*array)[i], wholeKey(key) + "[" + std::to_string(i) + "]");
        if (!one) {
            return std::nullopt;
        }
        all.push_back(*std::move(one));
    }
    return all;
}

ObjectReader ObjectReader::object(std::string_view key) {
    static const JsonNode none;
    const JsonNode* node = take(key);
    if (node != nullptr && !std::holds_alternative<JsonNode::Object>(node->value)) {
        add(node->line, wholeKey(key), "must be an object, { … }");
    }
    return ObjectReader(*this, wholeKey(key) + ".", node == nullptr ? none : *node);
}

void ObjectReader::refuseOthers() {
    if (object_ == nullptr) {
        return;
    }
    for (const JsonMember& member : *object_) {
        if (!taken_.contains(member.key)) {
            add(member.node.line, wholeKey(member.key), "unknown key");
        }
    }
}

void ObjectReader::problem(const Text& place, const std::string& what) {
    add(place.line, place.key, what);
}

void ObjectReader::problem(std::string_view key, const std::string& what) {
    const JsonNode* node = find(key);
    add(node == nullptr ? line_ : node->line, wholeKey(key), what);
}

const JsonNode* ObjectReader::find(std::string_view key) const noexcept {
    if (object_ == nullptr) {
        return nullptr;
    }
    const auto found = std::find_if(
        object_->begin(), object_->end(), [key](const JsonMember& m) { return m.key == key; });
    return found == object_->end() ? nullptr : &found->node;
}

/// The value of that key, if any; the key is a known one from now on.
const JsonNode* ObjectReader::take(std::string_view key) {
    taken_.emplace(key);
    return find(key);
}

std::string ObjectReader::wholeKey(std::string_view key) const {
    return prefix_ + std::string(key);
}

std::optional<ObjectReader::Text> ObjectReader::textOf(const JsonNode& node,
                                                       const std::string& key) {
    const auto* value = std::get_if<std::string>(&node.value);
    if (value == nullptr) {
        add(node.line, key, "must be a string");
        return std::nullopt;
    }
    if (value->size() > kMostTextBytes) {
        add(node.line, key, "longer than " + std::to_string(kMostTextBytes) + " bytes");
        return std::nullopt;
    }
    // \u0000 and the like would end or split the text for the C libraries that it goes to.
    if (std::any_of(value->begin(), value->end(), isControl)) {
        add(node.line, key, "must not hold control characters");
        return std::nullopt;
    }
    return Text{*value, key, node.line};
}

void ObjectReader::add(std::size_t line, const std::string& key, const std::string& what) {
    problems_.add(file_.error(line, key, what));
}

} // namespace fsrvp::config
