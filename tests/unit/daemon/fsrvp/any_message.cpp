// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/unit/daemon/fsrvp/any_message.hpp"

#include "daemon/fsrvp/operations.hpp"
#include "daemon/ndr/json_codec.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace fsrvp {
namespace {

using nlohmann::json;

std::string hresultText(std::uint32_t value) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "0x%08x", value);
    return text.data();
}

template <class T> json fieldsToJson(const T& message) {
    ndr::ToJson codec;
    T::fields(codec, message);
    return std::move(codec).take();
}

template <class T> T fieldsFromJson(const json& object) {
    T message;
    ndr::FromJson codec(object);
    T::fields(codec, message);
    return message;
}

template <class Op> AnyMessage request() {
    return {
        Op::opnum,
        Op::name,
        Direction::Request,
        [](std::span<const std::byte> stub) { return fieldsToJson(decodeRequest<Op>(stub)); },
        [](std::span<const std::byte> stub) { return encodeRequest<Op>(decodeRequest<Op>(stub)); },
        [](const json& object) {
            return encodeRequest<Op>(fieldsFromJson<typename Op::In>(object));
        }};
}

template <class Op> AnyMessage response() {
    return {Op::opnum,
            Op::name,
            Direction::Response,
            [](std::span<const std::byte> stub) {
                const Reply<Op> reply = decodeReply<Op>(stub);
                json object = fieldsToJson(reply.out);
                object["result"] = hresultText(reply.hresult);
                return object;
            },
            [](std::span<const std::byte> stub) { return encodeReply<Op>(decodeReply<Op>(stub)); },
            [](const json& object) {
                Reply<Op> reply;
                reply.out = fieldsFromJson<typename Op::Out>(object);
                const auto& text = object.at("result").get_ref<const std::string&>();
                reply.hresult = static_cast<std::uint32_t>(std::stoul(text, nullptr, 16));
                return encodeReply<Op>(reply);
            }};
}

std::vector<AnyMessage> make() {
    std::vector<AnyMessage> all;
    forEachOperation([&all]<class Op>() {
        all.push_back(request<Op>());
        all.push_back(response<Op>());
    });
    return all;
}

} // namespace

std::span<const AnyMessage> allMessages() {
    static const std::vector<AnyMessage> all = make();
    return all;
}

const AnyMessage& messageOf(std::string_view operation, Direction direction) {
    for (const AnyMessage& message : allMessages()) {
        if (message.operation == operation && message.direction == direction) {
            return message;
        }
    }
    throw std::runtime_error("no operation is called '" + std::string(operation) + "'");
}

} // namespace fsrvp
