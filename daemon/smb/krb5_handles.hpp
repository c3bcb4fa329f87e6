// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// MIT's libkrb5 for kerberos.cpp: its handles, owned, and its errors as ours.

#include "daemon/base/error.hpp"

#include <krb5.h>

#include <memory>
#include <string>
#include <string_view>

namespace fsrvp::smb::krb5 {

constexpr std::string_view kCacheHint =
    "renew the ticket cache on this machine (kinit), or give the server a keytab in servers.d";
constexpr std::string_view kKeytabHint =
    "write the keytab on this machine anew: the account's password may have changed since";

struct FreeContext {
    void operator()(krb5_context context) const noexcept { krb5_free_context(context); }
};

using Context = std::unique_ptr<_krb5_context, FreeContext>;

/// @throws Error(Configuration) for a krb5.conf that can't be read
Context makeContext();

/// "what: meaning (libkrb5's own text)", with the Errc and the hint that fit.
[[noreturn]] void fail(krb5_context context, krb5_error_code code, const std::string& what);

/// Fails unless the code is 0.
inline void check(krb5_context context, krb5_error_code code, const std::string& what) {
    if (code != 0) {
        fail(context, code, what);
    }
}

/// What libkrb5 frees with its context at hand.
template <class T, auto Free> class Owned {
  public:
    explicit Owned(krb5_context context) noexcept : context_(context) {}

    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;

    ~Owned() {
        if (value_ != nullptr) {
            Free(context_, value_);
        }
    }

    T* put() noexcept { return &value_; }

    T get() const noexcept { return value_; }

  private:
    krb5_context context_;
    T value_ = nullptr;
};

using Principal = Owned<krb5_principal, krb5_free_principal>;
using Cache = Owned<krb5_ccache, krb5_cc_close>;
using Keytab = Owned<krb5_keytab, krb5_kt_close>;
using Options = Owned<krb5_get_init_creds_opt*, krb5_get_init_creds_opt_free>;
using TicketPointer = Owned<krb5_creds*, krb5_free_creds>;

/// Session keys in it are wiped by the library.
class Ticket {
  public:
    explicit Ticket(krb5_context context) noexcept : context_(context) {}

    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    ~Ticket() { krb5_free_cred_contents(context_, &value_); }

    krb5_creds* put() noexcept { return &value_; }

    const krb5_creds& get() const noexcept { return value_; }

  private:
    krb5_context context_;
    krb5_creds value_{};
};

/// A name as text: "user@REALM", or as the flags of krb5_unparse_name_flags say.
std::string textOf(krb5_context context, krb5_const_principal principal, int flags = 0);

} // namespace fsrvp::smb::krb5
