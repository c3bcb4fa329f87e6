// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::test {

using Argv = std::vector<std::string>;
using Environment = std::map<std::string, std::string>;

/// A child process; argv[0] is looked up in PATH. It never outlives its object; and when the thread
/// that made it ends, so also when the test crashes, it gets a SIGTERM.
class Process {
  public:
    enum class Stdin { Null, Pipe };

    /// @param additions  added to, and winning over, the environment of this process
    /// @throws std::system_error  the program cannot be started
    explicit Process(const Argv& argv,
                     const Environment& additions = {},
                     Stdin input = Stdin::Null);
    /// Kills and reaps it if it still runs.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const noexcept { return pid_; }

    /// Waits for the end. The exit code is as a shell gives it, so 128 + N after signal N;
    /// none means that the process still runs.
    std::optional<int> wait(std::chrono::milliseconds deadline);
    /// Does nothing when the end has been waited for: the pid may be another's by then.
    void kill(int signal);

    void writeStdin(std::string_view text);

    void closeStdin() { stdin_.reset(); }

    /// All that it has written up to now.
    std::string out() const;
    std::string err() const;

  private:
    pid_t pid_ = -1;
    std::optional<int> exitCode_;
    UniqueFd pidFd_;
    UniqueFd stdin_;
    UniqueFd out_;
    UniqueFd err_;
};

struct RunResult {
    int exitCode = 0;
    std::string out;
    std::string err;
};

/// Runs a program to its end, with no input.
/// @throws std::runtime_error  it did not end in time, and was killed
RunResult run(const Argv& argv,
              const Environment& additions = {},
              std::chrono::milliseconds deadline = std::chrono::seconds(30));

} // namespace fsrvp::test
