// SPDX-License-Identifier: GPL-3.0-or-later
#include "dbus/error_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace fsrvp {
namespace {

/// The exit codes as the README documents them; scripts depend on them.
const std::map<Errc, int>& documentedExitCodes() {
    static const std::map<Errc, int> codes{
        {Errc::Failed, 1},        {Errc::InvalidArgument, 2}, {Errc::InvalidSource, 2},
        {Errc::NotFound, 3},      {Errc::AlreadyExists, 1},   {Errc::BadState, 1},
        {Errc::Busy, 7},          {Errc::NotSupported, 5},    {Errc::UnsupportedContext, 5},
        {Errc::AccessDenied, 4},  {Errc::NotAuthorized, 4},   {Errc::AuthenticationFailed, 4},
        {Errc::NoCredential, 4},  {Errc::NameNotResolved, 9}, {Errc::Unreachable, 9},
        {Errc::TimedOut, 8},      {Errc::Protocol, 1},        {Errc::LostOnServer, 1},
        {Errc::Configuration, 1}, {Errc::Database, 1},        {Errc::Cancelled, 10},
        {Errc::Partial, 6},       {Errc::LimitsExceeded, 1},  {Errc::DaemonUnreachable, 11},
    };
    return codes;
}

class EachErrc : public testing::TestWithParam<std::size_t> {
  protected:
    static Errc code() { return static_cast<Errc>(GetParam()); }
};

TEST_P(EachErrc, HasItsOwnRow) {
    EXPECT_EQ(errorRow(code()).code, code());
}

TEST_P(EachErrc, HasItsDocumentedExitCode) {
    ASSERT_TRUE(documentedExitCodes().contains(code())) << errcName(code());
    EXPECT_EQ(errorRow(code()).exitCode, documentedExitCodes().at(code())) << errcName(code());
}

TEST_P(EachErrc, HasABusNameThatLeadsBack) {
    const std::string name = errorBusName(code());

    EXPECT_EQ(name, "org.fsrvpd1.Error." + std::string(errcName(code())));
    EXPECT_EQ(errcFromBusName(name), code());
}

TEST_P(EachErrc, CrossesTheBusWithResultAndHint) {
    const Error sent = Error(code(), "cannot expose 3f2a\xe2\x80\xa6 on fs1 (try 2)", 0x80042316)
                           .withHint("do (x)");

    const Error got = errorFromBus(errorBusName(sent.code()), errorToBusMessage(sent));

    EXPECT_EQ(got.code(), sent.code());
    EXPECT_STREQ(got.what(), sent.what());
    EXPECT_EQ(got.hresult(), sent.hresult());
    EXPECT_EQ(got.hint(), sent.hint());
}

TEST_P(EachErrc, FallsBackToTheRowsHint) {
    const Error plain(code(), "m");

    EXPECT_EQ(hintOf(plain), errorRow(code()).hint);
    EXPECT_EQ(hintOf(plain.withHint("own")), "own");
}

INSTANTIATE_TEST_SUITE_P(Rows, EachErrc, testing::Range(std::size_t{0}, kErrcCount));

struct OnTheBus {
    Error error;
    std::string message;
};

class BusMessage : public testing::TestWithParam<OnTheBus> {};

TEST_P(BusMessage, HasEachPartOnlyWhereThereIsOne) {
    const auto& [error, message] = GetParam();

    EXPECT_EQ(errorToBusMessage(error), message);
    const Error back = errorFromBus(errorBusName(error.code()), message);
    EXPECT_STREQ(back.what(), error.what());
    EXPECT_EQ(back.hresult(), error.hresult());
    EXPECT_EQ(back.hint(), error.hint());
}

INSTANTIATE_TEST_SUITE_P(
    Parts,
    BusMessage,
    testing::Values(OnTheBus{Error(Errc::Busy, "m"), "m"},
                    OnTheBus{Error(Errc::Busy, ""), ""},
                    OnTheBus{Error(Errc::Busy, "m", 0x102), "m [hresult=0x00000102]"},
                    OnTheBus{Error(Errc::Busy, "m", 0xffffffff), "m [hresult=0xffffffff]"},
                    OnTheBus{Error(Errc::Busy, "m").withHint("h"), "m (hint: h)"},
                    OnTheBus{Error(Errc::Busy, "m", 0x80004005).withHint("h"),
                             "m [hresult=0x80004005] (hint: h)"}));

TEST(HugeMessage, IsShortenedBetweenCharacters) {
    std::string text;
    for (int i = 0; i < 200000; ++i) {
        text += "\xc3\xbc";
    }
    // At either byte of a character.
    for (const std::string& huge : {text, "x" + text}) {
        const std::string message = errorToBusMessage(Error(Errc::Busy, huge).withHint("h"));

        EXPECT_LE(message.size(), 256 * 1024 + 20U);
        EXPECT_TRUE(message.ends_with("\xc3\xbc\xe2\x80\xa6 (hint: h)"));
    }
}

class NoMark : public testing::TestWithParam<std::string> {};

TEST_P(NoMark, StaysInTheMessage) {
    const Error error = errorFromBus("org.fsrvpd1.Error.Failed", GetParam());

    EXPECT_EQ(error.what(), GetParam());
    EXPECT_EQ(error.hresult(), std::nullopt);
    EXPECT_EQ(error.hint(), "");
}

INSTANTIATE_TEST_SUITE_P(Messages,
                         NoMark,
                         testing::Values("m [hresult=0x]",
                                         "m [hresult=0x80004005",
                                         "m [hresult=0xg]",
                                         "m [hresult=0x180004005]",
                                         "m [hresult=0x80004005] and more",
                                         "m (hint: h",
                                         "m (hint: h) and more",
                                         "m (h)"));

TEST(ErrorFromBus, ForeignNamesAreFailuresThatAreNamed) {
    const Error error = errorFromBus("org.freedesktop.DBus.Error.NoReply", "no reply");

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_STREQ(error.what(), "no reply (org.freedesktop.DBus.Error.NoReply)");
}

TEST(ErrcFromBusName, KnowsNoOtherNames) {
    EXPECT_EQ(errcFromBusName(""), std::nullopt);
    EXPECT_EQ(errcFromBusName("org.fsrvpd1.Error."), std::nullopt);
    EXPECT_EQ(errcFromBusName("org.fsrvpd1.Error.Nope"), std::nullopt);
    EXPECT_EQ(errcFromBusName("org.fsrvpd2.Error.Busy"), std::nullopt);
    EXPECT_EQ(errcFromBusName("Busy"), std::nullopt);
}

} // namespace
} // namespace fsrvp
