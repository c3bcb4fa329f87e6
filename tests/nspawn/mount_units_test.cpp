// SPDX-License-Identifier: GPL-3.0-or-later
// More of scenarios/mount_test.cpp: what depends on systemd and fsrvpd, not on the kernel's cifs.
#include "tests/guest/support/mount_fixture.hpp"

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using testing::HasSubstr;

using MountUnits = MountScenario;
const Unit kDaemon("fsrvpd.service");

TEST_F(MountUnits, KeepsWhatTheShareWasWhenItChanges) {
    const auto file = directoryOf("data") / "file.txt";
    writeFile(file, "old\n");
    const std::string old = sha256(file);
    const json made = create(unc("data"));

    writeFile(file, "new\n");

    EXPECT_EQ(sha256(mountPoint(made) / "file.txt"), old);
    EXPECT_NE(sha256(file), old);
}

TEST_F(MountUnits, OneThatSomebodyElseRemovedIsShownAsAbsentAndComesBack) {
    const json made = create(unc("data"));
    const auto point = mountPoint(made);

    succeed({"umount", point});

    EXPECT_EQ(show(made)["mount_points"], json::array());
    EXPECT_EQ(show(made)["absent_mount_points"], json::array({point.string()}));
    EXPECT_TRUE(waitFor(
        [&] {
            const std::string journal =
                succeed({"journalctl", "--unit=fsrvpd.service", "--no-pager"});
            return journal.find("is no longer mounted at " + point.string()) != std::string::npos;
        },
        kPatience));

    kDaemon.restart();
    EXPECT_TRUE(waitFor([&] { return isMounted(point); }, kPatience));
}

TEST_F(MountUnits, TellsOfAUnitThatHasThePathAlready) {
    const std::filesystem::path place = "/srv/place";
    std::filesystem::create_directories(place / "unit");
    writeFile("/run/systemd/system/srv-place-unit.mount",
              "[Mount]\nWhat=tmpfs\nWhere=/srv/place/unit\nType=tmpfs\n");
    succeed({"systemctl", "daemon-reload"});

    const json error = refused({"create", "-q", unc("data"), place / "unit"});

    EXPECT_EQ(error["name"], "org.fsrvpd1.Error.Partial");
    EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("srv-place-unit.mount"));
    std::filesystem::remove("/run/systemd/system/srv-place-unit.mount");
    std::filesystem::remove_all(place);
    succeed({"systemctl", "daemon-reload"});
}

TEST_F(MountUnits, IsLeftAloneByADaemonReload) {
    const json made = create(unc("data"));

    succeed({"systemctl", "daemon-reload"});

    EXPECT_EQ(mountAt(mountPoint(made)).source, exposedUnc(made));
}

} // namespace
} // namespace fsrvp::test::guest
