// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fsrvp::test {

struct LabOptions {
    std::optional<std::uint16_t> port;                   ///< otherwise a free one
    std::optional<std::chrono::seconds> sequenceTimeout; ///< `fss:sequence timeout`
    int extraShares = 0;                                 ///< x1 to xN
    bool kerberos = false;                               ///< with a KDC: Lab::realm()
    std::vector<std::string> settings; ///< of smb.conf: "server smb encrypt = off"
};

/// What a lab's KDC knows; see tests/lab/lab_kdc.py.
struct LabRealm {
    std::string name;    ///< "LAB.TEST"
    std::string host;    ///< the server's name, that programs find by Lab::withHosts() only
    std::string machine; ///< a host's account; the server takes it for root
    std::filesystem::path dir;
    std::map<std::string, std::string> passwords; ///< by user

    std::filesystem::path krb5Conf() const { return dir / "krb5.conf"; }

    /// Of "root", "nobody"; of the machine: "client".
    std::filesystem::path keytab(const std::string& user) const { return dir / (user + ".keytab"); }
};

/// A real Samba server with FSRVP on btrfs, made by tests/lab/labserver. Needs root.
class Lab {
  public:
    /// Who talks to the server: root may use FSRVP, nobody can only read the shares.
    enum class User { Root, Nobody };

    /// Returns when the server answers.
    explicit Lab(const LabOptions& options = {});
    /// Aborts the test program when the lab leaves something behind on this machine.
    ~Lab();
    Lab(const Lab&) = delete;
    Lab& operator=(const Lab&) = delete;

    std::string host() const { return "127.0.0.1"; }

    std::uint16_t port() const noexcept { return port_; }

    /// Only with LabOptions::kerberos.
    const LabRealm& realm() const { return realm_.value(); }

    /// The command in a mount namespace where the server's name in the realm leads to this lab.
    Argv withHosts(const Argv& argv) const;

    pid_t smbdPid() const noexcept { return smbdPid_; }

    const std::filesystem::path& dir() const noexcept { return dir_.path(); }

    std::filesystem::path smbConf() const { return dir() / "smb.conf"; }

    std::filesystem::path credentialsFile(User user = User::Root) const;
    /// `username=` and `password=` lines, as mount.cifs takes them.
    std::string credentialsText(User user = User::Root) const;
    /// Where the share lies on this machine, so that a test can change it behind the server's back.
    const std::filesystem::path& sharePath(const std::string& name) const;

    std::vector<std::string> listShares() const; ///< the exposed ones
    /// What the server's own `net` prints. @throws std::runtime_error  it failed
    std::string net(const Argv& arguments) const;
    std::vector<std::string> subvolumes() const; ///< of all shares, so also their snapshots
    std::vector<std::string> shellSnapshots() const;

    void restartSmbd();
    void freeze(); ///< the server's machine hangs: connections stay, nothing answers
    void thaw();

    RunResult rpcclient(const std::string& command, User user = User::Root) const;
    RunResult
    smbclient(const std::string& share, const std::string& command, User user = User::Root) const;

  private:
    std::string labserver(const std::string& verb) const;
    /// Runs a program of Samba's in the server's PID namespace: its processes lock a file named by
    /// their pid, and one from outside may have the number of one of smbd's.
    RunResult runTool(const Argv& argv) const;
    Argv clientArgv(const std::string& program, User user) const;
    void takeDescription(std::string_view json);

    TempDir dir_;
    Process process_;
    std::uint16_t port_ = 0;
    pid_t smbdPid_ = -1;
    pid_t initPid_ = -1; ///< of the server's PID namespace
    std::map<std::string, std::filesystem::path> shares_;
    std::optional<LabRealm> realm_;
};

} // namespace fsrvp::test
