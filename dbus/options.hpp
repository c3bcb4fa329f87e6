// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <sdbus-c++/Types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace fsrvp {

using Variants = std::map<std::string, sdbus::Variant>;

/// Reads a method's a{sv}: every key must be asked for, with its type.
class Options {
  public:
    explicit Options(const Variants& values) : values_(values) {}

    /// The key's value, or nothing where it is absent. @throws Error(InvalidArgument)
    template <class T> std::optional<T> take(const std::string& key) {
        known_.insert(key);
        const auto place = values_.find(key);
        if (place == values_.end()) {
            return std::nullopt;
        }
        if (!place->second.containsValueOfType<T>()) {
            throw Error(Errc::InvalidArgument, "option '" + key + "' has the wrong type");
        }
        return place->second.get<T>();
    }

    /// @throws Error(InvalidArgument) for a key that nobody took
    void expectNoMore() const {
        for (const auto& [key, value] : values_) {
            if (!known_.contains(key)) {
                throw Error(Errc::InvalidArgument, "there is no option '" + key + "' here");
            }
        }
    }

  private:
    const Variants& values_;
    std::set<std::string> known_;
};

/// timeout_sec; 0 where there is none. @throws Error(InvalidArgument) over a week
inline std::chrono::seconds takeTimeout(Options& options) {
    constexpr std::uint64_t kLongest = 7UL * 24 * 3600;
    const std::uint64_t seconds = options.take<std::uint64_t>("timeout_sec").value_or(0);
    if (seconds > kLongest) {
        throw Error(Errc::InvalidArgument, "timeout_sec is over a week");
    }
    return std::chrono::seconds(seconds);
}

/// @throws Error(LimitsExceeded)
inline void requireAtMost(std::size_t count, std::size_t limit, const char* what) {
    if (count > limit) {
        throw Error(Errc::LimitsExceeded,
                    std::to_string(count) + " " + what + " are more than the " +
                        std::to_string(limit) + " that one call may name");
    }
}

} // namespace fsrvp
