// SPDX-License-Identifier: GPL-3.0-or-later
#include "ctl/bus_values.hpp"
#include "daemon/model/snapshot_json.hpp"
#include "dbus/error_table.hpp"

#include <gtest/gtest.h>

namespace fsrvp::ctl {
namespace {

constexpr const char* kSnapshotId = "00112233-4455-6677-8899-aabbccddeeff";
constexpr const char* kSetId = "ffeeddcc-bbaa-9988-7766-554433221100";

Dict fullSnapshot() {
    return {{"id", std::uint64_t{7}},
            {"snapshot_id", std::string(kSnapshotId)},
            {"set_id", std::string(kSetId)},
            {"server", std::string("fs1:1445")},
            {"share", std::string("data")},
            {"source", std::string("//FS1/data")},
            {"exposed", std::string("data@{1}")},
            {"created", std::uint64_t{1'795'332'600'000'000}},
            {"completed", std::uint64_t{1'795'332'601'000'042}},
            {"context", std::string("app-rollback")},
            {"writable", true},
            {"state", std::string("lost-on-server")},
            {"remains", std::string("share data@{1}")},
            {"owner_uid", std::uint32_t{1000}},
            {"description", std::string("before the upgrade")},
            {"labels", std::map<std::string, std::string>{{"k", "v"}}},
            {"policy", std::string("nightly")},
            {"mount_points", std::vector<std::string>{"/mnt/a", "/mnt/b"}},
            {"absent_mount_points", std::vector<std::string>{"/mnt/c"}}};
}

Dict without(Dict dict, const std::string& key) {
    dict.erase(key);
    return dict;
}

Dict with(Dict dict, const std::string& key, const sdbus::Variant& value) {
    dict[key] = value;
    return dict;
}

Errc failureOf(const Dict& dict) {
    try {
        snapshotFromBus(dict);
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "it was read";
    return Errc::Failed;
}

TEST(SnapshotFromBus, HasEveryValueOfTheJson) {
    const nlohmann::ordered_json json = snapshotToJson(snapshotFromBus(fullSnapshot()));

    EXPECT_EQ(
        json.dump(),
        R"({"id":7,"snapshot_id":"00112233-4455-6677-8899-aabbccddeeff",)"
        R"("set_id":"ffeeddcc-bbaa-9988-7766-554433221100","server":"fs1:1445",)"
        R"("share":"data","exposed":"data@{1}","created":"2026-11-22T07:30:00.000000Z",)"
        R"("completed":"2026-11-22T07:30:01.000042Z","context":"app-rollback",)"
        R"("writable":true,"state":"lost-on-server","remains":"share data@{1}","owner_uid":1000,)"
        R"("description":"before the upgrade","labels":{"k":"v"},"policy":"nightly",)"
        R"("protected":false,"holds":0,"mount_points":["/mnt/a","/mnt/b"],)"
        R"("absent_mount_points":["/mnt/c"]})");
}

TEST(SnapshotFromBus, TakesAbsentTimesAndPolicyForUnknown) {
    const Snapshot s = snapshotFromBus(
        without(without(without(fullSnapshot(), "created"), "completed"), "policy"));

    EXPECT_EQ(s.created, std::nullopt);
    EXPECT_EQ(s.completed, std::nullopt);
    EXPECT_EQ(s.policy, std::nullopt);
}

TEST(SnapshotFromBus, PassesOverKeysOfALaterVersion) {
    EXPECT_EQ(snapshotFromBus(with(fullSnapshot(), "colour", std::string("red"))).id, 7);
}

TEST(SnapshotFromBus, RefusesMissingWrongAndUnknownValues) {
    EXPECT_EQ(failureOf(without(fullSnapshot(), "id")), Errc::Protocol);
    EXPECT_EQ(failureOf(with(fullSnapshot(), "id", std::string("7"))), Errc::Protocol);
    EXPECT_EQ(failureOf(with(fullSnapshot(), "state", std::string("odd"))), Errc::Protocol);
    EXPECT_EQ(failureOf(with(fullSnapshot(), "set_id", std::string("odd"))), Errc::Protocol);
    EXPECT_EQ(failureOf(with(fullSnapshot(), "source", std::string("odd"))), Errc::Protocol);
    EXPECT_EQ(failureOf(with(fullSnapshot(), "context", std::string("odd"))), Errc::Protocol);
    EXPECT_EQ(failureOf(without(fullSnapshot(), "mount_points")), Errc::Protocol);
    EXPECT_EQ(failureOf(with(fullSnapshot(), "absent_mount_points", std::string("/mnt/c"))),
              Errc::Protocol);
}

class ServerText : public testing::TestWithParam<const char*> {};

TEST_P(ServerText, ComesOutAsItCameIn) {
    const Snapshot s = snapshotFromBus(with(fullSnapshot(), "server", std::string(GetParam())));

    EXPECT_EQ(s.server.text(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(SnapshotFromBus,
                         ServerText,
                         testing::Values("fs1", "fs1:1445", "fe80::445", "fe80::1", "fs1:x"));

TEST(JobFromBus, ReadsARunningAndAFailedJob) {
    const Dict running{{"id", std::uint64_t{3}},
                       {"operation", std::string("create")},
                       {"state", std::string("running")},
                       {"phase", std::string("commit")},
                       {"subjects", std::vector<std::string>{"//fs1/data"}},
                       {"started_by_uid", std::uint32_t{0}},
                       {"start", std::uint64_t{5}},
                       {"path", sdbus::ObjectPath("/org/fsrvpd1/job/3")}};
    const Dict failed =
        with(with(with(without(without(running, "phase"), "path"), "end", std::uint64_t{9}),
                  "error",
                  std::string("org.fsrvpd1.Error.Busy")),
             "message",
             std::string("no"));

    const JobInfo first = jobFromBus(running);
    const JobInfo second = jobFromBus(failed);

    EXPECT_EQ(first.phase, "commit");
    EXPECT_TRUE(first.hasObject);
    EXPECT_EQ(first.end, std::nullopt);
    EXPECT_EQ(second.phase, "");
    EXPECT_FALSE(second.hasObject);
    EXPECT_EQ(second.end, TimeUs(std::chrono::microseconds(9)));
    EXPECT_EQ(second.errorName, "org.fsrvpd1.Error.Busy");
    EXPECT_EQ(second.errorMessage, "no");
}

Dict fullCheck() {
    return {{"name", std::string("clock")},
            {"verdict", std::string("warning")},
            {"text", std::string("600 s behind")},
            {"cure", std::string("set the clocks")},
            {"machine", std::string("this host")}};
}

Dict resultWith(const std::vector<Dict>& checks) {
    return {{"checks", checks}};
}

TEST(ChecksFromResult, HasEachInItsOrder) {
    const Dict plain =
        without(without(with(fullCheck(), "name", std::string("port")), "cure"), "machine");

    const auto lines = checksFromResult(resultWith({fullCheck(), plain}));

    EXPECT_EQ(
        lines,
        (std::vector<CheckLine>{{"clock", "warning", "600 s behind", "set the clocks", "this host"},
                                {"port", "warning", "600 s behind", "", ""}}));
}

TEST(ChecksFromResult, PassesOverWhatItDoesNotKnow) {
    const Dict newer = with(fullCheck(), "since", std::uint64_t{1});

    EXPECT_EQ(checksFromResult(resultWith({newer})).size(), 1U);
    EXPECT_TRUE(checksFromResult({{"ids", std::vector<std::uint64_t>{4}}}).empty());
    EXPECT_TRUE(checksFromResult({}).empty());
}

TEST(ChecksFromResult, OfAnotherFormIsAProtocolError) {
    std::vector<Dict> wrong{{{"checks", std::string("none")}}};
    for (const char* const key : {"name", "verdict", "text"}) {
        wrong.push_back(resultWith({without(fullCheck(), key)}));
    }
    for (const char* const key : {"name", "verdict", "text", "cure", "machine"}) {
        wrong.push_back(resultWith({fullCheck(), with(fullCheck(), key, std::uint32_t{7})}));
    }
    for (const Dict& result : wrong) {
        try {
            checksFromResult(result);
            ADD_FAILURE() << "it was read";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::Protocol) << error.what();
        }
    }
}

Dict resultWithFinding(const std::string& status) {
    using Row = sdbus::Struct<std::string, std::uint64_t, std::string, std::string, std::string>;
    return {{"findings", std::vector<Row>{Row("fs1", 7, "data@{a}", status, "forget it")}}};
}

TEST(FindingsFromResult, HasEachWithItsStatus) {
    EXPECT_EQ(findingsFromResult(resultWithFinding("missing")),
              (std::vector<Finding>{{"fs1", 7, "data@{a}", FindingStatus::Missing, "forget it"}}));
    EXPECT_TRUE(findingsFromResult({}).empty());
}

TEST(FindingsFromResult, OfAnotherFormIsAProtocolError) {
    const Dict text{{"findings", std::string("none")}};
    for (const Dict& result : {resultWithFinding("splendid"), text}) {
        try {
            findingsFromResult(result);
            ADD_FAILURE() << "it was read";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::Protocol) << error.what();
        }
    }
}

TEST(JobEndFromBus, KeepsTheChecksOfAFailure) {
    const JobEnd end = jobEndFromBus(
        1, false, "org.fsrvpd1.Error.NotFound", "no credential", resultWith({fullCheck()}));

    EXPECT_EQ(end.checks.size(), 1U);
    EXPECT_TRUE(end.ids.empty());
    ASSERT_TRUE(end.error);
    EXPECT_EQ(end.error->code(), Errc::NotFound);
}

TEST(JobEndFromBus, OfSuccessHasTheIdsAndNoError) {
    const JobEnd end = jobEndFromBus(1, true, "", "", {{"ids", std::vector<std::uint64_t>{4, 5}}});

    EXPECT_EQ(end.ids, (std::vector<std::int64_t>{4, 5}));
    EXPECT_FALSE(end.error);
}

TEST(JobEndFromBus, KeepsTheIdsOfAPartialFailure) {
    const JobEnd end = jobEndFromBus(1,
                                     false,
                                     "org.fsrvpd1.Error.Partial",
                                     "1 of 2 failed [hresult=0x80042316]",
                                     {{"ids", std::vector<std::uint64_t>{4}}});

    EXPECT_EQ(end.ids, std::vector<std::int64_t>{4});
    ASSERT_TRUE(end.error);
    EXPECT_EQ(end.error->code(), Errc::Partial);
    EXPECT_EQ(end.error->hresult(), 0x80042316U);
}

TEST(JobEndFromBus, WithoutAnErrorsNameIsCancelled) {
    const JobEnd end = jobEndFromBus(12, false, "", "", {});

    ASSERT_TRUE(end.error);
    EXPECT_EQ(end.error->code(), Errc::Cancelled);
    EXPECT_STREQ(end.error->what(), "job 12 was cancelled");
}

struct Reply {
    const char* name;
    Errc expected;
};

class ReplyName : public testing::TestWithParam<Reply> {};

TEST_P(ReplyName, HasItsMeaning) {
    EXPECT_EQ(errorFromReply(GetParam().name, "text").code(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    ErrorFromReply,
    ReplyName,
    testing::Values(Reply{"org.fsrvpd1.Error.NotFound", Errc::NotFound},
                    Reply{"org.fsrvpd1.Error.AccessDenied", Errc::AccessDenied},
                    Reply{"org.freedesktop.DBus.Error.ServiceUnknown", Errc::DaemonUnreachable},
                    Reply{"org.freedesktop.DBus.Error.NameHasNoOwner", Errc::DaemonUnreachable},
                    Reply{"org.freedesktop.DBus.Error.NoReply", Errc::DaemonUnreachable},
                    Reply{"org.freedesktop.DBus.Error.Timeout", Errc::DaemonUnreachable},
                    Reply{"org.freedesktop.DBus.Error.Disconnected", Errc::DaemonUnreachable},
                    Reply{"org.freedesktop.DBus.Error.Spawn.ExecFailed", Errc::DaemonUnreachable},
                    Reply{"System.Error.ENOTCONN", Errc::DaemonUnreachable},
                    Reply{"org.freedesktop.DBus.Error.AccessDenied", Errc::NotAuthorized},
                    Reply{"org.freedesktop.DBus.Error.InvalidArgs", Errc::InvalidArgument},
                    Reply{"org.freedesktop.DBus.Error.UnknownMethod", Errc::Failed},
                    Reply{"com.example.Odd", Errc::Failed}));

} // namespace
} // namespace fsrvp::ctl
