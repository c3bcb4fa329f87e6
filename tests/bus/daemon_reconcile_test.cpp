// SPDX-License-Identifier: GPL-3.0-or-later
// What fsrvpd says of snapshots that it has no record of, and refuses before it asks a server.
// Needs root, to be an ordinary user too.
#include "tests/support/daemon_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fsrvp::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kGuid = "00112233-4455-6677-8899-aabbccddeeff";

class ReconcileOnBus : public testing::Test {
  protected:
    void SetUp() override { daemon.start(); }

    static std::string share(const std::string& base = "data") {
        return base + "@{" + std::string(kGuid) + "}";
    }

    /// A snapshot of //fs1/data with that GUID.
    void insertSnapshot(const std::string& state) {
        daemon.stop();
        daemon.changeDatabase(
            "INSERT INTO server VALUES (1, 'fs1', 445);"
            "INSERT INTO job VALUES (1, 'create', 'done', 0, '[]', 1, 2, '', '');"
            "INSERT INTO shadow_copy_set (id, job, server, set_id, context, writable, state,"
            " completed_us) VALUES (1, 1, 1, '00000000-0000-4000-8000-000000000001',"
            " 'nas-rollback', 0, 'complete', 2);"
            "INSERT INTO shadow_copy (set_row, snapshot_id, source_server, source_share, exposed,"
            " created_us, state, owner_uid, description, labels) VALUES (1, '" +
            std::string(kGuid) + "', 'fs1', 'data', '" + share() + "', 1, '" + state +
            "', 0, '', '{}');");
        daemon.start();
    }

    Daemon daemon;
};

TEST_F(ReconcileOnBus, ASnapshotIsNamedByItsExposedShare) {
    insertSnapshot("exposed");

    EXPECT_EQ(daemon.ctlJson({"show", "//fs1/" + share()})["snapshots"][0]["id"], 1);
    EXPECT_EQ(daemon.ctlJson({"show", "//FS1/" + share("DATA")})["snapshots"][0]["id"], 1);
    EXPECT_EQ(daemon.ctl({"show", "//fs1/" + share("other")}).exitCode, 3);
    EXPECT_EQ(daemon.ctl({"umount", "//fs1/" + share()}).exitCode, 3) << "it is not mounted";
    EXPECT_EQ(run(daemon.ctlAsNobody({"show", "//fs1/" + share()}), daemon.environment()).exitCode,
              3);
}

TEST_F(ReconcileOnBus, OneThatIsOnNoRecordIsRefusedWithWhatToDo) {
    insertSnapshot("deleted");

    for (const char* const verb : {"delete", "mount"}) {
        const RunResult refused = daemon.ctl({verb, "-q", "//fs1/" + share()});
        EXPECT_EQ(refused.exitCode, 3);
        EXPECT_THAT(
            refused.err,
            AllOf(HasSubstr("without the id of its set"),
                  HasSubstr("mount -t cifs -o ro,credentials=FILE '//fs1/" + share() + "' DIR"),
                  HasSubstr("fsrvpctl reconcile --adopt '//fs1/" + share() + "'"),
                  HasSubstr("net conf delshare '" + share() + "'")));
    }
    EXPECT_EQ(daemon.sql("SELECT id FROM job WHERE id > 1"), json::array());
}

TEST_F(ReconcileOnBus, WhatMakesNoSenseIsRefusedAtOnce) {
    EXPECT_EQ(daemon.ctl({"reconcile", "a/b"}).exitCode, 2);
    EXPECT_EQ(daemon.ctl({"reconcile", "fs1", "--adopt", "//fs1/" + share()}).exitCode, 2);
    EXPECT_EQ(daemon.ctl({"reconcile", "--forget-missing", "--adopt", "//fs1/" + share()}).exitCode,
              2);
    EXPECT_EQ(daemon.ctl({"reconcile", "--adopt", "/tmp"}).exitCode, 2);
    EXPECT_EQ(daemon.ctl({"reconcile", "--adopt", "//fs1/" + share(), "--set", "7"}).exitCode, 2);
    EXPECT_EQ(daemon.sql("SELECT id FROM job"), json::array());
}

TEST_F(ReconcileOnBus, WithoutRecordsThereIsNothing) {
    const RunResult result = daemon.ctl({"reconcile", "-q"});

    EXPECT_EQ(result.exitCode, 0) << result.err;
    EXPECT_EQ(result.out, "no snapshots\n");
}

TEST_F(ReconcileOnBus, IsForAdministrators) {
    const RunResult refused = run(daemon.ctlAsNobody({"reconcile", "-q"}), daemon.environment());

    EXPECT_EQ(refused.exitCode, 4);
    EXPECT_THAT(refused.err, HasSubstr("may not reconcile snapshots"));
}

} // namespace
} // namespace fsrvp::test
