// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/guest/support/mount_fixture.hpp"

namespace fsrvp::test::guest {

using nlohmann::json;
using testing::IsEmpty;

void MountScenario::SetUp() {
    before_ = lookAtServer();
}

void MountScenario::TearDown() {
    const json left = fsrvpctlJson({"list"});
    for (const json& snapshot : left["snapshots"]) {
        const RunResult result = fsrvpctl({"delete", "-q", id(snapshot)});
        EXPECT_EQ(result.exitCode, 0) << result.err;
    }
    EXPECT_EQ(lookAtServer(), before_);
    EXPECT_TRUE(std::filesystem::is_empty("/run/fsrvpd/private"));
    EXPECT_TRUE(std::filesystem::is_empty("/run/fsrvpd/mnt"));
    EXPECT_TRUE(std::filesystem::is_empty("/run/fsrvpd/by-share"));
    EXPECT_THAT(failedUnits(), IsEmpty());
    EXPECT_THAT(unitsLike("run-fsrvpd-*"), IsEmpty());
}

json MountScenario::create(const std::string& source, const std::string& destination) {
    Argv arguments{"create", "-q", source};
    if (!destination.empty()) {
        arguments.push_back(destination);
    }
    const json made = fsrvpctlJson(arguments);
    if (!made.contains("snapshots")) {
        ADD_FAILURE() << made;
        return json{{"id", 0}, {"exposed", ""}, {"mount_points", {"/nonexistent"}}};
    }
    return made["snapshots"][0];
}

json MountScenario::refused(Argv arguments) {
    const json answer = fsrvpctlJson(std::move(arguments));
    EXPECT_TRUE(answer.contains("error")) << answer;
    return answer.value("error", json{{"name", ""}, {"message", ""}, {"hint", ""}});
}

json MountScenario::show(const json& snapshot) {
    return fsrvpctlJson({"show", id(snapshot)})["snapshots"][0];
}

Mount MountScenario::mountAt(const std::filesystem::path& point) {
    const std::vector<Mount> mounts = mountsAt(point);
    EXPECT_EQ(mounts.size(), 1U) << point;
    return mounts.empty() ? Mount() : mounts.front();
}

} // namespace fsrvp::test::guest
