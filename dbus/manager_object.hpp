// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "daemon/jobs/job_manager.hpp"
#include "db/store.hpp"
#include "dbus/callers.hpp"
#include "dbus/credential_methods.hpp"
#include "dbus/export_stream.hpp"
#include "dbus/job_object.hpp"
#include "dbus/options.hpp"
#include "fsrvpd1_adaptor.hpp"

#include <map>
#include <memory>

namespace fsrvp {

/// org.fsrvpd1.Manager: checks what a caller sent and who he is, and hands it on. Every method is
/// answered from the loop; none waits for a server.
class ManagerObject final : public sdbus::AdaptorInterfaces<org::fsrvpd1::Manager_adaptor> {
  public:
    ManagerObject(EventLoop& loop,
                  sdbus::IConnection& connection,
                  db::Store& store,
                  mount::Mounter& mounter,
                  jobs::JobManager& jobs,
                  CredentialStore& credentials);
    ManagerObject(const ManagerObject&) = delete;
    ManagerObject& operator=(const ManagerObject&) = delete;
    ~ManagerObject();

  private:
    using Sources = std::vector<std::string>;
    using Page = std::vector<Variants>;

    void CreateSnapshot(sdbus::Result<sdbus::ObjectPath>&& result,
                        Sources sources,
                        Variants options) override;
    void DeleteSnapshots(sdbus::Result<sdbus::ObjectPath>&& result,
                         std::vector<std::string> ids,
                         Variants options) override;
    void MountSnapshot(sdbus::Result<sdbus::ObjectPath>&& result,
                       std::string id,
                       Variants options) override;
    void UnmountSnapshot(sdbus::Result<sdbus::ObjectPath>&& result,
                         std::string id,
                         Variants options) override;
    void ListSnapshots(sdbus::Result<Page, std::string>&& result, Variants filter) override;
    void ExportSnapshots(sdbus::Result<sdbus::UnixFd>&& result, Variants filter) override;
    void GetSnapshot(sdbus::Result<Variants>&& result, std::string id, Variants options) override;
    void CheckSource(sdbus::Result<sdbus::ObjectPath>&& result,
                     std::string source,
                     Variants options) override;
    void Reconcile(sdbus::Result<sdbus::ObjectPath>&& result,
                   std::vector<std::string> servers,
                   Variants options) override;
    void TestCredential(sdbus::Result<sdbus::ObjectPath>&& result,
                        std::string name,
                        Variants options) override;
    void SetCredential(sdbus::Result<>&& result,
                       std::string name,
                       sdbus::UnixFd secret,
                       Variants options) override;
    void RemoveCredential(sdbus::Result<>&& result, std::string name, Variants options) override;
    void ListCredentials(sdbus::Result<Page>&& result, Variants options) override;
    void ListJobs(sdbus::Result<Page>&& result, Variants options) override;
    std::string Version() override;

    Task<std::tuple<sdbus::ObjectPath>>
    create(std::string sender, Sources sources, Variants options);
    Task<std::tuple<sdbus::ObjectPath>>
    remove(std::string sender, std::vector<std::string> ids, Variants options);
    Task<std::tuple<sdbus::ObjectPath>> mount(std::string sender, std::string id, Variants options);
    Task<std::tuple<sdbus::ObjectPath>>
    unmount(std::string sender, std::string id, Variants options);
    Task<std::tuple<sdbus::ObjectPath>>
    check(std::string sender, std::string source, Variants options);
    Task<std::tuple<sdbus::ObjectPath>>
    testCredential(std::string sender, std::string name, Variants options);
    Task<std::tuple<sdbus::ObjectPath>>
    reconcile(std::string sender, std::vector<std::string> servers, Variants options);
    Task<std::tuple<Page, std::string>> list(std::string sender, Variants filter);
    Task<std::tuple<sdbus::UnixFd>> exportAll(std::string sender, Variants filter);
    Task<std::tuple<Variants>> get(std::string sender, std::string id, Variants options);
    Task<std::tuple<Page>> listJobs(std::string sender, Variants options);

    std::string sender() const;
    /// HOST or HOST:PORT. @throws Error(InvalidArgument)
    ServerId serverNamed(const std::string& text) const;

    EventLoop& loop_;
    sdbus::IConnection& connection_;
    db::Store& store_;
    mount::Mounter& mounter_;
    jobs::JobManager& jobs_;
    Callers callers_;
    CredentialMethods credentials_;
    std::map<std::uint64_t, ExportStream> exports_;
    std::uint64_t lastExport_ = 0;
    TaskGroup tasks_;
    std::map<std::int64_t, JobObject> jobObjects_;
};

} // namespace fsrvp
