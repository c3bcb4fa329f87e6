// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/secret.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <ostream>
#include <string_view>
#include <type_traits>

namespace fsrvp {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
    out << value;
};

static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<std::string, Secret>);

/// Whether the text stands anywhere in the object's own bytes: short strings do.
bool holds(const Secret& secret, std::string_view text) {
    std::string bytes(sizeof secret, '\0');
    std::memcpy(bytes.data(), static_cast<const void*>(&secret), sizeof secret);
    return bytes.find(text) != std::string::npos;
}

TEST(Wipe, OverwritesEveryByteInPlace) {
    // Long enough to have a buffer, which stays where it is after clear().
    std::string text = "a password that is longer than any small string";
    const std::size_t length = text.size();
    const char* const buffer = text.data();

    wipe(text);

    EXPECT_TRUE(text.empty());
    ASSERT_EQ(text.data(), buffer);
    EXPECT_EQ(std::string(buffer, length), std::string(length, '\0'));
}

TEST(Secret, MovesWithoutLeavingAShortPasswordBehind) {
    Secret from(std::string("s3cr3t"));
    ASSERT_TRUE(holds(from, "s3cr3t"));

    const Secret to(std::move(from));

    EXPECT_EQ(to.reveal(), "s3cr3t");
    EXPECT_FALSE(holds(from, "3cr3t")); // NOLINT(bugprone-use-after-move): what is left counts
}

TEST(Secret, MoveAssignmentLeavesNothingBehindEither) {
    Secret from(std::string("s3cr3t"));
    Secret to(std::string("0ld"));

    to = std::move(from);

    EXPECT_EQ(to.reveal(), "s3cr3t");
    EXPECT_FALSE(holds(from, "3cr3t")); // NOLINT(bugprone-use-after-move): what is left counts
}

TEST(Secret, CopiesAreEqualAndIndependent) {
    Secret original(std::string("one"));
    Secret copy(original);

    original = Secret(std::string("two"));

    EXPECT_EQ(copy.reveal(), "one");
    EXPECT_NE(copy, original);
}

} // namespace
} // namespace fsrvp
