// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/fsrvp/vector_folder.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace fsrvp {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json readJson(const fs::path& path) {
    std::ifstream in(path);
    if (!in) {
        throw std::runtime_error("cannot open " + path.string());
    }
    return json::parse(in);
}

unsigned digit(char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const std::size_t value = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (value == std::string_view::npos) {
        throw std::runtime_error("hex has the character '" + std::string(1, c) + "'");
    }
    return static_cast<unsigned>(value);
}

Stub fromHex(const std::string& hex) {
    if (hex.size() % 2 != 0) {
        throw std::runtime_error("hex has an odd number of digits");
    }
    Stub stub;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        stub.push_back(static_cast<std::byte>(digit(hex[i]) << 4U | digit(hex[i + 1])));
    }
    return stub;
}

Direction directionOf(const std::string& text) {
    if (text == "request") {
        return Direction::Request;
    }
    if (text == "response") {
        return Direction::Response;
    }
    throw std::runtime_error("direction '" + text + "' is neither request nor response");
}

Vector::Expect expectOf(const std::string& text) {
    if (text == "accept") {
        return Vector::Expect::Accept;
    }
    if (text == "reject") {
        return Vector::Expect::Reject;
    }
    if (text == "reject-or-accept" || text == "policy") {
        return Vector::Expect::Either;
    }
    throw std::runtime_error("expect '" + text + "' is no verdict");
}

void checkLength(const json& entry, std::size_t length) {
    if (entry.contains("length") && entry.at("length").get<std::size_t>() != length) {
        throw std::runtime_error("length is not that of hex");
    }
}

Vector readVector(const json& entry, const json& file) {
    const auto text = [&](const char* key) {
        const json& holder = entry.contains(key) ? entry : file;
        return holder.at(key).get<std::string>();
    };
    Vector vector;
    vector.message = &messageOf(text("op"), directionOf(text("direction")));
    if (entry.contains("opnum") && entry.at("opnum").get<unsigned>() != vector.message->opnum) {
        throw std::runtime_error("opnum is not that of " + text("op"));
    }
    vector.stub = fromHex(text("hex"));
    checkLength(entry, vector.stub.size());
    if (entry.contains("expect")) {
        vector.kind = Vector::Kind::Verdict;
        vector.expect = expectOf(text("expect"));
    } else {
        vector.decoded = entry.at("decoded");
    }
    return vector;
}

std::vector<Vector> readFile(const fs::path& path, const json& file) {
    std::vector<Vector> out;
    const json& entries = file.at("vectors");
    for (const json& entry : entries) {
        const std::string id = path.filename().string() + ": " +
                               entry.value("id", "vector " + std::to_string(out.size() + 1));
        try {
            out.push_back(readVector(entry, file));
            out.back().id = id;
        } catch (const std::exception& error) {
            throw std::runtime_error(id + ": " + error.what());
        }
    }
    if (file.contains("count") && file.at("count").get<std::size_t>() != out.size()) {
        throw std::runtime_error("count is not the number of vectors");
    }
    return out;
}

std::vector<fs::path> indexedFiles(const fs::path& folder, const json& index) {
    std::vector<fs::path> paths;
    for (const json& entry : index.at("files")) {
        const json& name = entry.is_object() ? entry.at("file") : entry;
        paths.push_back(folder / name.get<std::string>());
    }
    if (index.contains("negative")) {
        paths.push_back(folder / index.at("negative").get<std::string>());
    }
    return paths;
}

std::vector<fs::path> allFiles(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

} // namespace

std::vector<Vector> readVectorFolder(const fs::path& folder) {
    std::vector<Vector> all;
    fs::path current = folder / "index.json";
    try {
        const bool hasIndex = fs::exists(current);
        for (const fs::path& path :
             hasIndex ? indexedFiles(folder, readJson(current)) : allFiles(folder)) {
            current = path;
            const json file = readJson(path);
            // Without an index other JSON may lie beside the vectors.
            if (hasIndex || (file.is_object() && file.contains("vectors"))) {
                std::vector<Vector> some = readFile(path, file);
                std::move(some.begin(), some.end(), std::back_inserter(all));
            }
        }
    } catch (const std::exception& error) {
        throw std::runtime_error(current.string() + ": " + error.what());
    }
    if (all.empty()) {
        throw std::runtime_error(folder.string() + ": there are no vectors in this folder");
    }
    return all;
}

} // namespace fsrvp
