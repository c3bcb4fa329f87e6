// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"

#include <sdbus-c++/Types.h>

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

} // namespace fsrvp
