// SPDX-License-Identifier: GPL-3.0-or-later
// The wire vectors of a folder: FSRVP_VECTORS in the environment, else the project's own.
#include "daemon/base/error.hpp"
#include "tests/unit/daemon/fsrvp/vector_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>

namespace fsrvp {
namespace {

using nlohmann::json;

std::filesystem::path folder() {
    const char* const given = std::getenv("FSRVP_VECTORS");
    return given != nullptr && *given != '\0' ? given : FSRVP_VECTORS_DIR;
}

/// The same without "*_referent": the codec keeps referent ids, but its JSON has none.
json withoutReferents(const json& value) {
    if (!value.is_object()) {
        return value;
    }
    json out = json::object();
    for (const auto& [key, inner] : value.items()) {
        if (!key.ends_with("_referent")) {
            out[key] = withoutReferents(inner);
        }
    }
    return out;
}

enum class Verdict { Accepted, Rejected };

/// Decodes from a heap buffer of exactly that size, past whose end a sanitizer sees each byte.
Verdict decodeExactly(const AnyMessage& message, std::span<const std::byte> stub) {
    const auto buffer = std::make_unique<std::byte[]>(stub.size());
    std::copy(stub.begin(), stub.end(), buffer.get());
    try {
        (void)message.again({buffer.get(), stub.size()});
        return Verdict::Accepted;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol) << error.what();
        return Verdict::Rejected;
    }
}

/// Whether no decoded value depends on this byte.
bool isPad(const AnyMessage& message, Stub stub, std::size_t at) {
    const Stub before = message.again(stub);
    for (const unsigned value : {0x00U, 0x01U, 0x80U, 0xffU}) {
        stub[at] = static_cast<std::byte>(value);
        if (message.again(stub) != before) {
            return false;
        }
    }
    return true;
}

/// Whether `ours` is `theirs` but for pad bytes, which we send as 0 and impacket does not.
testing::AssertionResult
isSameButForPads(const AnyMessage& message, const Stub& ours, const Stub& theirs) {
    if (ours.size() != theirs.size()) {
        return testing::AssertionFailure() << ours.size() << " bytes, not " << theirs.size();
    }
    for (std::size_t i = 0; i < ours.size(); ++i) {
        if (ours[i] != theirs[i] && !(ours[i] == std::byte{0} && isPad(message, theirs, i))) {
            return testing::AssertionFailure() << "they differ at byte " << i;
        }
    }
    return testing::AssertionSuccess();
}

class Vectors : public testing::Test {
  protected:
    void SetUp() override { ASSERT_NO_THROW(all = readVectorFolder(folder())) << folder(); }

    std::vector<Vector> of(Vector::Kind kind) const {
        std::vector<Vector> out;
        std::copy_if(all.begin(), all.end(), std::back_inserter(out), [kind](const Vector& v) {
            return v.kind == kind;
        });
        return out;
    }

    std::vector<Vector> all;
};

TEST_F(Vectors, DecodeToTheirValues) {
    std::size_t count = 0;
    for (const Vector& vector : of(Vector::Kind::Values)) {
        SCOPED_TRACE(vector.id);
        try {
            EXPECT_EQ(vector.message->toJson(vector.stub), withoutReferents(vector.decoded));
            ++count;
        } catch (const Error& error) {
            ADD_FAILURE() << "does not decode: " << error.what();
        }
    }
    std::cout << count << " vectors decoded\n";
    EXPECT_GT(count, 0U);
}

TEST_F(Vectors, EncodeAgainByteForByte) {
    std::size_t count = 0;
    std::size_t otherPads = 0;
    for (const Vector& vector : of(Vector::Kind::Values)) {
        SCOPED_TRACE(vector.id);
        try {
            const Stub again = vector.message->again(vector.stub);
            EXPECT_TRUE(isSameButForPads(*vector.message, again, vector.stub));
            otherPads += again == vector.stub ? 0 : 1;
            ++count;
        } catch (const Error& error) {
            ADD_FAILURE() << "does not decode: " << error.what();
        }
    }
    std::cout << count << " vectors encoded again, " << otherPads << " of them with other pads\n";
    EXPECT_GT(count, 0U);
}

TEST_F(Vectors, EncodeFromTheirValues) {
    std::size_t count = 0;
    for (const Vector& vector : of(Vector::Kind::Values)) {
        SCOPED_TRACE(vector.id);
        try {
            // Referent ids are ours to choose, so the bytes may differ but not their meaning.
            const Stub stub = vector.message->fromJson(vector.decoded);
            EXPECT_EQ(stub.size(), vector.stub.size());
            EXPECT_EQ(vector.message->toJson(stub), withoutReferents(vector.decoded));
            ++count;
        } catch (const Error& error) {
            ADD_FAILURE() << "is not read from its values: " << error.what();
        }
    }
    std::cout << count << " vectors made from their values\n";
    EXPECT_GT(count, 0U);
}

TEST_F(Vectors, AreRefusedWhenCutAtAnyLength) {
    std::size_t cuts = 0;
    for (const Vector& vector : all) {
        SCOPED_TRACE(vector.id);
        const bool isWhole = decodeExactly(*vector.message, vector.stub) == Verdict::Accepted;
        for (std::size_t length = 0; length < vector.stub.size(); ++length) {
            const Verdict verdict =
                decodeExactly(*vector.message, std::span(vector.stub).first(length));
            // What was malformed as a whole may be well-formed in part.
            EXPECT_TRUE(!isWhole || verdict == Verdict::Rejected) << "accepted at " << length;
            ++cuts;
        }
    }
    std::cout << cuts << " truncations tried\n";
    EXPECT_GT(cuts, 0U);
}

TEST_F(Vectors, AreRefusedWithBytesBehindThem) {
    std::size_t count = 0;
    for (const Vector& vector : of(Vector::Kind::Values)) {
        Stub longer = vector.stub;
        longer.push_back(std::byte{0});
        EXPECT_EQ(decodeExactly(*vector.message, longer), Verdict::Rejected) << vector.id;
        ++count;
    }
    EXPECT_GT(count, 0U);
}

TEST_F(Vectors, MalformedOnesGetTheirVerdict) {
    std::size_t count = 0;
    for (const Vector& vector : of(Vector::Kind::Verdict)) {
        SCOPED_TRACE(vector.id);
        const Verdict verdict = decodeExactly(*vector.message, vector.stub);
        if (vector.expect == Vector::Expect::Reject) {
            EXPECT_EQ(verdict, Verdict::Rejected);
        } else if (vector.expect == Vector::Expect::Accept) {
            EXPECT_EQ(verdict, Verdict::Accepted);
            EXPECT_EQ(vector.message->again(vector.stub), vector.stub);
        }
        ++count;
    }
    std::cout << count << " verdicts checked\n";
    EXPECT_GT(count, 0U) << "the folder has no malformed stubs";
}

} // namespace
} // namespace fsrvp
