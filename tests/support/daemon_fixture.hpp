// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/lab.hpp"
#include "tests/support/private_bus.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <nlohmann/json.hpp>
#include <sdbus-c++/sdbus-c++.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fsrvp::test {

/// The built fsrvpd as a process, with a bus and with state, runtime and configuration directories
/// of its own, and fsrvpctl for it. What it did wrong by its end fails the running test.
class Daemon {
  public:
    /// Starts nothing yet, so that a configuration can be written.
    Daemon();
    /// Stops it if it runs.
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// With these in its environment, and by the command that `wrap` makes of its own, which has to
    /// become it.
    void startIn(const Environment& more, std::function<Argv(Argv)> wrap);
    /// Returns when it owns its name on the bus. Again as startIn() was told.
    /// @throws std::runtime_error  it did not within ten seconds
    void start();
    /// SIGTERM. It has to end with status 0 within the limit, else the test fails.
    void stop(std::chrono::milliseconds limit = std::chrono::seconds(5));
    /// SIGKILL.
    void kill();
    /// SIGHUP.
    void reload();

    bool isRunning() const noexcept { return process_.has_value(); }

    pid_t pid() const;
    /// What it and its agents have written to stderr since the last start.
    std::string log() const;

    /// servers.d/NAME.json
    void writeServer(const nlohmann::json& settings, const std::string& name = "lab");
    void writeServerText(const std::string& text, const std::string& name = "lab");
    /// servers.d/lab.json with the lab's root, port and host and with timeouts of two seconds to
    /// connect and ten for a call; `changes` win.
    void writeLab(const Lab& lab, const nlohmann::json& changes = nlohmann::json::object());

    /// Runs fsrvpctl to its end.
    RunResult ctl(const Argv& arguments,
                  std::chrono::milliseconds limit = std::chrono::seconds(60)) const;
    /// The JSON that it prints with --json, whatever its exit status.
    nlohmann::json ctlJson(Argv arguments) const;
    std::unique_ptr<Process> startCtl(const Argv& arguments) const;
    /// The arguments to run it as user `nobody`.
    Argv ctlAsNobody(const Argv& arguments) const;
    Environment environment() const;
    /// Another fsrvpd, which runs to its end.
    RunResult second(const Environment& changes) const;

    /// Rows of the state database, an object each; read-only.
    nlohmann::json sql(const std::string& query) const;
    /// Changes the state database while fsrvpd does not run.
    void changeDatabase(const std::string& statements) const;

    /// What its descriptors are open on: "socket:[1234]", a file's path. Without timers: the loop
    /// keeps one for each clock from its first use, say when another test mounts something.
    std::vector<std::string> openFiles() const;

    std::size_t openFds() const { return openFiles().size(); }

    /// The pids of its agents.
    std::vector<pid_t> agents() const;
    std::vector<pid_t> children() const;
    /// Waits until no agent is left: connections linger for two seconds. False after ten.
    bool waitUntilIdle() const;

    /// Expects nothing in its runtime directory but what belongs to mounts, and that empty.
    void expectNoRuntimeFiles() const;
    /// A new connection to its bus.
    std::unique_ptr<sdbus::IConnection> connectBus() const;

    const std::filesystem::path& dir() const noexcept { return dir_.path(); }

    std::filesystem::path configDir() const { return dir() / "config"; }

    std::filesystem::path database() const { return dir() / "state" / "fsrvpd.db"; }

  private:
    std::filesystem::path program() const;
    void checkLog() const;

    TempDir dir_;
    PrivateBus bus_;
    std::unique_ptr<sdbus::IConnection> connection_;
    Environment more_;
    std::function<Argv(Argv)> wrap_ = [](Argv argv) { return argv; };
    std::optional<Process> process_;
};

} // namespace fsrvp::test
