// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/model/unc.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp {
namespace {

struct Spelling {
    std::string typed;
    std::string server;
    std::string share;
};

class GoodUnc : public testing::TestWithParam<Spelling> {};

TEST_P(GoodUnc, IsTakenAndWrittenInBothForms) {
    const Spelling& expected = GetParam();

    const Unc unc = Unc::parse(expected.typed);

    EXPECT_EQ(unc.server, expected.server);
    EXPECT_EQ(unc.share, expected.share);
    EXPECT_EQ(unc.text(), "//" + expected.server + "/" + expected.share);
    EXPECT_EQ(unc.wire(), "\\\\" + expected.server + "\\" + expected.share + "\\");
    EXPECT_EQ(Unc::parse(unc.text()), unc);
    EXPECT_EQ(Unc::parse(unc.wire()), unc);
}

INSTANTIATE_TEST_SUITE_P(
    Spellings,
    GoodUnc,
    testing::Values(
        Spelling{"//fs1/data", "fs1", "data"},
        Spelling{"//fs1/data/", "fs1", "data"},
        Spelling{"\\\\fs1\\data", "fs1", "data"},
        Spelling{"\\\\fs1\\data\\", "fs1", "data"},
        Spelling{"//FS1.Example.com/Data", "FS1.Example.com", "Data"},
        Spelling{"//192.0.2.7/data", "192.0.2.7", "data"},
        Spelling{"//2001:db8::7/data", "2001:db8::7", "data"},
        Spelling{"//fs1/hid$", "fs1", "hid$"},
        Spelling{"//fs1/my data", "fs1", "my data"},
        Spelling{"//fs1/s\xc3\xbc\xc3\x9f\xe6\x97\xa5", "fs1", "s\xc3\xbc\xc3\x9f\xe6\x97\xa5"},
        Spelling{"//fs1/a.b-c_d'(e)&{f}@#!%^~", "fs1", "a.b-c_d'(e)&{f}@#!%^~"},
        Spelling{"//fs1/" + std::string(80, 'x'), "fs1", std::string(80, 'x')}));

class BadUnc : public testing::TestWithParam<std::string> {};

TEST_P(BadUnc, IsRefusedWithAHint) {
    try {
        const Unc unc = Unc::parse(GetParam());
        FAIL() << "accepted as " << unc.text();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::InvalidSource);
        EXPECT_NE(error.hint(), "");
    }
}

std::string times(int count, const std::string& text) {
    std::string out;
    for (int i = 0; i < count; ++i) {
        out += text;
    }
    return out;
}

INSTANTIATE_TEST_SUITE_P(Shapes,
                         BadUnc,
                         testing::Values("",
                                         "/",
                                         "//",
                                         "///",
                                         "data",
                                         "fs1/data",
                                         "/fs1/data",
                                         "/\\fs1/data",
                                         "\\/fs1\\data",
                                         "smb://fs1/data",
                                         "//fs1",
                                         "//fs1/",
                                         "//fs1//",
                                         "//fs1//data",
                                         "///data",
                                         "\\\\\\data",
                                         "//fs1/data//",
                                         "//fs1/data/sub",
                                         "//fs1/data/sub/",
                                         "\\\\fs1\\data\\sub"));

INSTANTIATE_TEST_SUITE_P(Characters,
                         BadUnc,
                         testing::Values("//fs1/a\"b",
                                         "//fs1/a[b",
                                         "//fs1/a]b",
                                         "//fs1/a:b",
                                         "//fs1/a|b",
                                         "//fs1/a<b",
                                         "//fs1/a>b",
                                         "//fs1/a+b",
                                         "//fs1/a=b",
                                         "//fs1/a;b",
                                         "//fs1/a,b",
                                         "//fs1/a*b",
                                         "//fs1/a?b",
                                         "//fs1/a\nb",
                                         "//fs1/a\x7f",
                                         std::string("//fs1/a\0b", 9),
                                         "//fs 1/data",
                                         "//user@fs1/data",
                                         "//fs%31/data",
                                         "//fs1,port=1/data",
                                         "//fs1;ls/data",
                                         "//fs1\n/data",
                                         "//fs1/\xff",
                                         "//\xff/data"));

INSTANTIATE_TEST_SUITE_P(Lengths,
                         BadUnc,
                         testing::Values("//fs1/" + std::string(81, 'x'),
                                         // 81 characters of 3 bytes; 41 of 2 units each
                                         "//fs1/" + times(81, "\xe6\x97\xa5"),
                                         "//fs1/" + times(41, "\xf0\x9f\x92\xbe")));

TEST(Unc, CountsUtf16UnitsNotBytes) {
    EXPECT_NO_THROW(Unc::parse("//fs1/" + times(80, "\xe6\x97\xa5")));
    EXPECT_NO_THROW(Unc::parse("//fs1/" + times(40, "\xf0\x9f\x92\xbe")));
}

struct Exposed {
    std::string sent;
    std::string bare;
};

class ExposedName : public testing::TestWithParam<Exposed> {};

TEST_P(ExposedName, IsReadFromEitherForm) {
    EXPECT_EQ(exposedShareName(GetParam().sent), GetParam().bare);
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    ExposedName,
    testing::Values(Exposed{"data@{c0ff}", "data@{c0ff}"},
                    Exposed{"\\\\LABSRV\\data@{c0ff}", "data@{c0ff}"},
                    Exposed{"\\\\LABSRV\\data@{c0ff}\\", "data@{c0ff}"},
                    Exposed{"\\\\node2.example.com\\hid$@{c0ff}$", "hid$@{c0ff}$"},
                    Exposed{"my data@{c0ff}", "my data@{c0ff}"},
                    Exposed{"s\xc3\xbc\xc3\x9f@{c0ff}", "s\xc3\xbc\xc3\x9f@{c0ff}"}));

class NoExposedName : public testing::TestWithParam<std::string> {};

TEST_P(NoExposedName, IsAProtocolError) {
    try {
        const std::string name = exposedShareName(GetParam());
        FAIL() << "accepted as " << name;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::Protocol);
    }
}

INSTANTIATE_TEST_SUITE_P(Names,
                         NoExposedName,
                         testing::Values("",
                                         "\\",
                                         "\\\\",
                                         "\\\\LABSRV",
                                         "\\\\LABSRV\\",
                                         "\\\\LABSRV\\a\\b",
                                         "..\\data",
                                         "a/b",
                                         "//LABSRV/data",
                                         "data@{c0ff}\n",
                                         std::string("data\0@{c0ff}", 12)));

} // namespace
} // namespace fsrvp
