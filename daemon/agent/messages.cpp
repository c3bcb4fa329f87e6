// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent/messages.hpp"

#include "daemon/base/packet.hpp"

#include <type_traits>
#include <utility>

namespace fsrvp::agent {
namespace {

using nlohmann::json;

/// Strings of the packet that may be secret are wiped with it.
struct WipedJson {
    json value;

    explicit WipedJson(json v) : value(std::move(v)) {}

    WipedJson(const WipedJson&) = delete;
    WipedJson& operator=(const WipedJson&) = delete;

    ~WipedJson() {
        for (const char* key : {"password", "keytab", "ticket_cache"}) {
            if (value.is_object() && value.contains(key) && value[key].is_string()) {
                wipe(value[key].get_ref<std::string&>());
            }
        }
    }
};

// What a mapping's fields need is 3.
constexpr int kMaxDepth = 8;

json parseObject(std::string_view packet) {
    if (packet.size() > kMaxPacket) {
        throw Error(Errc::Protocol, "malformed agent message: too long");
    }
    // The parser takes a NUL for the end and would not look at what follows.
    if (packet.find('\0') != std::string_view::npos) {
        throw Error(Errc::Protocol, "malformed agent message: it has a NUL");
    }
    // A value is copied by recursion, and the other side may be hostile.
    const auto checkDepth = [](int depth, json::parse_event_t, json&) {
        if (depth > kMaxDepth) {
            throw Error(Errc::Protocol, "malformed agent message: nested too deeply");
        }
        return true;
    };
    json parsed = json::parse(packet, checkDepth, false);
    if (!parsed.is_object()) {
        throw Error(Errc::Protocol, "malformed agent message: no JSON object");
    }
    return parsed;
}

/// Runs fn; what nlohmann throws in it becomes Error(Protocol).
template <class Fn> auto reading(Fn fn) {
    try {
        return fn();
    } catch (const json::exception& e) {
        // Its text may quote the packet, which may hold a password: only its number is passed on.
        throw Error(Errc::Protocol,
                    "malformed agent message: a key is missing or of the wrong type (" +
                        std::to_string(e.id) + ")");
    }
}

std::string asText(const json& value) {
    std::string text = value.get<std::string>();
    // Samba's libraries would take what is before it for the whole.
    if (text.find('\0') != std::string::npos) {
        wipe(text);
        throw Error(Errc::Protocol, "malformed agent message: a text has a NUL");
    }
    return text;
}

std::string text(const json& object, const char* key) {
    return asText(object.at(key));
}

constexpr std::string_view kDigits = "0123456789abcdef";

/// Bytes as text that JSON can carry.
std::string hex(const std::string& bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0x0fU];
    }
    return text;
}

Secret bytes(const json& object, const char* key) {
    const auto& text = object.at(key).get_ref<const std::string&>();
    std::string result;
    result.reserve(text.size() / 2);
    bool isHex = text.size() % 2 == 0;
    for (std::size_t i = 0; isHex && i < text.size(); i += 2) {
        const std::size_t high = kDigits.find(text[i]);
        const std::size_t low = kDigits.find(text[i + 1]);
        isHex = high != std::string_view::npos && low != std::string_view::npos;
        result += static_cast<char>((high << 4U) | low);
    }
    Secret secret(std::move(result));
    if (!isHex) {
        throw Error(Errc::Protocol,
                    "malformed agent message: " + std::string(key) + " is no hexadecimal text");
    }
    return secret;
}

std::uint32_t u32(const json& object, const char* key) {
    const json& value = object.at(key);
    if (!value.is_number_unsigned() || !std::in_range<std::uint32_t>(value.get<std::uint64_t>())) {
        throw Error(Errc::Protocol,
                    "malformed agent message: " + std::string(key) + " is no 32-bit number");
    }
    return value.get<std::uint32_t>();
}

void addLogin(json& object, const Login& login) {
    object["auth"] = authName(login.auth);
    object["user"] = login.user;
    object["domain"] = login.domain;
    object["password"] = login.password.reveal();
    object["keytab"] = hex(login.keytab.reveal());
    object["ticket_cache"] = hex(login.ticketCache.reveal());
}

json toJson(const Connect& call) {
    json object{{"call", "connect"},
                {"host", call.access.server.host},
                {"port", call.access.server.port},
                {"rpc", rpcProtectionName(call.access.rpc)},
                {"encryption", smbEncryptionName(call.access.encryption)}};
    addLogin(object, call.access.login);
    return object;
}

json toJson(const Resolve& call) {
    return {{"call", "resolve"}, {"host", call.host}};
}

json toJson(const Greet& call) {
    return {{"call", "greet"}, {"host", call.server.host}, {"port", call.server.port}};
}

json toJson(const GetTickets& call) {
    json object{{"call", "get-tickets"}};
    addLogin(object, call.login);
    return object;
}

json toJson(const Operation& call) {
    return {{"call", "operation"}, {"name", call.name}, {"in", call.in}};
}

json toJson(const ListShares& call) {
    return {{"call", "list-shares"}, {"limit", call.limit}, {"after", call.after}};
}

json toJson(const ProbeShare& call) {
    return {{"call", "probe-share"}, {"share", call.share}};
}

json toJson(const AskForDfs& call) {
    return {{"call", "ask-for-dfs"}, {"share", call.share}};
}

json toJson(const ListGmtDirectories& call) {
    return {{"call", "list-gmt-directories"},
            {"share", call.share},
            {"first", call.first},
            {"last", call.last}};
}

json toJson(const Connected& reply) {
    return {{"reply", "connected"},
            {"min_version", reply.minVersion},
            {"max_version", reply.maxVersion},
            {"identity", reply.identity}};
}

json toJson(const Addresses& reply) {
    return {{"reply", "addresses"}, {"addresses", reply.addresses}};
}

json toJson(const Greeting& reply) {
    return {{"reply", "greeting"},
            {"address", reply.address},
            {"dialect", reply.dialect},
            {"can_encrypt", reply.canEncrypt},
            {"requires_signing", reply.requiresSigning},
            {"clock_ahead_sec", reply.clockAhead.count()}};
}

json toJson(const Tickets& reply) {
    return {{"reply", "tickets"},
            {"principal", reply.principal},
            {"valid_sec", reply.validFor.count()}};
}

json toJson(const OperationResult& reply) {
    return {{"reply", "operation"}, {"out", reply.out}, {"hresult", reply.hresult}};
}

json toJson(const Shares& reply) {
    return {{"reply", "shares"}, {"names", reply.names}, {"more", reply.more}};
}

json toJson(const Probed& reply) {
    return {{"reply", "probed"}, {"present", reply.present}};
}

json toJson(const GmtDirectories& reply) {
    return {{"reply", "gmt-directories"}, {"names", reply.names}};
}

json toJson(const Error& error) {
    return {{"reply", "error"},
            {"code", errcName(error.code())},
            {"message", error.what()},
            {"hint", error.hint()},
            {"hresult", error.hresult() ? json(*error.hresult()) : json(nullptr)}};
}

/// A server's text may hold bytes that are no UTF-8; a packet never does.
std::string dump(const json& object) {
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

ServerId serverFrom(const json& object) {
    const std::uint32_t port = u32(object, "port");
    if (port == 0 || port > 65535) {
        throw Error(Errc::Protocol, "malformed agent message: port out of range");
    }
    return ServerId{text(object, "host"), static_cast<std::uint16_t>(port)};
}

/// The value that `parse` knows by that name.
template <class T>
T named(const json& object, const char* key, std::optional<T> (*parse)(std::string_view) noexcept) {
    const std::optional<T> value = parse(text(object, key));
    if (!value) {
        throw Error(Errc::Protocol, "malformed agent message: unknown " + std::string(key));
    }
    return *value;
}

Login loginFrom(const json& object) {
    Login login;
    login.auth = named(object, "auth", parseAuth);
    login.user = text(object, "user");
    login.domain = text(object, "domain");
    login.password = Secret(text(object, "password"));
    login.keytab = bytes(object, "keytab");
    login.ticketCache = bytes(object, "ticket_cache");
    return login;
}

Connect connectFrom(const json& object) {
    Connect call;
    call.access.server = serverFrom(object);
    call.access.login = loginFrom(object);
    call.access.rpc = named(object, "rpc", parseRpcProtection);
    call.access.encryption = named(object, "encryption", parseSmbEncryption);
    return call;
}

std::vector<std::string> textsFrom(const json& list) {
    std::vector<std::string> texts;
    for (const json& item : list.get_ref<const json::array_t&>()) {
        texts.push_back(asText(item));
    }
    return texts;
}

std::chrono::seconds seconds(const json& object, const char* key) {
    const json& value = object.at(key);
    if (!value.is_number_integer()) {
        throw Error(Errc::Protocol,
                    "malformed agent message: " + std::string(key) + " is no whole number");
    }
    return std::chrono::seconds(value.get<std::int64_t>());
}

Greeting greetingFrom(const json& object) {
    Greeting greeting;
    greeting.address = text(object, "address");
    greeting.dialect = text(object, "dialect");
    greeting.canEncrypt = object.at("can_encrypt").get<bool>();
    greeting.requiresSigning = object.at("requires_signing").get<bool>();
    greeting.clockAhead = seconds(object, "clock_ahead_sec");
    return greeting;
}

Error errorFrom(const json& object) {
    const std::optional<Errc> code = errcFromName(text(object, "code"));
    if (!code) {
        throw Error(Errc::Protocol, "malformed agent message: unknown error code");
    }
    std::optional<std::uint32_t> hresult;
    if (!object.at("hresult").is_null()) {
        hresult = u32(object, "hresult");
    }
    return Error(*code, text(object, "message"), hresult).withHint(text(object, "hint"));
}

Shares sharesFrom(const json& object) {
    return Shares{textsFrom(object.at("names")), object.at("more").get<bool>()};
}

} // namespace

std::string encode(const Request& request) {
    WipedJson object(std::visit([](const auto& call) { return toJson(call); }, request.call));
    object.value["timeout_ms"] = request.timeout.count();
    return dump(object.value);
}

std::string encode(const Answer& answer) {
    return dump(std::visit([](const auto& r) { return toJson(r); }, answer));
}

Request decodeRequest(std::string_view packet) {
    const WipedJson parsed(parseObject(packet));
    const json& object = parsed.value;
    return reading([&object] {
        Request request;
        request.timeout = std::chrono::milliseconds(u32(object, "timeout_ms"));
        const std::string call = text(object, "call");
        if (call == "connect") {
            request.call = connectFrom(object);
        } else if (call == "resolve") {
            request.call = Resolve{text(object, "host")};
        } else if (call == "greet") {
            request.call = Greet{serverFrom(object)};
        } else if (call == "get-tickets") {
            request.call = GetTickets{loginFrom(object)};
        } else if (call == "operation") {
            request.call = Operation{text(object, "name"), object.at("in")};
        } else if (call == "list-shares") {
            request.call = ListShares{u32(object, "limit"), text(object, "after")};
        } else if (call == "probe-share") {
            request.call = ProbeShare{text(object, "share")};
        } else if (call == "ask-for-dfs") {
            request.call = AskForDfs{text(object, "share")};
        } else if (call == "list-gmt-directories") {
            request.call = ListGmtDirectories{
                text(object, "share"), text(object, "first"), text(object, "last")};
        } else {
            throw Error(Errc::Protocol, "malformed agent message: unknown call");
        }
        return request;
    });
}

Answer decodeAnswer(std::string_view packet) {
    const json object = parseObject(packet);
    return reading([&object]() -> Answer {
        const std::string reply = text(object, "reply");
        if (reply == "connected") {
            return Connected{
                u32(object, "min_version"), u32(object, "max_version"), text(object, "identity")};
        }
        if (reply == "addresses") {
            return Addresses{textsFrom(object.at("addresses"))};
        }
        if (reply == "greeting") {
            return greetingFrom(object);
        }
        if (reply == "tickets") {
            return Tickets{text(object, "principal"), seconds(object, "valid_sec")};
        }
        if (reply == "operation") {
            return OperationResult{object.at("out"), u32(object, "hresult")};
        }
        if (reply == "shares") {
            return sharesFrom(object);
        }
        if (reply == "probed") {
            return Probed{object.at("present").get<bool>()};
        }
        if (reply == "gmt-directories") {
            return GmtDirectories{textsFrom(object.at("names"))};
        }
        if (reply == "error") {
            return errorFrom(object);
        }
        throw Error(Errc::Protocol, "malformed agent message: unknown reply");
    });
}

} // namespace fsrvp::agent
