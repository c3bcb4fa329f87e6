// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/client_impl.hpp"

namespace fsrvp::ctl {

void Client::setCredential(const std::string& name,
                           UniqueFd secret,
                           const CredentialOptions& options) {
    Dict dict;
    dict["kind"] = options.kind;
    if (!options.user.empty()) {
        dict["user"] = options.user;
    }
    if (!options.domain.empty()) {
        dict["domain"] = options.domain;
    }
    const sdbus::UnixFd fd(secret.release(), sdbus::adopt_fd);
    ask([&] { impl_->manager.SetCredential(name, fd, dict); });
}

void Client::removeCredential(const std::string& name) {
    ask([&] { impl_->manager.RemoveCredential(name, {}); });
}

std::vector<CredentialInfo> Client::listCredentials() {
    return ask([&] {
        std::vector<CredentialInfo> credentials;
        for (const Dict& dict : impl_->manager.ListCredentials({})) {
            credentials.push_back(credentialFromBus(dict));
        }
        return credentials;
    });
}

} // namespace fsrvp::ctl
