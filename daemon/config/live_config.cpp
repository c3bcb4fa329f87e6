// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/live_config.hpp"

namespace fsrvp {

std::optional<Error> LiveConfig::reload() {
    try {
        config_ = std::make_shared<const Config>(Config::load(directory_));
        problem_.reset();
    } catch (const Error& error) {
        problem_ = error;
    }
    return problem_;
}

std::shared_ptr<const Config> LiveConfig::current() const {
    if (!config_) {
        throw Error(problem_.value_or(Error(Errc::Configuration, "no configuration was read")));
    }
    return config_;
}

} // namespace fsrvp
