// SPDX-License-Identifier: GPL-3.0-or-later
// Random messages of every operation through NDR and through JSON.
#include "daemon/fsrvp/operations.hpp"
#include "daemon/fsrvp/stub.hpp"
#include "daemon/ndr/json_codec.hpp"
#include "tests/unit/daemon/fsrvp/random_fields.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp {
namespace {

constexpr int kRounds = 300;

template <class Op> class RoundTrip : public testing::Test {
  protected:
    std::mt19937 engine{20261122U + Op::opnum};

    Reply<Op> randomReply() {
        Reply<Op> reply;
        reply.out = randomMessage<typename Op::Out>(engine);
        reply.hresult = static_cast<std::uint32_t>(engine());
        return reply;
    }
};

template <class Tuple> struct AsTypes;

template <class... Op> struct AsTypes<std::tuple<Op...>> { using Types = testing::Types<Op...>; };

struct OperationName {
    template <class Op> static std::string GetName(int) { return std::string(Op::name); }
};

TYPED_TEST_SUITE(RoundTrip, AsTypes<AllOperations>::Types, OperationName);

template <class T> nlohmann::json toJson(const T& message) {
    ndr::ToJson codec;
    T::fields(codec, message);
    return std::move(codec).take();
}

template <class T> T fromJson(const nlohmann::json& json) {
    T message;
    ndr::FromJson codec(json);
    T::fields(codec, message);
    return message;
}

TYPED_TEST(RoundTrip, RequestsSurviveNdr) {
    for (int i = 0; i < kRounds; ++i) {
        const auto in = randomMessage<typename TypeParam::In>(this->engine);
        const Stub stub = encodeRequest<TypeParam>(in);
        const auto back = decodeRequest<TypeParam>(stub);
        ASSERT_EQ(toJson(back), toJson(in));
        ASSERT_EQ(encodeRequest<TypeParam>(back), stub);
    }
}

TYPED_TEST(RoundTrip, ResponsesSurviveNdr) {
    for (int i = 0; i < kRounds; ++i) {
        const Reply<TypeParam> reply = this->randomReply();
        const Stub stub = encodeReply(reply);
        const Reply<TypeParam> back = decodeReply<TypeParam>(stub);
        ASSERT_EQ(toJson(back.out), toJson(reply.out));
        ASSERT_EQ(back.hresult, reply.hresult);
        ASSERT_EQ(encodeReply(back), stub);
    }
}

TYPED_TEST(RoundTrip, RequestsSurviveJson) {
    for (int i = 0; i < kRounds; ++i) {
        const auto in = randomMessage<typename TypeParam::In>(this->engine);
        const auto text = toJson(in).dump();
        const auto back = fromJson<typename TypeParam::In>(nlohmann::json::parse(text));
        ASSERT_EQ(encodeRequest<TypeParam>(back), encodeRequest<TypeParam>(in)) << text;
    }
}

TYPED_TEST(RoundTrip, ResponsesSurviveJson) {
    for (int i = 0; i < kRounds; ++i) {
        const Reply<TypeParam> reply = this->randomReply();
        const auto text = toJson(reply.out).dump();
        Reply<TypeParam> back;
        back.out = fromJson<typename TypeParam::Out>(nlohmann::json::parse(text));
        back.hresult = reply.hresult;
        ASSERT_EQ(encodeReply(back), encodeReply(reply)) << text;
    }
}

TYPED_TEST(RoundTrip, EveryCutIsRefused) {
    const Stub request =
        encodeRequest<TypeParam>(randomMessage<typename TypeParam::In>(this->engine));
    for (std::size_t length = 0; length < request.size(); ++length) {
        const Stub cut(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_THROW(decodeRequest<TypeParam>(cut), Error) << length;
    }
    const Stub reply = encodeReply(this->randomReply());
    for (std::size_t length = 0; length < reply.size(); ++length) {
        const Stub cut(reply.begin(), reply.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_THROW(decodeReply<TypeParam>(cut), Error) << length;
    }
}

} // namespace
} // namespace fsrvp
