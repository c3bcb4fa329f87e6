// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/error.hpp"
#include "daemon/mount/source_parser.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::mount {

inline const std::string kRoot = "1 0 254:0 / / rw - ext4 /dev/vda rw\n";

inline Source parse(const std::string& text, const std::string& mounts = "") {
    return parseSource(text, MountTable::parse(kRoot + mounts));
}

inline void expectRefused(const std::string& text,
                          const std::string& mounts,
                          const std::string& message,
                          const std::string& hint) {
    try {
        const Source source = parse(text, mounts);
        FAIL() << "accepted as " << source.unc.text() << " and " << source.directory;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidSource);
        EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
        EXPECT_NE(error.hint().find(hint), std::string::npos) << error.hint();
        EXPECT_NE(error.hint(), "") << error.what();
    }
}

} // namespace fsrvp::mount
