// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/holders.hpp"

#include "daemon/base/unique_fd.hpp"
#include "daemon/mount/fs_path.hpp"
#include "daemon/mount/mount_table.hpp"
#include "daemon/mount/path_text.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

namespace fsrvp::mount::fs {
namespace {

// Names are for people, and sixteen of them must fit into a packet.
constexpr std::size_t kMostBytes = 256;

std::string brief(std::string_view text) {
    std::string name = printable(text);
    if (name.size() > kMostBytes) {
        name.resize(kMostBytes);
        name += "…";
    }
    return name;
}

/// Empty when it can't be read: a process may end at any moment.
std::string readFile(const std::string& file) {
    const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 16384> part{};
    ssize_t length = 0;
    while ((length = ::read(opened.get(), part.data(), part.size())) > 0) {
        text.append(part.data(), static_cast<std::size_t>(length));
    }
    return text;
}

std::string readLink(const std::string& link) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
    return length < 0 ? std::string()
                      : std::string(target.data(), static_cast<std::size_t>(length));
}

/// The numbers among a directory's names, in order.
std::vector<std::int64_t> numbersIn(const std::string& directory) {
    std::vector<std::int64_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    if (!stream) {
        return numbers;
    }
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string_view name = static_cast<const char*>(entry->d_name);
        std::int64_t number = 0;
        const auto end = std::from_chars(name.data(), name.data() + name.size(), number);
        if (end.ptr == name.data() + name.size() && number >= 0) {
            numbers.push_back(number);
        }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

/// The first line that begins with `key`, without it and blanks after it.
std::string_view valueOf(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.substr(0, key.size()) == key) {
            line.remove_prefix(key.size());
            line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
            return line;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

template <class Number> std::optional<Number> leadingNumber(std::string_view text, int base = 10) {
    Number number{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return end.ec == std::errc() ? std::optional(number) : std::nullopt;
}

/// "path" below "directory" as "path/in/it", "." for the directory itself; else nothing.
std::optional<std::string> below(std::string_view path, const std::string& directory) {
    if (path.substr(0, directory.size()) != directory) {
        return std::nullopt;
    }
    path.remove_prefix(directory.size());
    constexpr std::string_view deleted = " (deleted)";
    const bool isDeleted =
        path.size() >= deleted.size() && path.substr(path.size() - deleted.size()) == deleted;
    const std::string_view rest = isDeleted ? path.substr(0, path.size() - deleted.size()) : path;
    if (rest.empty()) {
        return ".";
    }
    return rest.front() == '/' ? std::optional(std::string(rest.substr(1))) : std::nullopt;
}

/// The mount that is asked about, in one mount namespace: its ids and paths there.
struct Copies {
    std::set<int> ids;
    std::vector<std::string> paths;

    std::optional<std::string> relative(std::string_view path) const {
        for (const std::string& directory : paths) {
            if (std::optional<std::string> name = below(path, directory)) {
                return name;
            }
        }
        return std::nullopt;
    }
};

class Search {
  public:
    explicit Search(const std::string& path)
        : path_(path), ownNamespace_(readLink("/proc/self/ns/mnt")),
          table_(MountTable::read("/proc/self/mountinfo")) {}

    std::vector<Holder> run() {
        const MountEntry* target = table_.at(path_);
        if (target == nullptr) {
            return {};
        }
        device_ = target->device;
        Copies own;
        own.ids.insert(target->id);
        own.paths.push_back(path_);
        copies_[ownNamespace_] = own;
        addMounts(*target);
        for (const std::int64_t pid : numbersIn("/proc")) {
            if (found_.size() >= kMostHolders) {
                break;
            }
            if (pid != ::getpid()) {
                lookAt(pid);
            }
        }
        found_.resize(std::min(found_.size(), kMostHolders));
        return std::move(found_);
    }

  private:
    void addMounts(const MountEntry& target) {
        for (const MountEntry& entry : table_.entries()) {
            if (entry.id == target.id) {
                continue;
            }
            const bool isOn = entry.parent == target.id;
            if (isOn || entry.device == device_) {
                Holder holder;
                holder.name = brief(entry.mountPoint);
                holder.what = isOn ? "mount" : "another mount of the same file system";
                found_.push_back(std::move(holder));
            }
        }
    }

    /// The copies of the mount in that process's namespace. A mount of the same file system that
    /// stands where another of ours does is that one's copy.
    const Copies& copiesFor(const std::string& process) {
        const std::string name = readLink(process + "/ns/mnt");
        const auto known = copies_.find(name);
        if (known != copies_.end()) {
            return known->second;
        }
        Copies& copies = copies_[name];
        try {
            const MountTable table = MountTable::parse(readFile(process + "/mountinfo"));
            for (const MountEntry& entry : table.entries()) {
                const MountEntry* ours = table_.at(entry.mountPoint);
                const bool isOthers =
                    ours != nullptr && ours->device == device_ && ours->mountPoint != path_;
                if (entry.device == device_ && !isOthers) {
                    copies.ids.insert(entry.id);
                    copies.paths.push_back(entry.mountPoint);
                }
            }
        } catch (const Error&) {
            copies.ids.clear(); // the process has ended while its file was read
        }
        return copies;
    }

    void lookAt(std::int64_t pid) {
        const std::string process = "/proc/" + std::to_string(pid);
        const Copies& copies = copiesFor(process);
        if (copies.ids.empty()) {
            return;
        }
        std::optional<std::string> what = openFile(process, copies);
        if (!what) {
            what = place(process, copies);
        }
        if (!what) {
            what = mappedFile(process, copies);
        }
        if (!what) {
            return;
        }
        Holder holder;
        holder.pid = pid;
        holder.uid = leadingNumber<std::uint32_t>(valueOf(readFile(process + "/status"), "Uid:"))
                         .value_or(0);
        std::string name = readFile(process + "/comm");
        name.resize(name.empty() ? 0 : name.size() - 1);
        holder.name = brief(name);
        holder.what = brief(*what);
        found_.push_back(std::move(holder));
    }

    static std::optional<std::string> openFile(const std::string& process, const Copies& copies) {
        const std::string links = process + "/fd/";
        const std::string infos = process + "/fdinfo/";
        for (const std::int64_t fd : numbersIn(links)) {
            const std::string number = std::to_string(fd);
            const std::string file = readLink(links + number);
            if (file.empty() || file.front() != '/') {
                continue; // a socket, a pipe
            }
            const std::string info = readFile(infos + number);
            const std::optional<int> id = leadingNumber<int>(valueOf(info, "mnt_id:"));
            if (id && copies.ids.count(*id) != 0) {
                return copies.relative(file).value_or(file);
            }
        }
        return std::nullopt;
    }

    static std::optional<std::string> place(const std::string& process, const Copies& copies) {
        struct Link {
            const char* name;
            const char* what;
        };

        constexpr std::array<Link, 3> links{
            {{"/cwd", "working directory"}, {"/root", "root directory"}, {"/exe", "its program"}}};
        for (const Link& link : links) {
            if (copies.relative(readLink(process + link.name))) {
                return link.what;
            }
        }
        return std::nullopt;
    }

    std::optional<std::string> mappedFile(const std::string& process, const Copies& copies) const {
        const std::string maps = readFile(process + "/maps");
        std::string_view text = maps;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            const std::string_view line = text.substr(0, end);
            text.remove_prefix(std::min(end + 1, text.size()));
            const std::size_t path = line.find('/');
            if (path == std::string_view::npos || !isOnDevice(line)) {
                continue;
            }
            if (const std::optional<std::string> name = copies.relative(line.substr(path))) {
                return *name;
            }
        }
        return std::nullopt;
    }

    /// "55d0-55d2 r--p 0000 fe:00 1234 /bin/x": the fourth word, in hexadecimal.
    bool isOnDevice(std::string_view mapping) const {
        for (int word = 0; word < 3; ++word) {
            mapping.remove_prefix(std::min(mapping.find(' ') + 1, mapping.size()));
        }
        const std::size_t colon = std::min(mapping.find(':'), mapping.size());
        const auto major = leadingNumber<unsigned>(mapping.substr(0, colon), 16);
        const auto minor =
            leadingNumber<unsigned>(mapping.substr(std::min(colon + 1, mapping.size())), 16);
        return major && minor && device_ == std::to_string(*major) + ":" + std::to_string(*minor);
    }

    std::string path_;
    std::string ownNamespace_;
    MountTable table_;
    std::string device_;
    std::map<std::string, Copies> copies_; // by mount namespace
    std::vector<Holder> found_;
};

} // namespace

std::vector<Holder> findHolders(const std::string& path) {
    return Search(path).run();
}

} // namespace fsrvp::mount::fs
