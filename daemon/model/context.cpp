// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/model/context.hpp"

#include "daemon/base/error.hpp"

#include <array>
#include <string>
#include <utility>

namespace fsrvp {
namespace {

constexpr std::array<std::pair<ShadowCopyContext, std::string_view>, 4> kNames{{
    {ShadowCopyContext::NasRollback, "nas-rollback"},
    {ShadowCopyContext::AppRollback, "app-rollback"},
    {ShadowCopyContext::FileShareBackup, "file-share-backup"},
    {ShadowCopyContext::Backup, "backup"},
}};

} // namespace

std::string_view contextName(ShadowCopyContext context) noexcept {
    for (const auto& [value, name] : kNames) {
        if (value == context) {
            return name;
        }
    }
    return "unknown";
}

ShadowCopyContext parseContext(std::string_view name) {
    std::string known;
    for (const auto& [value, knownName] : kNames) {
        if (name == knownName) {
            return value;
        }
        known += known.empty() ? "" : ", ";
        known += knownName;
    }
    throw Error(Errc::InvalidArgument,
                "'" + std::string(name) + "' is no shadow copy context; there are " + known);
}

} // namespace fsrvp
