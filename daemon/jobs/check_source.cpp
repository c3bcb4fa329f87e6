// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/jobs/check_source.hpp"

#include "daemon/base/utf16.hpp"
#include "daemon/jobs/owner.hpp"
#include "daemon/jobs/remains.hpp"
#include "daemon/jobs/server_session.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace fsrvp::jobs {
namespace {

using std::chrono::seconds;

constexpr std::string_view kHere = "this host";
// What Kerberos allows between two clocks unless a realm says otherwise (RFC 4120 5.5.1).
constexpr seconds kMostSkew{300};

/// One check after the other. The first that fails ends it: what comes after would fail for the
/// same reason.
class Check {
  public:
    Check(Services& services, Job& job, CheckWish wish)
        : services_(services), job_(job), wish_(std::move(wish)), config_(services.config()),
          settings_(config_->settings(wish_.server.host)) {}

    Task<Outcome> run();

  private:
    struct Step {
        std::string_view name;
        Task<void> (Check::*run)(std::string_view name);
        bool onThisHost; ///< where what is wrong is to be mended, unless the error says more
        bool needsShare;
    };

    static const Step kSteps[];

    bool hasLine(std::string_view name) const {
        return std::any_of(outcome_.checks.begin(),
                           outcome_.checks.end(),
                           [name](const CheckLine& line) { return line.name == name; });
    }

    std::string serverText() const { return "server " + wish_.server.text(); }

    void add(std::string_view name,
             std::string_view verdict,
             std::string text,
             std::string cure = {},
             std::string machine = {}) {
        outcome_.checks.push_back({std::string(name),
                                   std::string(verdict),
                                   std::move(text),
                                   std::move(cure),
                                   std::move(machine)});
    }

    void fail(std::string_view name, const Error& error, std::string machine) {
        add(name, "failed", error.what(), error.hint(), std::move(machine));
        outcome_.errors.push_back(error);
    }

    Task<void> credential(std::string_view name);
    Task<void> resolve(std::string_view name);
    Task<void> port(std::string_view name);
    Task<void> dialect(std::string_view name);
    Task<void> clock(std::string_view name);
    Task<void> connect(std::string_view name);
    Task<void> rpc(std::string_view name);
    Task<void> permission(std::string_view name);
    Task<void> version(std::string_view name);
    Task<void> workers(std::string_view name);
    Task<void> share(std::string_view name);
    Task<void> owner(std::string_view name);
    void addLost();

    Services& services_;
    Job& job_;
    CheckWish wish_;
    std::shared_ptr<const Config> config_;
    const ServerSettings& settings_;
    Outcome outcome_;
    ServerAccount account_;
    Access access_;
    Greeting greeting_;
    std::optional<ServerTurns::Turn> turn_;
    std::optional<ServerSession> session_;
    std::string ownerName_;
};

const Check::Step Check::kSteps[] = {
    {"credential", &Check::credential, true, false},
    {"name", &Check::resolve, true, false},
    {"port", &Check::port, false, false},
    {"dialect", &Check::dialect, false, false},
    {"clock", &Check::clock, true, false},
    {"authentication", &Check::connect, true, false},
    {"rpc", &Check::rpc, false, false},
    {"permission", &Check::permission, false, false},
    {"version", &Check::version, false, false},
    {"workers", &Check::workers, false, false},
    {"share", &Check::share, false, true},
    {"owner", &Check::owner, true, true},
};

Task<Outcome> Check::run() {
    for (const Step& step : kSteps) {
        if ((step.needsShare && !wish_.source) || hasLine(step.name)) {
            continue;
        }
        if (!outcome_.errors.empty()) {
            add(step.name, "not-tried", "");
            continue;
        }
        std::optional<Error> failure;
        try {
            co_await (this->*step.run)(step.name);
        } catch (const Error& error) {
            failure = error;
        }
        if (failure) {
            job_.cancellation().throwIfRequested();
            fail(step.name, *failure, std::string(step.onThisHost ? kHere : serverText()));
        }
    }
    addLost();
    co_return std::move(outcome_);
}

/// What only an administrator of the server can remove.
void Check::addLost() {
    for (const Snapshot& copy : services_.store.listLost()) {
        if (copy.server == wish_.server) {
            add("lost",
                "warning",
                "snapshot " + std::to_string(copy.id) + ": " + copy.remains,
                cureFor(copy),
                serverText());
        }
    }
}

std::string describe(const CredentialOrigin& origin, const ServerSettings& settings) {
    switch (origin.kind) {
    case CredentialOrigin::Kind::Server:
        break;
    case CredentialOrigin::Kind::Stored:
        return "credential '" + origin.name + "'";
    case CredentialOrigin::Kind::File:
        return origin.name + ", which the share's own entry names";
    case CredentialOrigin::Kind::Keytab:
        return "the host's keytab";
    }
    for (const std::string* file :
         {&settings.credentialsFile, &settings.keytab, &settings.ticketCache}) {
        if (!file->empty()) {
            return *file + ", by servers.d";
        }
    }
    return "credential '" + settings.credential + "', by servers.d";
}

Task<void> Check::credential(std::string_view name) {
    account_.server = wish_.server;
    Source source = wish_.source.value_or(Source());
    account_.credential = co_await services_.credentials.choose(std::move(source),
                                                                wish_.server,
                                                                wish_.credential,
                                                                job_.record().ownerUid,
                                                                job_.cancellation());
    access_ = co_await services_.credentials.access(account_, job_.cancellation());
    add(name, "ok", describe(account_.credential, settings_));
}

Task<void> Check::resolve(std::string_view name) {
    const std::vector<std::string> addresses = co_await services_.pool.resolve(
        wish_.server.host, settings_.timeouts.connect, job_.cancellation());
    std::string text = wish_.server.host + " is";
    for (const std::string& address : addresses) {
        text += (&address == &addresses.front() ? " " : ", ") + address;
    }
    add(name, "ok", std::move(text));
}

Task<void> Check::port(std::string_view name) {
    greeting_ = co_await services_.pool.greet(
        wish_.server, settings_.timeouts.connect, job_.cancellation());
    add(name,
        "ok",
        "port " + std::to_string(wish_.server.port) + " of " + greeting_.address + " answers");
}

Task<void> Check::dialect(std::string_view name) {
    const bool isRequired = settings_.encryption == SmbEncryption::Required;
    std::string text = "SMB " + greeting_.dialect;
    text += greeting_.canEncrypt ? ", encrypted" : ", without encryption";
    if (!greeting_.canEncrypt && isRequired) {
        throw Error(Errc::NotSupported, text + ", which is required")
            .withHint("turn SMB encryption on there (SMB 3.0 or later); or, in servers.d of this "
                      "host: \"encryption\": \"preferred\"");
    }
    add(name, "ok", std::move(text));
    co_return;
}

Task<void> Check::clock(std::string_view name) {
    const seconds ahead = greeting_.clockAhead;
    const std::string text = "the server's clock is " + std::to_string(std::abs(ahead.count())) +
                             " s " + (ahead.count() < 0 ? "behind" : "ahead of") + " ours";
    if (std::abs(ahead.count()) <= kMostSkew.count()) {
        add(name, "ok", text);
    } else {
        add(name,
            "warning",
            text + ": Kerberos allows 300 s",
            "set the clocks, by NTP for instance",
            std::string(kHere) + " or " + serverText());
    }
    co_return;
}

Task<void> Check::connect(std::string_view name) {
    turn_.emplace(co_await services_.servers.enter(wish_.server, job_.cancellation()));
    session_.emplace(services_, account_, job_.cancellation());
    std::optional<Error> failure;
    try {
        co_await session_->connect();
    } catch (const Error& error) {
        failure = error;
    }
    if (!failure) {
        add(name,
            "ok",
            "as " + session_->identity() + ", by " + std::string(authName(access_.login.auth)));
        co_return;
    }
    // What comes after the login is refused by the same call.
    const bool isOfRpc = failure->code() == Errc::NotSupported || failure->code() == Errc::Protocol;
    const bool isOfRights = failure->code() == Errc::AccessDenied && failure->hresult();
    if (!isOfRpc && !isOfRights) {
        throw Error(*failure);
    }
    add(name, "ok", "the login was taken");
    if (isOfRights) {
        add("rpc", "ok", "FSRVP answers");
    }
    fail(isOfRights ? "permission" : "rpc", *failure, serverText());
}

Task<void> Check::rpc(std::string_view name) {
    add(name,
        "ok",
        "FSRVP answers, calls are protected by " +
            std::string(rpcProtectionName(settings_.rpcProtection)));
    if (settings_.rpcProtection == RpcProtection::None) {
        outcome_.checks.back().verdict = "warning";
        outcome_.checks.back().cure = "take \"rpc_protection\" out of its file of servers.d";
        outcome_.checks.back().machine = kHere;
    }
    co_return;
}

Task<void> Check::permission(std::string_view name) {
    // Servers refuse each call to who may not use FSRVP, and connecting makes the first.
    add(name, "ok", "the account may use FSRVP");
    co_return;
}

Task<void> Check::version(std::string_view name) {
    const auto version = co_await session_->must<GetSupportedVersion>({});
    add(name,
        "ok",
        "FSRVP " + std::to_string(version.minVersion) + " to " +
            std::to_string(version.maxVersion));
}

/// No call tells what server it is; but only Samba has this answer for a share that is not there.
Task<void> Check::workers(std::string_view name) {
    ShareOnly in;
    in.shareName = toUtf16(Unc{wish_.server.host, Guid::random().text()}.wire());
    const auto reply = co_await session_->call<IsPathSupported>(in);
    if (reply.hresult == hresult::kInvalidArgument) {
        add(name,
            "ok",
            "this is Samba, whose FSRVP workers know of no other's snapshots",
            "in its smb.conf, if they are not there yet: 'rpcd_fsrvp:num_workers = 1', then no "
            "other FSRVP client can make it forget ours; and a 'lock directory' outside of /run, "
            "which a reboot empties: it keeps all FSRVP snapshots on record there",
            serverText());
    }
}

Task<void> Check::share(std::string_view name) {
    ShareOnly in;
    in.shareName = toUtf16(wish_.source->unc.wire());
    const auto reply = co_await session_->call<IsPathSupported>(in);
    const Reaction reaction = reactionTo(IsPathSupported::opnum, reply.hresult);
    if (reaction == Reaction::UnknownShare) {
        throw Error(
            Errc::NotFound, "there is no share '" + wish_.source->unc.share + "'", reply.hresult);
    }
    if (reaction != Reaction::Done) {
        throw session_->failure<IsPathSupported>(reply.hresult);
    }
    if (!reply.out.supportedByThisProvider) {
        throw hresultError(wish_.source->unc.text(), hresult::kNotSupported);
    }
    co_await session_->requireNoDfsRoot(wish_.source->unc);
    if (reply.out.ownerMachineName.value) {
        ownerName_ = toUtf8(*reply.out.ownerMachineName.value);
    }
    add(name, "ok", wish_.source->unc.text() + " can have snapshots");
}

Task<void> Check::owner(std::string_view name) {
    const ShareOwner found = co_await findOwner(*session_, ownerName_);
    std::string text = "'" + ownerName_ + "'";
    text += found.elsewhere ? ", another machine: asked instead as " + found.elsewhere->text()
                            : ", this server";
    add(name, "ok", std::move(text));
}

} // namespace

Task<Outcome> checkSource(Services& services, Job& job, CheckWish wish) {
    job.setPhase(Phase::Check);
    Check check(services, job, std::move(wish));
    Outcome outcome = co_await check.run();
    co_return outcome;
}

} // namespace fsrvp::jobs
