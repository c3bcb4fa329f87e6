// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/nspawn/secret_search.hpp"

#include "daemon/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <optional>

namespace fsrvp::test::guest {
namespace {

std::string utf16(const std::string& ascii) {
    std::string wide;
    for (const char c : ascii) {
        wide += {c, '\0'};
    }
    return wide;
}

std::string hex(const std::string& bytes, const char* digits) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        text += {digits[byte >> 4U], digits[byte & 15U]};
    }
    return text;
}

/// Those characters that are the same whatever comes after the bytes, and whatever the `before`
/// bytes are that come before them.
std::string base64(const std::string& bytes, std::size_t before) {
    static constexpr const char* kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string all = std::string(before, '\0') + bytes;
    std::string text;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : all) {
        bits = bits << 8U | static_cast<std::uint8_t>(c);
        for (count += 8; count >= 6; count -= 6) {
            text += kDigits[bits >> (count - 6) & 63U];
        }
    }
    return text.substr((before * 8 + 5) / 6);
}

/// As much of it as can be read: a process may end meanwhile, which a stream would throw for.
std::string contents(const std::filesystem::path& file) {
    const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::string text;
    std::vector<char> part(1U << 16U);
    for (ssize_t size = 0; opened && (size = ::read(opened.get(), part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(size));
    }
    return text;
}

std::optional<struct stat> statusOf(const std::filesystem::path& path) {
    struct stat status {};

    return ::lstat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

} // namespace

Needle Needle::text(const std::string& name, const std::string& password) {
    Needle needle;
    needle.add(name + " as UTF-8", password);
    needle.add(name + " as UTF-16", utf16(password));
    return needle;
}

Needle Needle::bytes(const std::string& name, const std::string& bytes) {
    Needle needle;
    needle.add(name + " as bytes", bytes);
    return needle;
}

void Needle::add(const std::string& name, const std::string& bytes) {
    forms_.push_back({name, bytes});
    forms_.push_back({name + " in hex", hex(bytes, "0123456789abcdef")});
    forms_.push_back({name + " in hex", hex(bytes, "0123456789ABCDEF")});
    for (const std::size_t before : {0U, 1U, 2U}) {
        forms_.push_back({name + " in base64", base64(bytes, before)});
    }
}

std::string Needle::formIn(std::string_view haystack) const {
    for (const Form& form : forms_) {
        if (::memmem(haystack.data(), haystack.size(), form.bytes.data(), form.bytes.size()) !=
            nullptr) {
            return form.name;
        }
    }
    return "";
}

Finds findInText(std::string_view text, const std::vector<Needle>& needles) {
    Finds finds;
    for (const Needle& needle : needles) {
        if (const std::string form = needle.formIn(text); !form.empty()) {
            finds.insert(form);
        }
    }
    return finds;
}

Finds findInFile(const std::filesystem::path& file, const std::vector<Needle>& needles) {
    Finds finds;
    for (const std::string& form : findInText(contents(file), needles)) {
        finds.insert(file.string() + ": " + form);
    }
    return finds;
}

Finds findBelow(const std::filesystem::path& directory, const std::vector<Needle>& needles) {
    Finds finds;
    const auto top = statusOf(directory);
    std::error_code gone; // much comes and goes there
    for (std::filesystem::recursive_directory_iterator entry(directory, gone), end;
         top && !gone && entry != end;
         entry.increment(gone)) {
        const auto status = statusOf(entry->path());
        if (!status) {
            entry.disable_recursion_pending();
        } else if (S_ISDIR(status->st_mode) && status->st_dev != top->st_dev) {
            entry.disable_recursion_pending(); // an overlay's files have devices of their own
        } else if (S_ISREG(status->st_mode)) {
            finds.merge(findInFile(entry->path(), needles));
        }
    }
    return finds;
}

Finds findInProcesses(const std::vector<Needle>& needles) {
    Finds finds;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string pid = entry.path().filename();
        if (pid.find_first_not_of("0123456789") == std::string::npos) {
            finds.merge(findInFile(entry.path() / "cmdline", needles));
            finds.merge(findInFile(entry.path() / "environ", needles));
        }
    }
    return finds;
}

ProcessWatch::ProcessWatch(std::vector<Needle> needles)
    : needles_(std::move(needles)), thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
              {
                  Finds more = findInProcesses(needles_);
                  const std::lock_guard lock(mutex_);
                  finds_.merge(more);
              }
              ++looks_;
              std::this_thread::sleep_for(std::chrono::milliseconds(2));
          }
      }) {
}

Finds ProcessWatch::finds() const {
    const std::lock_guard lock(mutex_);
    return finds_;
}

} // namespace fsrvp::test::guest
