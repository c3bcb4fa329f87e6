// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/kerberos.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/unique_fd.hpp"
#include "daemon/smb/krb5_handles.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace fsrvp::smb {
namespace {

using krb5::Cache;
using krb5::check;
using krb5::Context;
using krb5::kCacheHint;
using krb5::Keytab;
using krb5::kKeytabHint;
using krb5::Options;
using krb5::Principal;
using krb5::textOf;
using krb5::Ticket;
using krb5::TicketPointer;
using Clock = std::chrono::system_clock;

std::string userOf(krb5_context context, krb5_const_principal principal) {
    return textOf(
        context, principal, KRB5_PRINCIPAL_UNPARSE_NO_REALM | KRB5_PRINCIPAL_UNPARSE_DISPLAY);
}

std::string asciiUpper(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return text;
}

/// "user@REALM" of a login with a user. Realms are in upper case everywhere; a domain need not be.
std::string nameOf(const Login& login) {
    const bool whole = login.user.find('@') != std::string::npos || login.domain.empty();
    return whole ? login.user : login.user + "@" + asciiUpper(login.domain);
}

/// Bytes as a file that is in no file system.
class MemoryFile {
  public:
    explicit MemoryFile(const std::string& bytes) : file_(::memfd_create("keytab", MFD_CLOEXEC)) {
        if (!file_ || ::write(file_.get(), bytes.data(), bytes.size()) !=
                          static_cast<ssize_t>(bytes.size())) {
            throw Error(Errc::Failed, std::string("cannot hold a keytab: ") + std::strerror(errno));
        }
    }

    std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

  private:
    UniqueFd file_;
};

/// Whose tickets to get with a keytab that is all that is known.
void choosePrincipal(krb5_context context, krb5_keytab keytab, Principal& chosen) {
    const std::string what = "cannot read the keytab";
    krb5_kt_cursor cursor = nullptr;
    check(context, krb5_kt_start_seq_get(context, keytab, &cursor), what);
    krb5_keytab_entry entry{};
    krb5_error_code code = 0;
    while ((code = krb5_kt_next_entry(context, keytab, &entry, &cursor)) == 0) {
        const bool isMachine = userOf(context, entry.principal).ends_with('$');
        if (isMachine || chosen.get() == nullptr) {
            krb5_free_principal(context, chosen.get());
            *chosen.put() = nullptr;
            code = krb5_copy_principal(context, entry.principal, chosen.put());
        }
        krb5_free_keytab_entry_contents(context, &entry);
        if (isMachine || code != 0) {
            break;
        }
    }
    krb5_kt_end_seq_get(context, keytab, &cursor);
    if (chosen.get() == nullptr) {
        krb5::fail(context, code, what);
    }
}

/// How long a cache's best ticket is good for: the ticket-granting one, or any other.
/// @throws Error(NoCredential) where it has none or all have expired
std::chrono::seconds lifetime(krb5_context context, krb5_ccache cache, const std::string& who) {
    const std::string what = "cannot use the ticket cache of '" + who + "'";
    krb5_timestamp now = 0;
    krb5_timeofday(context, &now);
    krb5_cc_cursor cursor = nullptr;
    check(context, krb5_cc_start_seq_get(context, cache, &cursor), what);
    std::int64_t best = 0;
    bool any = false;
    for (;;) {
        Ticket ticket(context);
        if (krb5_cc_next_cred(context, cache, &cursor, ticket.put()) != 0) {
            break;
        }
        if (krb5_is_config_principal(context, ticket.get().server) == 0) {
            any = true;
            // Seconds since 1970 up to 2106, in 32 bits.
            const auto end = static_cast<std::uint32_t>(ticket.get().times.endtime);
            best = std::max(best, std::int64_t{end} - static_cast<std::uint32_t>(now));
        }
    }
    krb5_cc_end_seq_get(context, cache, &cursor);
    if (!any) {
        throw Error(Errc::NoCredential, what + ": it holds no ticket").withHint(kCacheHint);
    }
    if (best <= 0) {
        throw Error(Errc::NoCredential, what + ": the ticket has expired").withHint(kCacheHint);
    }
    return std::chrono::seconds(best);
}

/// cifs/HOST of the realm that krb5.conf gives the host, or else of whichever the KDC refers to.
krb5_error_code serviceName(krb5_context context, const std::string& host, krb5_principal* name) {
    char** realms = nullptr;
    krb5_error_code code = krb5_get_host_realm(context, host.c_str(), &realms);
    if (code != 0) {
        return code;
    }
    const auto length = static_cast<unsigned>(std::strlen(realms[0]));
    code = krb5_build_principal(
        context, name, length, realms[0], "cifs", host.c_str(), static_cast<char*>(nullptr));
    krb5_free_host_realm(context, realms);
    return code;
}

} // namespace

void requireName(const std::string& host) {
    in6_addr address{};
    const std::string plain = host.substr(0, host.find('%')); // fe80::1%eth0
    if (::inet_pton(AF_INET, plain.c_str(), &address) == 1 ||
        ::inet_pton(AF_INET6, plain.c_str(), &address) == 1) {
        throw Error(Errc::NoCredential,
                    "Kerberos has no tickets for an IP address ('" + host + "')")
            .withHint("give the server by the name that its domain knows it by");
    }
}

struct KerberosTickets::Impl {
    explicit Impl(std::filesystem::path path) : file(std::move(path)) {}

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        std::error_code ignored;
        std::filesystem::remove(file, ignored);
    }

    void useCache(const Login& login);
    void useKeytab(const Login& login);
    void usePassword(const Login& login);

    void parseName(const Login& login) {
        const std::string name = nameOf(login);
        check(context.get(),
              krb5_parse_name(context.get(), name.c_str(), principal.put()),
              "cannot get Kerberos tickets for '" + name + "'");
    }

    /// Into the cache, which is made for the principal.
    void fillCacheBy(Options& options) const {
        krb5_get_init_creds_opt_alloc(context.get(), options.put());
        krb5_get_init_creds_opt_set_forwardable(options.get(), 0);
        krb5_get_init_creds_opt_set_proxiable(options.get(), 0);
        krb5_get_init_creds_opt_set_out_ccache(context.get(), options.get(), cache.get());
    }

    std::string what() const {
        return "cannot get Kerberos tickets for '" + textOf(context.get(), principal.get()) + "'";
    }

    std::filesystem::path file;
    Context context = krb5::makeContext();
    Cache cache{context.get()};
    Principal principal{context.get()};
    std::string holder; ///< principal as text
    Clock::time_point end;
};

void KerberosTickets::Impl::useCache(const Login& login) {
    const UniqueFd written(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const std::string& bytes = login.ticketCache.reveal();
    if (!written ||
        ::write(written.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        throw Error(Errc::Failed, "cannot write " + file.string() + ": " + std::strerror(errno));
    }
    krb5_error_code code = krb5_cc_get_principal(context.get(), cache.get(), principal.put());
    check(context.get(), code, "cannot read the ticket cache");
    if (login.user.empty()) {
        return;
    }
    const std::string theirs = textOf(context.get(), principal.get());
    const std::string wanted = nameOf(login);
    const bool isWanted = wanted.find('@') != std::string::npos
                              ? wanted == theirs
                              : wanted == userOf(context.get(), principal.get());
    if (!isWanted) {
        throw Error(Errc::NoCredential,
                    "the ticket cache is of '" + theirs + "', not of '" + wanted + "'")
            .withHint("name the user of the cache in servers.d, or none");
    }
}

void KerberosTickets::Impl::useKeytab(const Login& login) {
    const MemoryFile bytes(login.keytab.reveal());
    Keytab keytab(context.get());
    check(context.get(),
          krb5_kt_resolve(context.get(), ("FILE:" + bytes.path()).c_str(), keytab.put()),
          "cannot read the keytab");
    if (login.user.empty()) {
        choosePrincipal(context.get(), keytab.get(), principal);
    } else {
        parseName(login);
    }
    Options options(context.get());
    fillCacheBy(options);
    Ticket ticket(context.get());
    const krb5_error_code code = krb5_get_init_creds_keytab(
        context.get(), ticket.put(), principal.get(), keytab.get(), 0, nullptr, options.get());
    if (code == KRB5KDC_ERR_PREAUTH_FAILED || code == KRB5KRB_AP_ERR_BAD_INTEGRITY) {
        throw Error(Errc::AuthenticationFailed, what() + ": the keytab's key is not the account's")
            .withHint(kKeytabHint);
    }
    check(context.get(), code, what());
}

void KerberosTickets::Impl::usePassword(const Login& login) {
    if (login.user.empty()) {
        throw Error(Errc::NoCredential, "no user name is known for the server");
    }
    parseName(login);
    if (login.password.reveal().empty()) {
        throw Error(Errc::NoCredential, what() + ": there is no password, keytab or ticket cache")
            .withHint("give the server a credentials_file or a keytab in servers.d");
    }
    Options options(context.get());
    fillCacheBy(options);
    Ticket ticket(context.get());
    check(context.get(),
          krb5_get_init_creds_password(context.get(),
                                       ticket.put(),
                                       principal.get(),
                                       login.password.reveal().c_str(),
                                       nullptr,
                                       nullptr,
                                       0,
                                       nullptr,
                                       options.get()),
          what());
}

KerberosTickets::KerberosTickets(const Login& login, const std::filesystem::path& directory)
    : impl_(std::make_unique<Impl>(directory / "tickets")) {
    krb5_context context = impl_->context.get();
    check(context,
          krb5_cc_resolve(context, cacheName().c_str(), impl_->cache.put()),
          "cannot make a ticket cache");
    if (!login.ticketCache.reveal().empty()) {
        impl_->useCache(login);
    } else if (!login.keytab.reveal().empty()) {
        impl_->useKeytab(login);
    } else {
        impl_->usePassword(login);
    }
    impl_->holder = textOf(context, impl_->principal.get());
    impl_->end = Clock::now() + lifetime(context, impl_->cache.get(), impl_->holder);
}

KerberosTickets::~KerberosTickets() = default;

void KerberosTickets::getServiceTicket(const std::string& host) {
    krb5_context context = impl_->context.get();
    // As the user wrote it, and as Samba does.
    const std::array spellings{host, asciiUpper(host)};
    const std::string what =
        "cannot get a ticket of '" + impl_->holder + "' for 'cifs/" + host + "'";
    TicketPointer found(context);
    krb5_error_code code = 0;
    for (const std::string& spelling : spellings) {
        Ticket wanted(context);
        code = krb5_copy_principal(context, impl_->principal.get(), &wanted.put()->client);
        check(context, code, what);
        check(context, serviceName(context, spelling, &wanted.put()->server), what);
        code = krb5_get_credentials(context, 0, impl_->cache.get(), wanted.put(), found.put());
        if (code != KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN) {
            break;
        }
    }
    check(context, code, what);
    // A KDC that takes case for what it is may know only one of them.
    for (const std::string& spelling : spellings) {
        Principal name(context);
        const krb5_data* realm = krb5_princ_realm(context, found.get()->server);
        check(context,
              krb5_build_principal(context,
                                   name.put(),
                                   realm->length,
                                   realm->data,
                                   "cifs",
                                   spelling.c_str(),
                                   static_cast<char*>(nullptr)),
              what);
        krb5_creds copy = *found.get();
        copy.server = name.get();
        check(context, krb5_cc_store_cred(context, impl_->cache.get(), &copy), what);
    }
}

const std::string& KerberosTickets::principal() const noexcept {
    return impl_->holder;
}

std::string KerberosTickets::user() const {
    return userOf(impl_->context.get(), impl_->principal.get());
}

std::string KerberosTickets::realm() const {
    const krb5_data* realm = krb5_princ_realm(impl_->context.get(), impl_->principal.get());
    return {realm->data, realm->length};
}

std::string KerberosTickets::cacheName() const {
    return "FILE:" + impl_->file.string();
}

std::chrono::seconds KerberosTickets::validFor() const {
    return std::chrono::floor<std::chrono::seconds>(impl_->end - Clock::now());
}

} // namespace fsrvp::smb
