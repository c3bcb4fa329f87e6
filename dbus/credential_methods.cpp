// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/credential_methods.hpp"

#include "daemon/base/error.hpp"
#include "daemon/base/log.hpp"
#include "daemon/credentials/secret_reader.hpp"

#include <algorithm>
#include <chrono>

namespace fsrvp {
namespace {

constexpr std::chrono::seconds kReadTime{10};
constexpr const char* kToDoWhat = "manage credentials";

StoredCredential takeAbout(std::string name, Options& options) {
    StoredCredential about;
    about.name = std::move(name);
    const std::string kind = options.take<std::string>("kind").value_or("password");
    const auto parsed = parseCredentialKind(kind);
    if (!parsed) {
        throw Error(Errc::InvalidArgument, "there is no kind of credential '" + kind + "'")
            .withHint("password or keytab");
    }
    about.kind = *parsed;
    about.user = options.take<std::string>("user").value_or("");
    about.domain = options.take<std::string>("domain").value_or("");
    return about;
}

/// Without the one newline that `echo` and most editors put there.
Secret withoutNewline(const Secret& secret) {
    const std::string& text = secret.reveal();
    return Secret(text.substr(0, text.size() - (text.ends_with('\n') ? 1 : 0)));
}

Variants toBus(const StoredCredential& about) {
    Variants row;
    row["name"] = about.name;
    if (!about.problem.empty()) {
        row["problem"] = about.problem;
        return row;
    }
    row["kind"] = std::string(credentialKindName(about.kind));
    row["user"] = about.user;
    row["domain"] = about.domain;
    row["storage"] = std::string(about.isEncrypted ? "encrypted" : "plain");
    return row;
}

} // namespace

Task<std::tuple<>>
CredentialMethods::set(std::string sender, std::string name, UniqueFd secret, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator(kToDoWhat);
    Options wanted(options);
    StoredCredential about = takeAbout(std::move(name), wanted);
    wanted.expectNoMore();
    checkCredentialName(about.name);
    const std::string changed = about.name;
    const bool isPassword = about.kind == CredentialKind::Password;
    const std::size_t most = isPassword ? kMostPassword + 1 : kMostKeytab;
    Secret read = co_await readSecret(loop_, std::move(secret), most, kReadTime, never_);
    if (isPassword) {
        read = withoutNewline(read);
    }
    co_await store_.set(std::move(about), std::move(read), never_);
    log::info("credential '" + changed + "' was set by user " + std::to_string(caller.uid));
    co_return std::tuple<>();
}

Task<std::tuple<>>
CredentialMethods::remove(std::string sender, std::string name, Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator(kToDoWhat);
    Options(options).expectNoMore();
    co_await store_.remove(name, never_);
    log::info("credential '" + name + "' was removed by user " + std::to_string(caller.uid));
    co_return std::tuple<>();
}

Task<std::tuple<std::vector<Variants>>> CredentialMethods::list(std::string sender,
                                                                Variants options) {
    const Caller caller = co_await callers_.identify(std::move(sender));
    caller.requireAdministrator(kToDoWhat);
    Options(options).expectNoMore();
    std::vector<Variants> rows;
    for (const StoredCredential& about : store_.list()) {
        rows.push_back(toBus(about));
    }
    co_return std::tuple(std::move(rows));
}

} // namespace fsrvp
