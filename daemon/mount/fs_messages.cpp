// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/mount/fs_messages.hpp"

#include "daemon/base/packet.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace fsrvp::mount::fs {
namespace {

using nlohmann::json;

// What a holder needs is 3.
constexpr int kMaxDepth = 8;

Error malformed(const std::string& how) {
    return Error(Errc::Protocol, "malformed message of fsrvp-fs: " + how);
}

json parseObject(std::string_view packet) {
    if (packet.size() > kMaxPacket) {
        throw malformed("too long");
    }
    // The parser takes a NUL for the end and would not look at what follows.
    if (packet.find('\0') != std::string_view::npos) {
        throw malformed("it has a NUL");
    }
    const auto checkDepth = [](int depth, json::parse_event_t, json&) {
        if (depth > kMaxDepth) {
            throw malformed("nested too deeply");
        }
        return true;
    };
    json parsed = json::parse(packet, checkDepth, false);
    if (!parsed.is_object()) {
        throw malformed("no JSON object");
    }
    return parsed;
}

/// Runs fn; what nlohmann throws in it becomes Error(Protocol).
template <class Fn> auto reading(Fn fn) {
    try {
        return fn();
    } catch (const json::exception& e) {
        throw malformed("a key is missing or of the wrong type (" + std::to_string(e.id) + ")");
    }
}

constexpr std::string_view kDigits = "0123456789abcdef";

std::string hex(const std::string& bytes) {
    std::string digits;
    digits.reserve(2 * bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        digits += kDigits[byte >> 4U];
        digits += kDigits[byte & 0x0fU];
    }
    return digits;
}

Secret fromHex(const std::string& digits) {
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    bool isHex = digits.size() % 2 == 0;
    for (std::size_t i = 0; isHex && i < digits.size(); i += 2) {
        const std::size_t high = kDigits.find(digits[i]);
        const std::size_t low = kDigits.find(digits[i + 1]);
        isHex = high != std::string_view::npos && low != std::string_view::npos;
        bytes += static_cast<char>((high << 4U) | low);
    }
    Secret secret(std::move(bytes));
    if (!isHex) {
        throw malformed("no hexadecimal text");
    }
    return secret;
}

std::string text(const json& object, const char* key) {
    std::string value = object.at(key).get<std::string>();
    // The kernel would take what is before it for the whole path.
    if (value.find('\0') != std::string::npos) {
        throw malformed(std::string(key) + " has a NUL");
    }
    return value;
}

template <class Number> Number number(const json& object, const char* key) {
    const json& value = object.at(key);
    const auto most = static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) {
        throw malformed(std::string(key) + " is no number or too large");
    }
    return value.get<Number>();
}

json toJson(const CheckDestination& call) {
    return {{"verb", "check-destination"}, {"path", call.path}};
}

json toJson(const MakeDirectory& call) {
    return {{"verb", "make-directory"}, {"path", call.path}, {"parents", call.parents}};
}

json toJson(const RemoveDirectory& call) {
    return {{"verb", "remove-directory"}, {"path", call.path}};
}

json toJson(const FindHolders& call) {
    return {{"verb", "holders"}, {"path", call.path}};
}

json toJson(const Detach& call) {
    return {{"verb", "detach"}, {"path", call.path}};
}

json toJson(const IsConnected& call) {
    return {{"verb", "connected"}, {"share", call.share}};
}

json toJson(const ReadSecretFile& call) {
    return {{"verb", "read-secret-file"}, {"path", call.path}};
}

json toJson(const Done&) {
    return {{"reply", "done"}};
}

json toJson(bool yes) {
    return {{"reply", "yes-no"}, {"yes", yes}};
}

json toJson(const std::vector<Holder>& holders) {
    json all = json::array();
    for (const Holder& holder : holders) {
        all.push_back({{"pid", static_cast<std::uint64_t>(holder.pid)},
                       {"uid", holder.uid},
                       {"name", holder.name},
                       {"what", holder.what}});
    }
    return {{"reply", "holders"}, {"holders", std::move(all)}};
}

json toJson(const SecretFile& file) {
    return {{"reply", "secret-file"}, {"uid", file.uid}, {"bytes", hex(file.bytes.reveal())}};
}

json toJson(const Error& error) {
    return {{"reply", "error"},
            {"code", errcName(error.code())},
            {"message", error.what()},
            {"hint", error.hint()}};
}

std::vector<Holder> holdersFrom(const json& object) {
    const json& list = object.at("holders");
    if (!list.is_array()) {
        throw malformed("holders is no list");
    }
    std::vector<Holder> holders;
    for (const json& each : list) {
        Holder holder;
        holder.pid = number<std::int64_t>(each, "pid");
        holder.uid = number<std::uint32_t>(each, "uid");
        holder.name = text(each, "name");
        holder.what = text(each, "what");
        holders.push_back(std::move(holder));
    }
    return holders;
}

/// Wipes what it has read.
SecretFile secretFileFrom(json& object) {
    auto& digits = object.at("bytes").get_ref<std::string&>();
    SecretFile file;
    file.bytes = fromHex(digits);
    wipe(digits);
    file.uid = number<std::uint32_t>(object, "uid");
    return file;
}

Error errorFrom(const json& object) {
    const std::string name = text(object, "code");
    const std::optional<Errc> code = errcFromName(name);
    if (!code) {
        throw malformed("there is no error '" + name + "'");
    }
    return Error(*code, text(object, "message")).withHint(text(object, "hint"));
}

} // namespace

std::string encode(const Request& request) {
    try {
        return std::visit([](const auto& call) { return toJson(call).dump(); }, request);
    } catch (const json::type_error&) {
        throw Error(Errc::InvalidArgument, "a path is not valid UTF-8");
    }
}

std::string encode(const Answer& answer) {
    const json object = std::visit([](const auto& reply) { return toJson(reply); }, answer);
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Request decodeRequest(std::string_view packet) {
    const json object = parseObject(packet);
    return reading([&object]() -> Request {
        const std::string verb = text(object, "verb");
        if (verb == "check-destination") {
            return CheckDestination{text(object, "path")};
        }
        if (verb == "make-directory") {
            return MakeDirectory{text(object, "path"), object.at("parents").get<bool>()};
        }
        if (verb == "remove-directory") {
            return RemoveDirectory{text(object, "path")};
        }
        if (verb == "holders") {
            return FindHolders{text(object, "path")};
        }
        if (verb == "detach") {
            return Detach{text(object, "path")};
        }
        if (verb == "connected") {
            return IsConnected{text(object, "share")};
        }
        if (verb == "read-secret-file") {
            return ReadSecretFile{text(object, "path")};
        }
        throw malformed("there is no verb '" + verb + "'");
    });
}

Answer decodeAnswer(std::string_view packet) {
    json object = parseObject(packet);
    return reading([&object]() -> Answer {
        const std::string reply = text(object, "reply");
        if (reply == "done") {
            return Done{};
        }
        if (reply == "yes-no") {
            return object.at("yes").get<bool>();
        }
        if (reply == "holders") {
            return holdersFrom(object);
        }
        if (reply == "secret-file") {
            return secretFileFrom(object);
        }
        if (reply == "error") {
            return errorFrom(object);
        }
        throw malformed("there is no reply '" + reply + "'");
    });
}

} // namespace fsrvp::mount::fs
