// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/base/unique_fd.hpp"
#include "tests/support/temp_dir.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace fsrvp::test {

/// A socket unit that starts systemd-creds for each connection, or something else that takes what
/// comes until its end and answers.
class SealUnit {
  public:
    using Service = std::function<std::string(const std::string& input)>;

    SealUnit(const std::filesystem::path& socket, Service service);
    SealUnit(const SealUnit&) = delete;
    SealUnit& operator=(const SealUnit&) = delete;
    ~SealUnit();

    int connections() const noexcept { return connections_; }

  private:
    void run();

    Service service_;
    UniqueFd listener_;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

/// Both units, and a host where they can encrypt: "sealed:" and the text backwards, so that what
/// was plain is not in it.
class SealHost {
  public:
    SealHost();

    static std::string encrypt(const std::string& plain);
    /// Empty, as systemd-creds without an answer, for what encrypt() never gave.
    static std::string decrypt(const std::string& sealed);

    const std::filesystem::path& runtime() const noexcept { return directory_.path(); }

    std::filesystem::path program() const { return directory_.path() / "systemd-creds"; }

    std::filesystem::path key() const { return directory_.path() / "key"; }

  private:
    TempDir directory_;
};

} // namespace fsrvp::test
