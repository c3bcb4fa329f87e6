// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/temp_dir.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace fsrvp::test {

TempDir::TempDir() {
    char name[] = "/tmp/fsrvp.XXXXXX";
    if (::mkdtemp(name) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "cannot make a directory in /tmp");
    }
    path_ = name;
}

TempDir::~TempDir() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    if (error) {
        std::fprintf(stderr, "cannot remove %s: %s\n", path_.c_str(), error.message().c_str());
    }
}

} // namespace fsrvp::test
