// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/outcome.hpp"

namespace fsrvp::jobs {

Task<Outcome> together(EventLoop& loop, std::vector<Task<Outcome>> parts) {
    Outcome all;
    std::size_t left = parts.size();
    const OneShot<bool> done(loop);
    const auto collect = [](Task<Outcome> part, Outcome& into) -> Task<void> {
        Outcome outcome = co_await std::move(part);
        into.ids.insert(into.ids.end(), outcome.ids.begin(), outcome.ids.end());
        into.errors.insert(into.errors.end(), outcome.errors.begin(), outcome.errors.end());
        into.findings.insert(into.findings.end(), outcome.findings.begin(), outcome.findings.end());
    };
    TaskGroup group(loop);
    std::exception_ptr failure;
    for (Task<Outcome>& part : parts) {
        group.spawn(collect(std::move(part), all), [&](std::exception_ptr e) {
            failure = e ? e : failure;
            if (--left == 0) {
                done.set(true);
            }
        });
    }
    co_await done;
    if (failure) {
        std::rethrow_exception(failure);
    }
    co_return all;
}

std::optional<Error> summary(const Outcome& outcome) {
    if (outcome.errors.empty()) {
        return std::nullopt;
    }
    const Error& first = outcome.errors.front();
    const bool isPartial = !outcome.ids.empty() || !outcome.findings.empty();
    if (outcome.errors.size() == 1 && !isPartial) {
        return first;
    }
    std::string message;
    for (const Error& error : outcome.errors) {
        message += message.empty() ? error.what() : std::string("; ") + error.what();
    }
    const Errc code = isPartial ? Errc::Partial : first.code();
    return Error(code, message, first.hresult()).withHint(first.hint());
}

} // namespace fsrvp::jobs
