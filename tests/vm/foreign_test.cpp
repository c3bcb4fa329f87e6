// SPDX-License-Identifier: GPL-3.0-or-later
// A snapshot of another client, which FSRVP gives nobody a hold of: what fsrvpctl says can be done
// with it can be done, word for word.
#include "tests/guest/support/mount_fixture.hpp"

namespace fsrvp::test::guest {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A snapshot of `datac` by rpcclient.
class Foreign : public MountScenario {
  protected:
    void SetUp() override {
        MountScenario::SetUp();
        // The workers of a connection that ended just before may be in its way.
        ASSERT_TRUE(waitFor(
            [] {
                return run({"rpcclient",
                            "win2k12",
                            "-A",
                            credentialsFile(),
                            "-c",
                            "fss_create_expose nas_rollback ro datac"},
                           {},
                           kPatience)
                           .exitCode == 0;
            },
            kPatience));
        const OnServer found = lookAtServer();
        ASSERT_EQ(found.shares.size(), 1U);
        share_ = found.shares[0];
    }

    void TearDown() override {
        run({"umount", kPoint});
        std::filesystem::remove(kPoint);
        MountScenario::TearDown();
    }

    /// The refusal of that verb.
    std::string hint(const std::string& verb) {
        const json error = refused({verb, "-q", unc(share_)});
        EXPECT_EQ(error["name"], "org.fsrvpd1.Error.NotFound") << error;
        EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("without the id of its set"));
        return error["hint"];
    }

    /// What stands between the two.
    static std::string
    between(const std::string& text, const std::string& left, const std::string& right) {
        const std::size_t begin = text.find(left);
        const std::size_t end = text.find(right, begin);
        EXPECT_NE(end, std::string::npos) << text;
        return end == std::string::npos
                   ? ""
                   : text.substr(begin + left.size(), end - begin - left.size());
    }

    static std::string replaced(std::string text, const std::string& word, const std::string& by) {
        const std::size_t at = text.find(word);
        EXPECT_NE(at, std::string::npos) << text;
        return at == std::string::npos ? text : text.replace(at, word.size(), by);
    }

    std::string share_;
    static inline const std::filesystem::path kPoint = "/mnt/foreign";
};

TEST_F(Foreign, IsMountedAndRemovedByTheCommandsThatAreSaid) {
    const std::filesystem::path snapshot = directoryOf(share_);
    const std::filesystem::path live = directoryOf("datac") / "file.txt";
    const std::string before = readFile(live);
    writeFile(live, "changed\n");
    std::filesystem::create_directory(kPoint);
    const std::string mount =
        replaced(replaced(between(hint("mount"), "read it: ", "; "), "FILE", credentialsFile()),
                 "DIR",
                 kPoint);
    const std::string removal = between(hint("delete"), "with Samba: ", ", then");

    EXPECT_FALSE(isMounted(kPoint));
    succeed({"sh", "-c", mount});

    EXPECT_EQ(mountAt(kPoint).source, unc(share_));
    EXPECT_TRUE(mountAt(kPoint).has("ro"));
    EXPECT_EQ(readFile(kPoint / "file.txt"), before);
    EXPECT_EQ(run({"touch", kPoint / "new"}).exitCode, 1);
    EXPECT_THAT(lookAtServer().shares, ElementsAre(share_));

    succeed({"umount", kPoint});
    succeed({"env", "SMB_CONF_PATH=/srv/lab/smb.conf", "sh", "-c", removal});
    succeed({"btrfs", "subvolume", "delete", snapshot});
    EXPECT_THAT(lookAtServer().shares, IsEmpty());
    EXPECT_EQ(fsrvpctlJson({"reconcile", "win2k12"})["findings"], json::array());
    writeFile(live, before);
}

} // namespace
} // namespace fsrvp::test::guest
