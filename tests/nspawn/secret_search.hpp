// SPDX-License-Identifier: GPL-3.0-or-later
// Looks for a secret wherever one could be left.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fsrvp::test::guest {

/// Bytes that must be found nowhere, and how they would look written in other ways.
class Needle {
  public:
    /// As UTF-8, as UTF-16LE, and either of them in hexadecimal digits and base64. `name` is what
    /// finds are called by.
    static Needle text(const std::string& name, const std::string& password);
    /// As they are, and in hexadecimal digits and base64.
    static Needle bytes(const std::string& name, const std::string& bytes);

    /// Which of its forms is there: "NAME as UTF-8", "NAME as UTF-16 in hex"; empty for none.
    std::string formIn(std::string_view haystack) const;

  private:
    struct Form {
        std::string name;
        std::string bytes;
    };

    void add(const std::string& name, const std::string& bytes);

    std::vector<Form> forms_;
};

/// Finds are told as "/run/file: NAME as UTF-8", never with what was found.
using Finds = std::set<std::string>;

/// In what is no file, told by the needle alone.
Finds findInText(std::string_view text, const std::vector<Needle>& needles);
/// In that file.
Finds findInFile(const std::filesystem::path& file, const std::vector<Needle>& needles);
/// In every regular file below the directory, as far as its own file system goes; links are not
/// followed.
Finds findBelow(const std::filesystem::path& directory, const std::vector<Needle>& needles);
/// In the command lines and the environments of all processes.
Finds findInProcesses(const std::vector<Needle>& needles);

/// Searches the processes again and again, on a thread of its own, until it is destroyed.
class ProcessWatch {
  public:
    explicit ProcessWatch(std::vector<Needle> needles);

    Finds finds() const;

    /// How often it has looked at all of them.
    std::size_t looks() const { return looks_; }

  private:
    const std::vector<Needle> needles_;
    mutable std::mutex mutex_;
    Finds finds_;
    std::atomic<std::size_t> looks_{0};
    std::jthread thread_; // the last, so that it ends first
};

} // namespace fsrvp::test::guest
