// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/json_file.hpp"

#include "daemon/config/checked_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

namespace fsrvp::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1024} * 1024;
constexpr std::size_t kMostLevels = 16;
constexpr std::size_t kMostKeyBytes = 64;

/// Where the parser is. A number ends only with the character after it, so a line feed that was
/// read last has not begun a line yet.
struct Position {
    std::size_t lineFeeds = 0;
    char last = '\0';

    std::size_t line() const noexcept { return 1 + lineFeeds - (last == '\n' ? 1U : 0U); }
};

/// Feeds the parser and counts lines meanwhile: nlohmann's SAX events say no position.
class CountingIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, Position* position) noexcept : at_(at), position_(position) {}

    reference operator*() const noexcept { return *at_; }

    CountingIterator& operator++() noexcept {
        position_->last = *at_;
        position_->lineFeeds += *at_ == '\n' ? 1U : 0U;
        ++at_;
        return *this;
    }

    CountingIterator operator++(int) noexcept {
        CountingIterator before = *this;
        ++*this;
        return before;
    }

    bool operator==(const CountingIterator& other) const noexcept { return at_ == other.at_; }

    bool operator!=(const CountingIterator& other) const noexcept { return at_ != other.at_; }

  private:
    const char* at_;
    Position* position_;
};

std::string withoutControls(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return text;
}

/// The parser's message without "[json.exception…] parse error at line 1, column 2: ": we say the
/// place ourselves. It quotes what it read last, which need not be UTF-8 nor short.
std::string parserText(const std::string& text) {
    constexpr std::size_t longest = 200;
    std::size_t begin = text.find("] ");
    begin = begin == std::string::npos ? 0 : begin + 2;
    if (const std::size_t column = text.find("column ", begin); column != std::string::npos) {
        const std::size_t colon = text.find(": ", column);
        begin = colon == std::string::npos ? begin : colon + 2;
    }
    std::string what = text.substr(begin, longest);
    std::replace_if(
        what.begin(), what.end(), [](unsigned char c) { return c >= 0x7f; }, '?');
    return withoutControls(what);
}

/// Builds the tree from the parser's events. Throws where something must be refused.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
  public:
    Builder(const JsonFile& file, const Position& position) : file_(file), position_(position) {}

    JsonNode takeRoot() { return std::move(root_); }

    bool null() override { return add(std::monostate{}); }

    bool boolean(bool value) override { return add(value); }

    bool number_integer(number_integer_t value) override { return add(std::int64_t{value}); }

    bool number_unsigned(number_unsigned_t value) override {
        constexpr auto most = std::numeric_limits<std::int64_t>::max();
        return value <= static_cast<number_unsigned_t>(most) ? add(static_cast<std::int64_t>(value))
                                                             : add(static_cast<double>(value));
    }

    bool number_float(number_float_t value, const string_t&) override { return add(value); }

    bool string(string_t& value) override { return add(std::move(value)); }

    bool binary(binary_t&) override { return add(std::monostate{}); } // no such thing in JSON text

    bool start_object(std::size_t) override { return open<JsonNode::Object>(); }

    bool start_array(std::size_t) override { return open<JsonNode::Array>(); }

    bool end_object() override { return close(); }

    bool end_array() override { return close(); }

    bool key(string_t& value) override {
        if (value.size() > kMostKeyBytes) {
            fail("a key of more than " + std::to_string(kMostKeyBytes) + " bytes");
        }
        Level& level = levels_.back();
        level.key = value;
        level.keyLine = position_.line();
        const auto [place, isNew] = level.lines.emplace(value, level.keyLine);
        if (!isNew) {
            throw file_.error(level.keyLine,
                              keyPath(),
                              "given twice, first on line " + std::to_string(place->second));
        }
        return true;
    }

    bool parse_error(std::size_t,
                     const std::string&,
                     const nlohmann::detail::exception& failure) override {
        fail(parserText(failure.what()));
    }

  private:
    struct Level {
        JsonNode* node;
        std::string key;
        std::size_t keyLine = 1;
        std::map<std::string, std::size_t> lines; ///< of the keys so far
    };

    [[noreturn]] void fail(const std::string& what) const {
        throw file_.error(position_.line(), "", what);
    }

    /// A new node, null so far, where the parser stands.
    JsonNode& place() {
        if (levels_.empty()) {
            root_.line = position_.line();
            return root_;
        }
        Level& level = levels_.back();
        if (auto* array = std::get_if<JsonNode::Array>(&level.node->value)) {
            array->emplace_back().line = position_.line();
            return array->back();
        }
        JsonMember& member = std::get<JsonNode::Object>(level.node->value).emplace_back();
        member.key = level.key;
        member.node.line = level.keyLine;
        return member.node;
    }

    template <class T> bool add(T value) {
        place().value.template emplace<T>(std::move(value));
        return true;
    }

    template <class T> bool open() {
        if (levels_.size() == kMostLevels) {
            fail("nested deeper than " + std::to_string(kMostLevels) + " levels");
        }
        // Stays valid: nothing is added beside an object or array while it is open.
        JsonNode& node = place();
        node.value.template emplace<T>();
        levels_.push_back(Level{&node, "", 1, {}});
        return true;
    }

    bool close() {
        levels_.pop_back();
        return true;
    }

    std::string keyPath() const {
        std::string path;
        for (const Level& level : levels_) {
            if (const auto* array = std::get_if<JsonNode::Array>(&level.node->value)) {
                path += "[" + std::to_string(array->size() - 1) + "]";
            } else {
                path += (path.empty() ? "" : ".") + level.key;
            }
        }
        return path;
    }

    const JsonFile& file_;
    const Position& position_;
    JsonNode root_;
    std::vector<Level> levels_;
};

} // namespace

JsonFile JsonFile::read(const std::string& path) {
    return parse(readCheckedFile(path, FileKind::Public, kMostBytes), path);
}

JsonFile JsonFile::parse(std::string_view text, const std::string& path) {
    JsonFile file;
    file.path_ = path;
    // The parser takes a zero byte for the end and would not look at what follows.
    if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
        const std::string_view before = text.substr(0, zero);
        const auto lineFeeds = std::count(before.begin(), before.end(), '\n');
        throw file.error(1 + static_cast<std::size_t>(lineFeeds), "", "a zero byte");
    }
    Position position;
    Builder builder(file, position);
    nlohmann::json::sax_parse(CountingIterator(text.data(), &position),
                              CountingIterator(text.data() + text.size(), &position),
                              &builder,
                              nlohmann::json::input_format_t::json,
                              true,
                              true);
    file.root_ = builder.takeRoot();
    return file;
}

Error JsonFile::error(std::size_t line, const std::string& key, const std::string& what) const {
    std::string message = path_ + ":" + std::to_string(line) + ": ";
    if (!key.empty()) {
        message += "key '" + withoutControls(key) + "': ";
    }
    return Error(Errc::Configuration, message + what);
}

} // namespace fsrvp::config
