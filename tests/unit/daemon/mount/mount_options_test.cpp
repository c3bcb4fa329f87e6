// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/base/error.hpp"
#include "daemon/mount/mount_options.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fsrvp::mount {
namespace {

const ServerId kServer{"fs1"};
constexpr std::uint32_t kUid = 1000;

/// The least that a base mount has; more is put between.
std::string fromBase(const std::string& more) {
    return snapshotMountOptions("rw," + more + (more.empty() ? "" : ",") +
                                    "uid=0,file_mode=0755,dir_mode=0755",
                                kServer,
                                kUid,
                                {});
}

const MountSecurity kKerberos{"host$@LAB.EXAMPLE", true};
const std::string kAlways = "ro,nosuid,nodev,noexec";
const std::string kAccess = ",uid=0,file_mode=0755,dir_mode=0755";

TEST(SnapshotOptions, AreTheCallersAloneWithoutABaseMount) {
    EXPECT_EQ(snapshotMountOptions(std::nullopt, kServer, kUid, {}),
              "ro,nosuid,nodev,noexec,seal,uid=1000,forceuid,file_mode=0400,dir_mode=0500");
}

TEST(SnapshotOptions, NameAPortThatIsNot445) {
    EXPECT_EQ(snapshotMountOptions(std::nullopt, ServerId{"fs1", 1445}, 0, {}),
              "ro,nosuid,nodev,noexec,seal,port=1445,uid=0,forceuid,file_mode=0400,dir_mode=0500");
}

TEST(SnapshotOptions, AreTakenFromABaseMountOfLinux61) {
    const std::string base =
        "rw,vers=3.1.1,sec=ntlmssp,cache=strict,username=backup,domain=LAB,uid=0,noforceuid,gid=0,"
        "noforcegid,addr=192.0.2.7,file_mode=0755,dir_mode=0755,iocharset=utf8,seal,soft,nounix,"
        "serverino,mapposix,rsize=4194304,wsize=4194304,bsize=1048576,echo_interval=60,actimeo=1,"
        "closetimeo=1";

    EXPECT_EQ(snapshotMountOptions(base, ServerId{"fs1", 1445}, kUid, {}),
              "ro,nosuid,nodev,noexec,vers=3.1.1,sec=ntlmssp,seal,port=1445,ip=192.0.2.7,"
              "domain=LAB,iocharset=utf8,uid=0,gid=0,file_mode=0755,dir_mode=0755,nounix,mapposix,"
              "serverino,cache=strict,soft,echo_interval=60,rsize=4194304");
}

TEST(SnapshotOptions, AreInTheOrderOfTheListAndAllOfIt) {
    const std::string base =
        "cruid=5,rsize=7,echo_interval=9,hard,soft,cache=loose,idsfromsid,modefromsid,cifsacl,"
        "noperm,serverino,mapposix,nounix,dir_mode=0700,file_mode=0600,forcegid,forceuid,gid=2,"
        "uid=1,iocharset=utf8,domain=LAB,addr=192.0.2.7,seal,sec=krb5i,vers=3.0,username=HOST$,rw";

    EXPECT_EQ(snapshotMountOptions(base, kServer, kUid, kKerberos),
              kAlways + ",vers=3.0,sec=krb5i,seal,ip=192.0.2.7,domain=LAB,iocharset=utf8,uid=1,"
                        "gid=2,forceuid,forcegid,file_mode=0600,dir_mode=0700,nounix,mapposix,"
                        "serverino,noperm,cifsacl,modefromsid,idsfromsid,cache=loose,soft,hard,"
                        "echo_interval=9,rsize=7,cruid=5,username=HOST$");
}

TEST(SnapshotOptions, SpeakKerberosAsRootWithThePrincipalsName) {
    EXPECT_EQ(snapshotMountOptions(std::nullopt, kServer, kUid, kKerberos),
              kAlways + ",sec=krb5,seal,uid=1000,forceuid,file_mode=0400,dir_mode=0500,cruid=0,"
                        "username=host$@LAB.EXAMPLE");
    const std::string base =
        "rw,sec=ntlmssp,username=joe,uid=0,file_mode=0755,dir_mode=0755,cruid=7";
    EXPECT_EQ(snapshotMountOptions(base, kServer, kUid, kKerberos),
              kAlways + ",sec=krb5" + kAccess + ",cruid=0,username=host$@LAB.EXAMPLE");
}

TEST(SnapshotOptions, OfAKerberosMountAreNotForNtlm) {
    EXPECT_EQ(fromBase("sec=krb5i,cruid=5,username=HOST$"), kAlways + kAccess);
}

TEST(SnapshotOptions, HaveNoSealWhereEncryptionIsOnlyPreferred) {
    EXPECT_EQ(snapshotMountOptions(std::nullopt, kServer, kUid, {"", false}),
              kAlways + ",uid=1000,forceuid,file_mode=0400,dir_mode=0500");
}

TEST(SnapshotOptions, RefuseAPrincipalThatWouldAddAnOption) {
    for (const char* principal : {"a,uid=0", "a b", "a\nb", "a\\b", "a=b"}) {
        try {
            snapshotMountOptions(std::nullopt, kServer, kUid, {principal, true});
            ADD_FAILURE() << principal;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::Configuration) << error.what();
        }
    }
}

TEST(SnapshotOptions, TellWhetherTheyAreOfKerberos) {
    EXPECT_TRUE(usesKerberos("ro,sec=krb5,seal"));
    EXPECT_TRUE(usesKerberos("ro,sec=krb5i"));
    EXPECT_FALSE(usesKerberos("ro,sec=ntlmssp,seal"));
    EXPECT_FALSE(usesKerberos("ro,seal"));
}

class GoodOption : public testing::TestWithParam<std::string> {};

TEST_P(GoodOption, IsTakenOver) {
    const std::string all = fromBase(GetParam()) + ",";
    EXPECT_NE(all.find("," + GetParam() + ","), std::string::npos) << all;
}

INSTANTIATE_TEST_SUITE_P(Options,
                         GoodOption,
                         testing::Values("vers=2.1",
                                         "vers=3.02",
                                         "vers=default",
                                         "sec=none",
                                         "sec=ntlmsspi",
                                         "sec=ntlmv2",
                                         "cache=none",
                                         "cache=ro",
                                         "cache=singleclient",
                                         "domain=lab.example.com",
                                         "iocharset=iso8859-1",
                                         "gid=4294967294",
                                         "hard"));

class BadOption : public testing::TestWithParam<std::string> {};

TEST_P(BadOption, IsLeftOut) {
    EXPECT_EQ(fromBase(GetParam()), kAlways + kAccess);
}

INSTANTIATE_TEST_SUITE_P(NotOnTheList,
                         BadOption,
                         testing::Values("",
                                         ",",
                                         "rw",
                                         "username=u",
                                         "user=u",
                                         "password=p",
                                         "pass=p",
                                         "credentials=/etc/x",
                                         "cred=/etc/x",
                                         "unc=//other/share",
                                         "prefixpath=x",
                                         "wsize=1",
                                         "bsize=1",
                                         "suid",
                                         "dev",
                                         "exec",
                                         "noforceuid",
                                         "noforcegid",
                                         "port=1445",
                                         "posixpaths",
                                         "acl",
                                         "rdma",
                                         "snapshot=1"));

INSTANTIATE_TEST_SUITE_P(NotOfItsForm,
                         BadOption,
                         testing::Values("vers",
                                         "vers=",
                                         "vers=4",
                                         "vers=3.1.1 ",
                                         "sec=unknown",
                                         "sec=krb5p",
                                         "sec=ntlm",
                                         "seal=1",
                                         "seal=",
                                         "cache=",
                                         "domain=",
                                         "domain=a\\054b",
                                         "domain=a b",
                                         "domain=a\nb",
                                         "domain=s\xc3\xbc\xc3\x9f",
                                         "iocharset=../x",
                                         "gid=-1",
                                         "gid=+1",
                                         "gid=4294967295",
                                         "gid=4294967296",
                                         "gid=root",
                                         "gid=1 ",
                                         "rsize=1k",
                                         "cruid=",
                                         "hard=",
                                         std::string("domain=a\0b", 10)));

INSTANTIATE_TEST_SUITE_P(NoAddress,
                         BadOption,
                         testing::Values("addr=(unknown)",
                                         "addr=",
                                         "addr=fs1",
                                         "addr=192.0.2",
                                         "addr=192.0.2.7%2",
                                         "addr=fe80::1%",
                                         "addr=fe80::1%eth0",
                                         "addr=fe80::1%2%3",
                                         "addr=[::1]",
                                         std::string("addr=192.0.2.7\0x", 16)));

TEST(SnapshotOptions, HaveTheBaseMountsAddressAsIp) {
    EXPECT_EQ(fromBase("addr=2001:0db8:0000:0000:0000:0000:0000:0007"),
              kAlways + ",ip=2001:0db8:0000:0000:0000:0000:0000:0007" + kAccess);
    EXPECT_EQ(fromBase("addr=fe80:0000:0000:0000:0000:0000:0000:0007%2"),
              kAlways + ",ip=fe80:0000:0000:0000:0000:0000:0000:0007%2" + kAccess);
}

TEST(SnapshotOptions, HaveTheLastOfEquals) {
    EXPECT_EQ(fromBase("cache=loose,cache=none,cache=x"), kAlways + kAccess + ",cache=none");
}

/// Those that say who may read are the caller's, not the base mount's.
class NotByMode : public testing::TestWithParam<std::string> {};

TEST_P(NotByMode, MeansTheCallerAlone) {
    EXPECT_EQ(snapshotMountOptions(GetParam(), kServer, kUid, {}),
              kAlways + ",vers=3.1.1,uid=1000,forceuid,file_mode=0400,dir_mode=0500");
}

INSTANTIATE_TEST_SUITE_P(
    Bases,
    NotByMode,
    testing::Values("rw,vers=3.1.1,multiuser,uid=0,gid=0,forcegid,file_mode=0777,dir_mode=0777,"
                    "noperm",
                    "rw,vers=3.1.1,uid=0,file_mode=0755,dir_mode=0755,posix",
                    "rw,vers=3.1.1,uid=0,file_mode=0755,dir_mode=0755,unix",
                    "rw,vers=3.1.1,uid=0,file_mode=0755,cifsacl,modefromsid,idsfromsid",
                    "rw,vers=3.1.1,uid=0,file_mode=0755,dir_mode=755",
                    "rw,vers=3.1.1,uid=0,file_mode=0888,dir_mode=0755",
                    "rw,vers=3.1.1,uid=0,file_mode=0777777,dir_mode=0755",
                    "rw,vers=3.1.1,uid=x,file_mode=0755,dir_mode=0755",
                    "rw,vers=3.1.1"));

TEST(SnapshotSource, IsTheExposedShareAndTheDirectory) {
    EXPECT_EQ(snapshotMountSource("fs1", "data@{c0ff}", ""), "//fs1/data@{c0ff}");
    EXPECT_EQ(snapshotMountSource("fs1", "my data@{c0ff}", "a/b c"), "//fs1/my data@{c0ff}/a/b c");
    EXPECT_EQ(snapshotMountSource("2001:db8::7", "d", "/a//b/"), "//2001:db8::7/d/a/b");
}

template <class Fn> Errc codeOf(Fn fn) {
    try {
        fn();
    } catch (const Error& error) {
        return error.code();
    }
    return Errc::DaemonUnreachable; // none of those that are expected
}

TEST(SnapshotSource, RefusesWhatMountCifsWouldReadOptionsIn) {
    for (const std::string directory : {"a,uid=0", "a\\b", "a/../b", ".", "a\nb", "\xff"}) {
        EXPECT_EQ(codeOf([&] { snapshotMountSource("fs1", "d", directory); }), Errc::InvalidSource)
            << directory;
    }
    for (const std::string exposed : {"", "a,uid=0", "a\\b", "a/b", "..", "a\nb", "\xff"}) {
        EXPECT_EQ(codeOf([&] { snapshotMountSource("fs1", exposed, "d"); }), Errc::Protocol)
            << exposed;
    }
    for (const std::string server : {"", "a,uid=0", "a/b", "a\nb"}) {
        EXPECT_EQ(codeOf([&] { snapshotMountSource(server, "d", ""); }), Errc::InvalidSource)
            << server;
    }
}

} // namespace
} // namespace fsrvp::mount
