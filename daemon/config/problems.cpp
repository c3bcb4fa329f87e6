// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/config/problems.hpp"

namespace fsrvp::config {
namespace {

constexpr std::size_t kMostKept = 10;

} // namespace

void Problems::add(const Error& problem) {
    ++count_;
    if (kept_.size() < kMostKept) {
        kept_.push_back(problem);
    }
}

void Problems::throwIfAny() const {
    if (kept_.empty()) {
        return;
    }
    std::string message;
    std::string hint;
    for (const Error& problem : kept_) {
        message += (message.empty() ? "" : "; ") + std::string(problem.what());
        if (!problem.hint().empty()) {
            hint += (hint.empty() ? "" : "; ") + problem.hint();
        }
    }
    if (count_ > kept_.size()) {
        message += "; and " + std::to_string(count_ - kept_.size()) + " more";
    }
    throw Error(kept_.front().code(), message).withHint(hint);
}

} // namespace fsrvp::config
