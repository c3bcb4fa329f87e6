// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/credentials_file.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/utf16.hpp"
#include "daemon/config/checked_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace fsrvp::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} * 1024;

class WipeAtEnd {
  public:
    explicit WipeAtEnd(std::string& text) noexcept : text_(text) {}

    WipeAtEnd(const WipeAtEnd&) = delete;
    WipeAtEnd& operator=(const WipeAtEnd&) = delete;

    ~WipeAtEnd() { wipe(text_); }

  private:
    std::string& text_;
};

enum class Key { User, Domain, Password };

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\v\f";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<Key> keyNamed(std::string_view name) {
    struct Name {
        std::string_view text;
        Key key;
    };

    constexpr std::array<Name, 6> names{{
        {"username", Key::User},
        {"user", Key::User},
        {"password", Key::Password},
        {"pass", Key::Password},
        {"domain", Key::Domain},
        {"dom", Key::Domain},
    }};
    const std::string lower = asciiLower(name);
    const auto* const found = std::find_if(
        names.begin(), names.end(), [&lower](const Name& known) { return known.text == lower; });
    return found == names.end() ? std::nullopt : std::optional(found->key);
}

bool isUtf8(std::string_view text) {
    try {
        std::u16string wide = toUtf16(text);
        explicit_bzero(wide.data(), wide.size() * sizeof(char16_t));
        return true;
    } catch (const Error&) {
        return false;
    }
}

/// Reads line by line. No message quotes a line: it may be a password in the wrong place.
class Parser {
  public:
    explicit Parser(const std::string& path) : path_(path) {}

    void line(std::string_view text) {
        ++number_;
        const std::string_view content = trimmed(text);
        if (content.empty() || content.front() == '#') {
            return;
        }
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) {
            fail("no 'key=value'");
        }
        const std::optional<Key> key = keyNamed(trimmed(text.substr(0, equals)));
        if (!key) {
            fail("unknown key; username, password and domain are known");
        }
        const std::string_view value = text.substr(equals + 1);
        checkValue(value);
        store(*key, value);
    }

    Credentials result() {
        if (!seen_[static_cast<std::size_t>(Key::Password)]) {
            throw Error(Errc::Configuration, path_ + ": no line password=");
        }
        return std::move(credentials_);
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw Error(Errc::Configuration, path_ + ":" + std::to_string(number_) + ": " + what);
    }

  private:
    void checkValue(std::string_view value) const {
        if (!value.empty() && value.back() == '\r') {
            fail("the line ends with CR LF; mount.cifs would take the CR for a part of the value");
        }
        if (value.find('\0') != std::string_view::npos) {
            fail("a zero byte");
        }
        if (!isUtf8(value)) {
            fail("not valid UTF-8");
        }
    }

    void store(Key key, std::string_view value) {
        bool& seen = seen_[static_cast<std::size_t>(key)];
        if (seen) {
            fail("the key is given twice");
        }
        seen = true;
        switch (key) {
        case Key::User:
            credentials_.user = value;
            break;
        case Key::Domain:
            credentials_.domain = value;
            break;
        case Key::Password:
            credentials_.password = Secret(std::string(value));
            break;
        }
    }

    const std::string& path_;
    std::size_t number_ = 0;
    std::array<bool, 3> seen_{};
    Credentials credentials_;
};

} // namespace

Credentials readCredentialsFile(const std::string& path) {
    std::string text = readCheckedFile(path, FileKind::Secret, kMostBytes);
    const WipeAtEnd wiped(text);
    return parseCredentials(text, path);
}

Credentials parseCredentials(std::string_view text, const std::string& path) {
    Parser parser(path);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        parser.line(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return parser.result();
}

} // namespace fsrvp::config
