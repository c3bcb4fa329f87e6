// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smb/krb5_handles.hpp"

#include <array>

namespace fsrvp::smb::krb5 {
namespace {

struct Row {
    krb5_error_code code;
    Errc errc;
    std::string_view meaning;
    std::string_view hint; ///< empty: the error table's
};

constexpr std::string_view kAccountHint =
    "check user, password and domain (the Kerberos realm) of this server in servers.d";
constexpr std::string_view kKdcHint =
    "check from this machine that the realm's KDC (the domain controller) is up and that port 88 "
    "of it is open";
constexpr std::string_view kRealmHint =
    "name the realm's KDCs in /etc/krb5.conf of this machine or in DNS; 'domain' of the server in "
    "servers.d has to be the Kerberos realm";
constexpr std::string_view kClockHint =
    "compare `date` here and on the KDC (the domain controller) and set the wrong one right: "
    "Kerberos takes 5 minutes at most";
constexpr std::string_view kServiceHint =
    "give the server by the name that its domain knows it by, or register cifs/NAME for it with "
    "the KDC";

const std::array kRows{
    Row{KRB5KDC_ERR_PREAUTH_FAILED,
        Errc::AuthenticationFailed,
        "the password is wrong",
        kAccountHint},
    Row{KRB5KRB_AP_ERR_BAD_INTEGRITY,
        Errc::AuthenticationFailed,
        "the password is wrong",
        kAccountHint},
    Row{KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN,
        Errc::AuthenticationFailed,
        "the KDC does not know the account",
        kAccountHint},
    Row{KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN,
        Errc::AuthenticationFailed,
        "the KDC knows no such service",
        kServiceHint},
    Row{KRB5KDC_ERR_CLIENT_REVOKED,
        Errc::AuthenticationFailed,
        "the account is disabled or locked",
        "enable or unlock the account on the KDC (the domain controller)"},
    Row{KRB5KDC_ERR_KEY_EXP,
        Errc::AuthenticationFailed,
        "the password has expired",
        "change the password, then tell it to fsrvpd"},
    Row{KRB5KDC_ERR_NAME_EXP,
        Errc::AuthenticationFailed,
        "the account has expired",
        "extend the account on the KDC (the domain controller)"},
    Row{KRB5KDC_ERR_POLICY,
        Errc::AuthenticationFailed,
        "the KDC's policy forbids it",
        "check what the KDC's log says of this account"},
    Row{KRB5KDC_ERR_ETYPE_NOSUPP,
        Errc::AuthenticationFailed,
        "this machine and the KDC have no encryption type in common",
        "enable AES for the account on the KDC (the domain controller)"},
    Row{KRB5KRB_AP_ERR_SKEW,
        Errc::AuthenticationFailed,
        "the clocks of this machine and of the KDC differ too much",
        kClockHint},
    Row{KRB5_KDCREP_SKEW,
        Errc::AuthenticationFailed,
        "the clocks of this machine and of the KDC differ too much",
        kClockHint},
    Row{KRB5KRB_AP_ERR_TKT_NYV,
        Errc::AuthenticationFailed,
        "the ticket is not valid yet: the clocks of this machine and of the KDC differ too much",
        kClockHint},
    Row{KRB5KRB_AP_ERR_TKT_EXPIRED, Errc::NoCredential, "the ticket has expired", kCacheHint},
    Row{KRB5_KDC_UNREACH, Errc::Unreachable, "no KDC of the realm answers", kKdcHint},
    Row{KRB5_REALM_UNKNOWN, Errc::NameNotResolved, "no KDC of the realm is known", kRealmHint},
    Row{KRB5_REALM_CANT_RESOLVE,
        Errc::NameNotResolved,
        "the address of the realm's KDC can't be found",
        kRealmHint},
    Row{KRB5_CONFIG_NODEFREALM, Errc::NoCredential, "no Kerberos realm is known", kRealmHint},
    Row{KRB5_CONFIG_CANTOPEN,
        Errc::Configuration,
        "krb5.conf can't be read",
        "mend /etc/krb5.conf of this machine"},
    Row{KRB5_CONFIG_BADFORMAT,
        Errc::Configuration,
        "krb5.conf can't be read",
        "mend /etc/krb5.conf of this machine"},
    Row{KRB5_CC_NOTFOUND, Errc::NoCredential, "the cache has no ticket for it", kCacheHint},
    Row{KRB5_CC_FORMAT, Errc::NoCredential, "it is no ticket cache", kCacheHint},
    Row{KRB5_CC_END, Errc::NoCredential, "it is no ticket cache", kCacheHint},
    Row{KRB5_CCACHE_BADVNO, Errc::NoCredential, "it is no ticket cache", kCacheHint},
    Row{KRB5_KT_NOTFOUND, Errc::NoCredential, "the keytab has no key of the account", kKeytabHint},
    Row{KRB5_KT_END, Errc::NoCredential, "the keytab holds no key", kKeytabHint},
    Row{KRB5_KT_FORMAT, Errc::NoCredential, "it is no keytab", kKeytabHint},
    Row{KRB5_KEYTAB_BADVNO, Errc::NoCredential, "it is no keytab", kKeytabHint},
    Row{KRB5_PARSE_MALFORMED, Errc::NoCredential, "that is no Kerberos name", kAccountHint},
    Row{KRB5_PARSE_ILLCHAR, Errc::NoCredential, "that is no Kerberos name", kAccountHint},
};

} // namespace

Context makeContext() {
    krb5_context made = nullptr;
    if (const krb5_error_code code = krb5_init_context(&made); code != 0) {
        fail(nullptr, code, "cannot set up Kerberos");
    }
    return Context(made);
}

void fail(krb5_context context, krb5_error_code code, const std::string& what) {
    const char* raw = krb5_get_error_message(context, code);
    const std::string text = raw;
    krb5_free_error_message(context, raw);
    for (const Row& row : kRows) {
        if (row.code == code) {
            throw Error(row.errc,
                        std::string(what).append(": ").append(row.meaning) + " (" + text + ")")
                .withHint(row.hint);
        }
    }
    // Numbers below 256 are errno's.
    const bool isErrno = code > 0 && code < 256;
    throw Error(isErrno ? Errc::Failed : Errc::AuthenticationFailed, what + ": " + text);
}

std::string textOf(krb5_context context, krb5_const_principal principal, int flags) {
    char* raw = nullptr;
    check(context,
          krb5_unparse_name_flags(context, principal, flags, &raw),
          "cannot write a Kerberos name");
    std::string text = raw;
    krb5_free_unparsed_name(context, raw);
    return text;
}

} // namespace fsrvp::smb::krb5
