// SPDX-License-Identifier: GPL-3.0-or-later
// make_ndr_corpus VECTORS OUT: one seed of fuzz_ndr for each wire vector of a folder.
#include "tests/unit/daemon/fsrvp/vector_folder.hpp"

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using namespace fsrvp;

void writeSeed(const std::filesystem::path& path, const Vector& vector) {
    std::ofstream out(path, std::ios::binary);
    out.put(static_cast<char>(vector.message - allMessages().data()));
    for (const std::byte byte : vector.stub) {
        out.put(static_cast<char>(byte));
    }
    if (!out.flush()) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: make_ndr_corpus VECTORS OUT\n", stderr);
        return 2;
    }
    try {
        const std::filesystem::path out = argv[2];
        std::filesystem::create_directories(out);
        std::size_t count = 0;
        for (const Vector& vector : readVectorFolder(argv[1])) {
            writeSeed(out / ("vector-" + std::to_string(count++)), vector);
        }
        std::printf("%zu seeds\n", count);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make_ndr_corpus: %s\n", error.what());
        return 1;
    }
}
