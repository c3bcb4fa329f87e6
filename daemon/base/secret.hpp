// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace fsrvp {

/// Overwrites all bytes that a string holds, also those behind its end (a moved-from short string
/// keeps its text there), then empties it.
inline void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

/// A password. Wiped when it goes; has no operator<< and no conversion, so that it cannot slip
/// into a message.
class Secret {
  public:
    Secret() = default;

    explicit Secret(std::string text) { takeFrom(text); }

    Secret(const Secret&) = default;

    Secret(Secret&& other) noexcept { takeFrom(other.text_); }

    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe(text_);
            text_ = other.text_;
        }
        return *this;
    }

    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe(text_);
            takeFrom(other.text_);
        }
        return *this;
    }

    ~Secret() { wipe(text_); }

    const std::string& reveal() const noexcept { return text_; }

    bool operator==(const Secret&) const = default;

  private:
    void takeFrom(std::string& other) noexcept {
        text_.swap(other);
        wipe(other);
    }

    std::string text_;
};

} // namespace fsrvp
