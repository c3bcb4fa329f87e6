// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/base/task.hpp"
#include "dbus/error_table.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <exception>
#include <tuple>
#include <utility>

namespace fsrvp {

inline sdbus::Error toBusError(const Error& error) {
    return sdbus::Error(errorBusName(error.code()), errorToBusMessage(error));
}

/// Answers one method call with what `work` gives or throws: the one place where our errors become
/// D-Bus errors.
template <class... Results>
Task<void> replyWith(sdbus::Result<Results...> result, Task<std::tuple<Results...>> work) {
    try {
        std::tuple<Results...> values = co_await std::move(work);
        std::apply([&result](const Results&... v) { result.returnResults(v...); }, values);
    } catch (const Error& error) {
        result.returnError(toBusError(error));
    } catch (const std::exception& error) {
        result.returnError(
            toBusError(Error(Errc::Failed, std::string("internal error: ") + error.what())));
    }
}

} // namespace fsrvp
