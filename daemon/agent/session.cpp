// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/session.hpp"

#include "daemon/base/packet.hpp"
#include "daemon/fsrvp/hresult.hpp"
#include "daemon/fsrvp/operations.hpp"
#include "daemon/ndr/json_codec.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace fsrvp::agent {
namespace {

constexpr std::ptrdiff_t kMostDirectories = 256; // of 24 bytes: far from what a packet holds

template <class Message> nlohmann::json toJson(const Message& message) {
    ndr::ToJson codec;
    Message::fields(codec, message);
    return std::move(codec).take();
}

template <class Op>
OperationResult
perform(Channel& channel, const nlohmann::json& in, std::chrono::milliseconds timeout) {
    typename Op::In request;
    ndr::FromJson codec(in);
    Op::In::fields(codec, request);
    const auto reply = call<Op>(channel, request, timeout);
    return OperationResult{toJson(reply.out), reply.hresult};
}

/// Samba's libraries take a login without a name for an anonymous one.
void requireIdentity(const Login& login) {
    if (!login.hasIdentity()) {
        throw Error(Errc::NoCredential, "no user name is known for the server");
    }
}

} // namespace

Answer Session::handle(const Request& request) {
    try {
        return std::visit([&](const auto& call) { return run(call, request.timeout); },
                          request.call);
    } catch (const Error& error) {
        return error;
    }
}

const Access& Session::access() const {
    if (!access_) {
        throw Error(Errc::Protocol, "the agent was not told of a server yet");
    }
    return *access_;
}

Answer Session::run(const Connect& call, std::chrono::milliseconds timeout) {
    if (access_) {
        throw Error(Errc::Protocol, "the agent has a server already");
    }
    requireIdentity(call.access.login);
    access_ = call.access;
    smb::Pipe pipe = backend_.openPipe(call.access, timeout);
    channel_ = std::move(pipe.channel);
    // Authentication that failed may show only in the first call, so it is a harmless one.
    const auto version = fsrvp::call<GetSupportedVersion>(*channel_, {}, timeout);
    if (version.hresult != hresult::kOk) {
        throw hresultError("cannot ask for the protocol's version", version.hresult);
    }
    if (version.out.minVersion > 1 || version.out.maxVersion < 1) {
        throw Error(Errc::NotSupported,
                    "the server speaks FSRVP versions " + std::to_string(version.out.minVersion) +
                        " to " + std::to_string(version.out.maxVersion) + ", not 1");
    }
    return Connected{version.out.minVersion, version.out.maxVersion, std::move(pipe.identity)};
}

Answer Session::run(const Resolve& call, std::chrono::milliseconds /*timeout*/) {
    return Addresses{backend_.resolve(call.host)};
}

Answer Session::run(const Greet& call, std::chrono::milliseconds timeout) {
    return backend_.greet(call.server, timeout);
}

Answer Session::run(const GetTickets& call, std::chrono::milliseconds /*timeout*/) {
    requireIdentity(call.login);
    return backend_.getTickets(call.login);
}

Answer Session::run(const Operation& call, std::chrono::milliseconds timeout) {
    if (!channel_) {
        throw Error(Errc::Protocol, "the agent has no FSRVP pipe");
    }
    std::optional<Answer> answer;
    forEachOperation([&]<class Op>() {
        if (call.name == Op::name) {
            answer = perform<Op>(*channel_, call.in, timeout);
        }
    });
    if (!answer) {
        throw Error(Errc::Protocol, "there is no operation '" + call.name + "'");
    }
    return *answer;
}

Answer Session::run(const ListShares& call, std::chrono::milliseconds timeout) {
    // A page that follows is of what the server said for the first.
    if (call.after.empty() || shares_.empty()) {
        shares_ = backend_.listShares(access(), timeout);
        std::sort(shares_.begin(), shares_.end());
    }
    constexpr std::size_t kMostBytes = kMaxPacket / 2; // JSON escapes some of them
    Shares page;
    std::size_t bytes = 0;
    auto next = std::upper_bound(shares_.begin(), shares_.end(), call.after);
    for (; next != shares_.end() && page.names.size() < call.limit; ++next) {
        bytes += next->size() + 3; // quotes and comma
        if (bytes > kMostBytes) {
            break;
        }
        page.names.push_back(*next);
    }
    page.more = next != shares_.end();
    return page;
}

Answer Session::run(const ProbeShare& call, std::chrono::milliseconds timeout) {
    const auto presence = backend_.probeShare(access(), call.share, timeout);
    return Probed{presence == smb::SharePresence::Present};
}

Answer Session::run(const AskForDfs& call, std::chrono::milliseconds timeout) {
    return Probed{backend_.isDfsRoot(access(), call.share, timeout)};
}

Answer Session::run(const ListGmtDirectories& call, std::chrono::milliseconds timeout) {
    std::vector<std::string> names = backend_.listGmtDirectories(access(), call.share, timeout);
    std::erase_if(
        names, [&call](const std::string& name) { return name < call.first || name > call.last; });
    std::sort(names.begin(), names.end());
    if (std::ssize(names) > kMostDirectories) {
        names.erase(names.begin(), names.end() - kMostDirectories);
    }
    return GmtDirectories{std::move(names)};
}

void serve(int socket,
           smb::Backend& backend,
           const std::function<void(std::chrono::milliseconds)>& onRequest) {
    Session session(backend);
    while (std::optional<std::string> packet = receivePacket(socket)) {
        Answer answer = Error(Errc::Protocol, "unreadable request");
        try {
            const Request request = decodeRequest(*packet);
            wipe(*packet);
            onRequest(request.timeout);
            answer = session.handle(request);
        } catch (const Error& error) {
            wipe(*packet); // one that can't be read may hold a password all the same
            answer = error;
        }
        onRequest(std::chrono::milliseconds(0));
        sendPacket(socket, encode(answer));
    }
}

} // namespace fsrvp::agent
