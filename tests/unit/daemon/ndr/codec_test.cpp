// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/ndr/codec.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace fsrvp::ndr {
namespace {

/// A structure that has another one in the middle and pointers on both levels: FSRVP has no such
/// thing, but the order of deferred bodies is the codec's own promise.
struct Inner : Declared {
    UniqueString name;
    std::uint32_t number = 0;

    static void fields(auto& codec, auto& m) {
        codec(Field{"Name", m.name}, Field{"Number", m.number});
    }
};

struct Outer : Declared {
    UniqueString first;
    Unique<Inner> inner;
    UniqueString last;

    static void fields(auto& codec, auto& m) {
        codec(Field{"First", m.first}, Field{"Inner", m.inner}, Field{"Last", m.last});
    }
};

struct Message : Declared {
    Unique<Outer> outer;
    std::uint32_t behind = 0;

    static void fields(auto& codec, auto& m) {
        codec(Field{"Outer", m.outer}, Field{"Behind", m.behind});
    }
};

struct Scalars : Declared {
    std::int32_t small = 0;
    std::int64_t large = 0;
    Bool32 yes;
    Guid guid;

    static void fields(auto& codec, auto& m) {
        codec(Field{"Small", m.small},
              Field{"Large", m.large},
              Field{"Yes", m.yes},
              Field{"Guid", m.guid});
    }
};

template <class T> std::vector<std::byte> encode(const T& message) {
    Writer writer;
    Encoder encoder(writer);
    T::fields(encoder, message);
    return std::move(writer).take();
}

template <class T> T decode(const std::vector<std::byte>& stub) {
    T message;
    Reader reader(stub);
    Decoder decoder(reader);
    T::fields(decoder, message);
    reader.expectEnd();
    return message;
}

Message sample() {
    Inner inner;
    inner.name = UniqueString(u"in");
    inner.number = 7;
    Outer outer;
    outer.first = UniqueString(u"a");
    outer.inner = Unique<Inner>(inner);
    outer.last = UniqueString(u"z");
    Message message;
    message.outer = Unique<Outer>(outer);
    message.behind = 9;
    return message;
}

TEST(Codec, WritesPointeesBehindTheStructureThatHoldsThem) {
    Writer expected;
    expected.u32(0x20000); // Outer
    expected.u32(0x20000); // First
    expected.u32(0x20000); // Inner
    expected.u32(0x20000); // Last
    expected.string(u"a");
    expected.u32(0x20000); // Inner.Name
    expected.u32(7);
    expected.string(u"z");
    expected.string(u"in");
    expected.u32(9); // a top-level parameter comes behind all bodies of the one before it
    EXPECT_EQ(encode(sample()), std::move(expected).take());
}

TEST(Codec, ReadsWhatItWrites) {
    const Message read = decode<Message>(encode(sample()));

    ASSERT_TRUE(read.outer.value);
    const Outer& outer = *read.outer.value;
    EXPECT_EQ(outer.first.value, u"a");
    ASSERT_TRUE(outer.inner.value);
    EXPECT_EQ(outer.inner.value->name.value, u"in");
    EXPECT_EQ(outer.inner.value->number, 7U);
    EXPECT_EQ(outer.last.value, u"z");
    EXPECT_EQ(read.behind, 9U);
}

TEST(Codec, ANullPointerIsFourZeroBytes) {
    Message message;
    message.behind = 1;

    const auto stub = encode(message);

    EXPECT_EQ(stub.size(), 8U);
    EXPECT_EQ(stub[0], std::byte{0});
    EXPECT_FALSE(decode<Message>(stub).outer.value);
}

TEST(Codec, KeepsReferentIdsAsTheyCame) {
    Message message = sample();
    message.outer.referent = 0xdeadbeef;

    const auto stub = encode(message);
    const Message read = decode<Message>(stub);

    EXPECT_EQ(read.outer.referent, 0xdeadbeefU);
    EXPECT_EQ(encode(read), stub);
}

TEST(Codec, EqualReferentIdsEachHaveTheirBody) {
    Outer outer;
    outer.first = UniqueString(u"one");
    outer.last = UniqueString(u"two");
    ASSERT_EQ(outer.first.referent, outer.last.referent);
    Message message;
    message.outer = Unique<Outer>(outer);

    const Message read = decode<Message>(encode(message));

    EXPECT_EQ(read.outer.value->first.value, u"one");
    EXPECT_EQ(read.outer.value->last.value, u"two");
}

TEST(Codec, KeepsSignsAndRawBooleans) {
    Scalars scalars;
    scalars.small = -2;
    scalars.large = -3;
    scalars.yes.raw = 0xffffffff;
    scalars.guid = Guid::parse("00112233-4455-6677-8899-aabbccddeeff");

    const auto stub = encode(scalars);
    const Scalars read = decode<Scalars>(stub);

    EXPECT_EQ(stub.size(), 36U); // 4, pad 4, 8, 4, 16
    EXPECT_EQ(read.small, -2);
    EXPECT_EQ(read.large, -3);
    EXPECT_EQ(read.yes.raw, 0xffffffffU);
    EXPECT_TRUE(static_cast<bool>(read.yes));
    EXPECT_EQ(read.guid, scalars.guid);
}

TEST(Codec, RefusesAPointerWhoseBodyIsMissing) {
    auto stub = encode(sample());
    for (std::size_t length = 0; length < stub.size(); ++length) {
        const std::vector<std::byte> cut(stub.begin(),
                                         stub.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_THROW(decode<Message>(cut), Error) << length;
    }
}

} // namespace
} // namespace fsrvp::ndr
