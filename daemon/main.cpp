// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/pool.hpp"
#include "daemon/base/launcher.hpp"
#include "daemon/base/log.hpp"
#include "daemon/config/live_config.hpp"
#include "daemon/credentials/credentials.hpp"
#include "daemon/credentials/systemd_sealer.hpp"
#include "daemon/jobs/job_manager.hpp"
#include "daemon/jobs/mount_watch.hpp"
#include "daemon/mount/exec_mounter.hpp"
#include "daemon/mount/systemd_mounter.hpp"
#include "db/store.hpp"
#include "dbus/bus_source.hpp"
#include "dbus/error_table.hpp"
#include "dbus/manager_object.hpp"
#include "dbus/names.hpp"
#include "fsrvpd_version.hpp"

#include <CLI/CLI.hpp>
#include <systemd/sd-daemon.h>

#include <csignal>
#include <cstdlib>
#include <optional>

namespace {

using namespace fsrvp;

struct Arguments {
    std::string configDirectory = "/etc/fsrvpd";
    bool systemd = false;
};

std::filesystem::path directoryFrom(const char* variable) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value != '/') {
        throw Error(Errc::Configuration, std::string(variable) + " names no directory")
            .withHint("systemd sets it; by hand, set it to a directory of your own");
    }
    return value;
}

/// @param name  "agent" or "fs"
std::unique_ptr<Launcher>
makeLauncher(EventLoop& loop, const Arguments& arguments, const std::string& name) {
    const std::filesystem::path runtime = directoryFrom("RUNTIME_DIRECTORY");
    const std::string program = "fsrvp-" + name;
    if (arguments.systemd) {
        return std::make_unique<SocketLauncher>(runtime / (name + ".socket"), program + ".socket");
    }
    return std::make_unique<ForkLauncher>(loop, helperProgram(program), runtime);
}

std::unique_ptr<mount::Mounter> makeMounter(EventLoop& loop,
                                            const Arguments& arguments,
                                            sdbus::IConnection& connection,
                                            mount::RuntimeFiles& files) {
    if (arguments.systemd) {
        return std::make_unique<mount::SystemdMounter>(loop, connection, files);
    }
    return std::make_unique<mount::ExecMounter>(loop);
}

std::unique_ptr<Sealer> makeSealer(EventLoop& loop, const Arguments& arguments) {
    if (arguments.systemd) {
        return std::make_unique<SystemdSealer>(
            loop, directoryFrom("RUNTIME_DIRECTORY"), SystemdSealer::Host());
    }
    return std::make_unique<PlainSealer>();
}

void takeName(sdbus::IConnection& connection) {
    try {
        connection.requestName(names::kBusName);
    } catch (const sdbus::Error& error) {
        throw Error(Errc::Failed,
                    std::string("cannot own ") + names::kBusName +
                        " on the bus: " + error.getMessage())
            .withHint("stop the other fsrvpd if one runs; see the bus policy org.fsrvpd1.conf");
    }
}

/// For the journal: the error, and what to do about it.
std::string withHint(const Error& error) {
    return std::string(error.what()) + " (" + std::string(hintOf(error)) + ")";
}

void logFailure(std::exception_ptr failure) {
    try {
        if (failure) {
            std::rethrow_exception(failure);
        }
    } catch (const std::exception& error) {
        log::error(std::string("cannot settle what the last run left: ") + error.what());
    }
}

void run(const Arguments& arguments) {
    EventLoop loop;
    // Before the first thread starts, so that all have these signals blocked.
    const EventSource onTerm = loop.onSignal(SIGTERM, [&loop] { loop.stop(); });
    const EventSource onInt = loop.onSignal(SIGINT, [&loop] { loop.stop(); });

    LiveConfig config(arguments.configDirectory);
    if (const auto problem = config.reload()) {
        log::error(problem->what());
    }
    const EventSource onHup = loop.onSignal(SIGHUP, [&] {
        if (const auto problem = config.reload()) {
            log::error(problem->what());
        } else {
            log::info("read the configuration anew");
        }
    });
    db::Store store(loop, directoryFrom("STATE_DIRECTORY"));
    const auto agents = makeLauncher(loop, arguments, "agent");
    const auto helpers = makeLauncher(loop, arguments, "fs");
    agent::Pool pool(loop, *agents);
    mount::PathHelper paths(loop, *helpers);
    mount::RuntimeFiles files(directoryFrom("RUNTIME_DIRECTORY"));
    const auto connection = sdbus::createSystemBusConnection();
    const auto mounter = makeMounter(loop, arguments, *connection, files);
    const auto sealer = makeSealer(loop, arguments);
    CredentialStore credentialStore(
        loop, directoryFrom("STATE_DIRECTORY") / "credentials", *sealer);
    const auto currentConfig = [&config] { return config.current(); };
    Credentials credentials(currentConfig, credentialStore, paths);
    jobs::ServerTurns servers(loop);
    jobs::SnapshotTurns snapshots(loop);
    jobs::AddSpacing spacing(loop);
    const jobs::Services services{loop,
                                  store,
                                  pool,
                                  servers,
                                  snapshots,
                                  spacing,
                                  *mounter,
                                  paths,
                                  files,
                                  credentials,
                                  currentConfig};
    jobs::JobManager jobs(services);

    ManagerObject manager(loop, *connection, store, *mounter, jobs, credentialStore);
    const BusSource bus(loop, *connection);
    takeName(*connection);

    std::optional<jobs::MountWatch> watch;
    TaskGroup recovery(loop);
    if (const std::optional<Error>& why = store.whyReadOnly()) {
        log::error(withHint(*why));
        sd_notify(0, (std::string("STATUS=Read-only: ") + why->what()).c_str());
    } else {
        watch.emplace(services);
        recovery.spawn(jobs.recover(), logFailure);
    }
    sd_notify(0, "READY=1");
    loop.run();
    sd_notify(0, "STOPPING=1");
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    Arguments arguments;
    CLI::App app("Takes snapshots of SMB shares through FSRVP, for org.fsrvpd1 on the system bus");
    app.add_option("--config-dir", arguments.configDirectory, "where config.json and servers.d lie")
        ->capture_default_str();
    app.add_flag("--systemd",
                 arguments.systemd,
                 "have systemd mount, and start helpers through the sockets in RUNTIME_DIRECTORY");
    app.set_version_flag("--version", fsrvp::kVersion);
    CLI11_PARSE(app, argc, argv);
    try {
        run(arguments);
        return 0;
    } catch (const Error& error) {
        log::error(withHint(error));
    } catch (const std::exception& error) {
        log::error(error.what());
    }
    return 1;
}
