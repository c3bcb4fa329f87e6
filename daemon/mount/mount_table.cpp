// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/mount_table.hpp"

#include "daemon/base/error.hpp"
#include "daemon/mount/path_text.hpp"

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <unordered_set>

namespace fsrvp::mount {
namespace {

/// The byte of "\NNN" at the text's begin. Never NUL: the kernel has none to escape.
std::optional<char> escapedByte(std::string_view text) {
    const auto isOctal = [](char c) { return c >= '0' && c <= '7'; };
    if (text.size() < 4 || text[0] != '\\' || text[1] > '3' || !isOctal(text[1]) ||
        !isOctal(text[2]) || !isOctal(text[3])) {
        return std::nullopt;
    }
    const int value = (text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0');
    return value == 0 ? std::nullopt : std::optional(static_cast<char>(value));
}

std::string unescape(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::optional<char> byte = escapedByte(text);
        out += byte.value_or(text[0]);
        text.remove_prefix(byte ? 4 : 1);
    }
    return out;
}

std::optional<int> number(std::string_view text) {
    int value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value < 0) {
        return std::nullopt;
    }
    return value;
}

/// Takes the field before the next space; fields may be empty, as the source of a tmpfs mounted
/// from "" is.
std::string_view takeField(std::string_view& rest) {
    const std::string_view field = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    return field;
}

std::optional<MountEntry> parseLine(std::string_view line) {
    const std::optional<int> id = number(takeField(line));
    const std::optional<int> parent = number(takeField(line));
    if (!id || !parent) {
        return std::nullopt;
    }
    MountEntry entry;
    entry.id = *id;
    entry.parent = *parent;
    entry.device = takeField(line);
    entry.root = unescape(takeField(line));
    entry.mountPoint = unescape(takeField(line));
    entry.options = takeField(line);
    // Fields like "shared:1" come before the "-", as many as the kernel likes.
    bool separated = false;
    while (!line.empty() && !separated) {
        separated = takeField(line) == "-";
    }
    entry.fsType = unescape(takeField(line));
    entry.source = unescape(takeField(line));
    entry.superOptions = line;
    if (!separated || entry.fsType.empty() || !entry.mountPoint.starts_with('/')) {
        return std::nullopt;
    }
    return entry;
}

/// A walk from the root of the namespace towards a path, from mount to mount as the kernel does
/// it: in each, the next mount point on the way leads into the mount on it.
class Walk {
  public:
    Walk(const std::vector<MountEntry>& entries, std::string_view path)
        : entries_(entries), path_(components(path)), seen_(entries.size(), false) {
        for (const MountEntry& entry : entries_) {
            ids_.insert(entry.id);
        }
    }

    const MountEntry* end() {
        const MountEntry* current = nullptr;
        while (const MountEntry* next = step(current)) {
            current = next;
        }
        return current;
    }

  private:
    const MountEntry* step(const MountEntry* current) {
        std::optional<std::size_t> best;
        std::size_t bestDepth = 0;
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (seen_[i] || !isChild(entries_[i], current)) {
                continue;
            }
            const auto point = components(entries_[i].mountPoint);
            if (point.size() < depth_ || !isWithin(path_, point)) {
                continue;
            }
            // The shortest comes first on the way; of equals the last is on top.
            if (!best || point.size() <= bestDepth) {
                best = i;
                bestDepth = point.size();
            }
        }
        if (!best) {
            return nullptr;
        }
        // A hostile table could lead in a circle.
        seen_[*best] = true;
        depth_ = bestDepth;
        return &entries_[*best];
    }

    /// The first mount is the one whose parent can't be seen from here.
    /// What is mounted on "/" itself is never entered: a walk begins below it.
    bool isChild(const MountEntry& entry, const MountEntry* parent) const {
        if (parent) {
            return entry.parent == parent->id && entry.mountPoint != "/";
        }
        return entry.parent == entry.id || !ids_.contains(entry.parent);
    }

    const std::vector<MountEntry>& entries_;
    std::vector<std::string_view> path_;
    std::vector<bool> seen_;
    std::size_t depth_ = 0;
    std::unordered_set<int> ids_;
};

} // namespace

MountTable MountTable::parse(std::string_view text) {
    MountTable table;
    if (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    if (text.empty()) {
        return table;
    }
    for (const std::string_view line : split(text, "\n")) {
        std::optional<MountEntry> entry = parseLine(line);
        if (!entry) {
            throw Error(Errc::Failed,
                        "line " + std::to_string(table.entries_.size() + 1) +
                            " of the mount table is no mountinfo: '" + printable(line) + "'");
        }
        table.entries_.push_back(std::move(*entry));
    }
    return table;
}

MountTable MountTable::read(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    // Never empty: an empty one, too, leaves no root.
    if (!(text << stream.rdbuf())) {
        throw Error(Errc::Failed, "cannot read the mount table " + file);
    }
    try {
        return parse(text.str());
    } catch (const Error& error) {
        throw error.withContext(file);
    }
}

const MountEntry* MountTable::covering(std::string_view path) const {
    return path.starts_with('/') ? Walk(entries_, path).end() : nullptr;
}

const MountEntry* MountTable::at(std::string_view path) const {
    const MountEntry* entry = covering(path);
    return entry && components(entry->mountPoint) == components(path) ? entry : nullptr;
}

bool MountTable::isSameNamespace(const MountTable& other) const {
    const MountEntry* mine = at("/");
    const MountEntry* theirs = other.at("/");
    return mine && theirs && mine->id == theirs->id;
}

} // namespace fsrvp::mount
