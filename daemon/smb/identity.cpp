// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/identity.hpp"

#include "daemon/base/error.hpp"

namespace fsrvp::smb {
namespace {

/// Whether Negotiate shall begin with Kerberos.
bool mayHaveTickets(const Login& login) {
    return !login.keytab.reveal().empty() || !login.ticketCache.reveal().empty() ||
           login.domain.find('.') != std::string::npos || login.user.find('@') != std::string::npos;
}

bool canUsePassword(const Login& login) {
    return !login.user.empty() && !login.password.reveal().empty();
}

} // namespace

Identity::Identity(const Login& login,
                   const std::string& host,
                   const std::filesystem::path& directory) {
    if (!login.hasIdentity()) {
        throw Error(Errc::NoCredential, "no user name is known for the server");
    }
    if (login.auth == Auth::Kerberos) {
        useTickets(login, host, directory);
        return;
    }
    if (login.auth == Auth::Negotiate && mayHaveTickets(login)) {
        try {
            useTickets(login, host, directory);
            return;
        } catch (const Error& error) {
            // Two wrong passwords count twice against an account's lock.
            const bool isFinal = error.code() == Errc::AuthenticationFailed &&
                                 login.keytab.reveal().empty() &&
                                 login.ticketCache.reveal().empty() && !tickets_;
            if (isFinal || !canUsePassword(login)) {
                throw;
            }
            tickets_.reset();
        }
    }
    usePassword(login);
}

void Identity::useTickets(const Login& login,
                          const std::string& host,
                          const std::filesystem::path& directory) {
    requireName(host);
    tickets_ = std::make_unique<KerberosTickets>(login, directory);
    tickets_->getServiceTicket(host);
    user_ = tickets_->user();
    domain_ = tickets_->realm();
}

void Identity::usePassword(const Login& login) {
    if (login.user.empty()) {
        throw Error(Errc::NoCredential, "no user name is known for the server");
    }
    user_ = login.user;
    domain_ = login.domain;
    password_ = login.password;
}

std::string Identity::text() const {
    if (tickets_) {
        return tickets_->principal();
    }
    return domain_.empty() ? user_ : domain_ + "\\" + user_;
}

} // namespace fsrvp::smb
