// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/credential_store.hpp"
#include "daemon/credentials/systemd_sealer.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/daemon/credentials/seal_unit.hpp"
#include "tests/unit/daemon/mount/private_mounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace fsrvp {
namespace {

using fakes::errorOf;
using fakes::runTask;
using test::SealHost;
using test::SealUnit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

StoredCredential password(const std::string& name, const std::string& user = "backup") {
    StoredCredential about;
    about.name = name;
    about.user = user;
    about.domain = "LAB";
    return about;
}

StoredCredential keytab(const std::string& name) {
    StoredCredential about;
    about.name = name;
    about.kind = CredentialKind::Keytab;
    return about;
}

const std::string kKeytab("\x05\x02\0\0\0\x07keytab", 12);

class Store : public testing::Test {
  protected:
    /// A new one, as after a restart.
    CredentialStore store(Sealer& sealer) {
        return CredentialStore(loop, top.path() / "credentials", sealer);
    }

    void set(Sealer& sealer, const StoredCredential& about, const std::string& secret) {
        CredentialStore it = store(sealer);
        runTask(loop, it.set(about, Secret(secret), cancellation));
    }

    Error setError(const StoredCredential& about, const std::string& secret) {
        CredentialStore it = store(plain);
        return errorOf(loop, it.set(about, Secret(secret), cancellation));
    }

    Login login(Sealer& sealer, const std::string& name) {
        CredentialStore it = store(sealer);
        return runTask(loop, it.login(name, cancellation));
    }

    Error loginError(Sealer& sealer, const std::string& name) {
        CredentialStore it = store(sealer);
        return errorOf(loop, it.login(name, cancellation));
    }

    std::filesystem::path file(const std::string& name) const {
        return top.path() / "credentials" / name;
    }

    std::string textOf(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(file(name), std::ios::binary).rdbuf();
        return text.str();
    }

    void overwrite(const std::string& name, const std::string& text) const {
        std::ofstream(file(name), std::ios::binary) << text;
        ::chmod(file(name).c_str(), 0600);
    }

    std::vector<std::string> entries() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(top.path() / "credentials")) {
            names.push_back(entry.path().filename().string());
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    EventLoop loop;
    test::TempDir top;
    SealHost host;
    SealUnit sealing{host.runtime() / "seal.socket", SealHost::encrypt};
    SealUnit opening{host.runtime() / "open.socket", SealHost::decrypt};
    SystemdSealer systemd{loop, host.runtime(), {host.program(), host.key()}};
    PlainSealer plain;
    Cancellation cancellation;
};

mode_t modeOf(const std::filesystem::path& path) {
    struct stat status {};

    ::stat(path.c_str(), &status);
    return status.st_mode & 07777U;
}

TEST_F(Store, APasswordComesBackAfterARestart) {
    for (Sealer* sealer : {static_cast<Sealer*>(&systemd), static_cast<Sealer*>(&plain)}) {
        set(*sealer, password("lab"), "pass word#ä");

        const Login back = login(*sealer, "lab");

        EXPECT_EQ(back.user, "backup");
        EXPECT_EQ(back.domain, "LAB");
        EXPECT_EQ(back.password.reveal(), "pass word#ä");
        EXPECT_EQ(back.auth, Auth::Ntlm);
        EXPECT_EQ(back.keytab.reveal(), "");
    }
}

TEST_F(Store, AKeytabComesBackForKerberos) {
    for (Sealer* sealer : {static_cast<Sealer*>(&systemd), static_cast<Sealer*>(&plain)}) {
        set(*sealer, keytab("machine"), kKeytab);

        const Login back = login(*sealer, "machine");

        EXPECT_EQ(back.auth, Auth::Kerberos);
        EXPECT_EQ(back.keytab.reveal(), kKeytab);
        EXPECT_EQ(back.user, "");
        EXPECT_EQ(back.password.reveal(), "");
    }
}

TEST_F(Store, TheLargestSecretsComeBack) {
    const std::string longest(kMostPassword, 'p');
    const std::string largest = kKeytab + std::string(kMostKeytab - kKeytab.size(), '\xff');
    for (Sealer* sealer : {static_cast<Sealer*>(&systemd), static_cast<Sealer*>(&plain)}) {
        set(*sealer, password("long"), longest);
        set(*sealer, keytab("large"), largest);

        EXPECT_EQ(login(*sealer, "long").password.reveal(), longest);
        EXPECT_EQ(login(*sealer, "large").keytab.reveal(), largest);
    }
}

TEST_F(Store, OnlyItsOwnerGetsAtIt) {
    const mode_t before = ::umask(0);
    set(plain, password("lab"), "password");
    ::umask(before);

    EXPECT_EQ(modeOf(file("")), 0700U);
    EXPECT_EQ(modeOf(file("lab")), 0600U);
    ::chmod(file("").c_str(), 0755);
    store(plain);
    EXPECT_EQ(modeOf(file("")), 0700U);
}

TEST_F(Store, WhatIsEncryptedIsNotThereInPlainText) {
    set(systemd, password("lab"), "password");

    EXPECT_THAT(textOf("lab"), Not(HasSubstr("password\n")));
    EXPECT_THAT(textOf("lab"), HasSubstr("\nsealed:drowssap"));
    EXPECT_THAT(textOf("lab"),
                StartsWith("{\"domain\":\"LAB\",\"kind\":\"password\",\"name\":"
                           "\"lab\",\"storage\":\"systemd-creds\","));
}

TEST_F(Store, TheListSaysWhatThereIsAndHowItLies) {
    set(systemd, password("b"), "password");
    set(plain, keytab("a"), kKeytab);
    StoredCredential a = keytab("a");
    StoredCredential b = password("b");
    b.isEncrypted = true;

    EXPECT_THAT(store(plain).list(), ElementsAre(a, b));
}

TEST_F(Store, ANewSecretReplacesTheOld) {
    set(systemd, password("lab"), "old");
    set(systemd, password("lab", "other"), "new");

    EXPECT_EQ(login(systemd, "lab").password.reveal(), "new");
    EXPECT_EQ(login(systemd, "lab").user, "other");
    EXPECT_THAT(entries(), ElementsAre("lab"));
}

TEST_F(Store, WhatIsRemovedIsGone) {
    set(plain, password("lab"), "password");
    CredentialStore it = store(plain);

    runTask(loop, it.remove("lab", cancellation));

    EXPECT_THAT(entries(), testing::IsEmpty());
    EXPECT_EQ(errorOf(loop, it.remove("lab", cancellation)).code(), Errc::NotFound);
    const Error error = loginError(plain, "lab");
    EXPECT_EQ(error.code(), Errc::NotFound);
    EXPECT_STREQ(error.what(), "there is no credential 'lab'");
}

TEST_F(Store, BadNamesAreRefused) {
    for (const std::string name :
         {"", ".", "..", ".new-a", "a/b", "../a", "a b", "ä", "a\n", "*"}) {
        EXPECT_EQ(setError(password(name), "password").code(), Errc::InvalidArgument) << name;
        EXPECT_EQ(loginError(plain, name).code(), Errc::InvalidArgument) << name;
    }
    EXPECT_EQ(setError(password(std::string(65, 'a')), "p").code(), Errc::InvalidArgument);
    set(plain, password(std::string(64, 'a')), "p");
    set(plain, password("A-z_0.9"), "p");
    EXPECT_EQ(entries().size(), 2U);
}

TEST_F(Store, SecretsThatCannotBeOneAreRefusedAndNotQuoted) {
    for (const std::string& secret : {std::string(),
                                      std::string("sesame\nopen"),
                                      std::string("sesame\r"),
                                      std::string("sesame\0", 7),
                                      std::string("sesame\xff"),
                                      std::string(kMostPassword + 1, 's')}) {
        const Error error = setError(password("lab"), secret);
        EXPECT_EQ(error.code(), Errc::InvalidArgument);
        EXPECT_THAT(error.what(), Not(HasSubstr("sesame")));
    }
    EXPECT_THAT(setError(password("lab"), "a\nb").what(), HasSubstr("line end or a zero byte"));
    EXPECT_THAT(setError(keytab("lab"), "password").what(), HasSubstr("that is no keytab"));
    EXPECT_EQ(setError(keytab("lab"), kKeytab + std::string(kMostKeytab, 'x')).code(),
              Errc::InvalidArgument);
    EXPECT_THAT(setError(password("lab", ""), "password").what(), HasSubstr("needs a user"));
    EXPECT_EQ(setError(password("lab", "a\nb"), "password").code(), Errc::InvalidArgument);
    EXPECT_EQ(setError(password("lab", std::string(257, 'u')), "password").code(),
              Errc::InvalidArgument);
    EXPECT_THAT(entries(), testing::IsEmpty());
}

TEST_F(Store, ExchangedFilesAreRefused) {
    set(systemd, password("mine"), "mine");
    set(systemd, password("yours"), "yours");
    const std::string mine = textOf("mine");
    const std::string yours = textOf("yours");

    overwrite("mine", yours);
    EXPECT_THAT(loginError(systemd, "mine").what(), HasSubstr("file of another credential"));

    // What is encrypted under the first line of another.
    overwrite("mine", mine.substr(0, mine.find('\n')) + yours.substr(yours.find('\n')));
    const Error error = loginError(systemd, "mine");
    EXPECT_EQ(error.code(), Errc::Configuration);
    EXPECT_STREQ(error.what(),
                 "cannot use credential 'mine': what is encrypted in it belongs to another "
                 "credential");
    EXPECT_EQ(error.hint(), "set it anew: fsrvpctl credential set mine");
}

TEST_F(Store, AChangedFirstLineIsRefused) {
    set(systemd, password("lab"), "password");
    const std::string text = textOf("lab");
    for (const auto& [from, to] :
         {std::pair<std::string, std::string>("backup", "admin"),
          std::pair<std::string, std::string>("LAB", "EVIL"),
          std::pair<std::string, std::string>("\"password\"", "\"keytab\"")}) {
        std::string changed = text;
        changed.replace(changed.find(from), from.size(), to);
        overwrite("lab", changed);

        EXPECT_EQ(loginError(systemd, "lab").code(), Errc::Configuration) << changed;
    }
}

TEST_F(Store, DamagedFilesAreRefusedAndListed) {
    set(systemd, password("good"), "password");
    set(plain, password("plain"), "password");
    const std::string text = textOf("plain");
    const std::string sealed = textOf("good");
    for (const std::string& damaged : {std::string(),
                                       std::string("\n"),
                                       std::string("{}\n"),
                                       std::string("[]\nx"),
                                       std::string(10'000, 'x'),
                                       std::string(200'000, '\n'),
                                       text.substr(0, 20),
                                       text.substr(0, text.find('\n')),
                                       text.substr(0, text.find('\n') + 1),
                                       text.substr(0, text.size() - 2),
                                       text.substr(0, text.find('\n') + 1) + "zz\n",
                                       "{\"more\":1," + text.substr(1)}) {
        overwrite("plain", damaged);

        const Error error = loginError(systemd, "plain");
        EXPECT_EQ(error.code(), Errc::Configuration) << damaged.substr(0, 300);
        EXPECT_FALSE(error.hint().empty());
        const auto list = store(plain).list();
        ASSERT_EQ(list.size(), 2U);
        EXPECT_EQ(list[0].problem, "");
        EXPECT_EQ(list[1].name, "plain");
        EXPECT_NE(list[1].problem, "");
    }
    // Only who opens it sees that what is encrypted is damaged.
    overwrite("good", sealed.substr(0, sealed.find("sealed:")) + "rubbish");
    const Error error = loginError(systemd, "good");
    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_THAT(error.what(), StartsWith("cannot use credential 'good': systemd-creds"));
    EXPECT_THAT(error.hint(), HasSubstr("journalctl"));
}

TEST_F(Store, AFileThatOthersMayReadIsRefused) {
    set(plain, password("lab"), "password");
    ::chmod(file("lab").c_str(), 0644);

    const Error error = loginError(plain, "lab");

    EXPECT_EQ(error.code(), Errc::Configuration);
    EXPECT_THAT(error.what(), HasSubstr("open to group or others"));
    EXPECT_THAT(store(plain).list().at(0).problem, HasSubstr("open to group or others"));
}

TEST_F(Store, WithoutSystemdAnEncryptedOneCannotBeUsed) {
    set(systemd, password("lab"), "password");

    EXPECT_THAT(loginError(plain, "lab").what(), HasSubstr("only with --systemd"));
}

TEST_F(Store, WhatCannotBeEncryptedLeavesTheOldAsItWas) {
    set(systemd, password("lab"), "old");
    std::filesystem::remove(host.runtime() / "seal.socket");
    CredentialStore it = store(systemd);

    const Error error =
        errorOf(loop, it.set(password("lab"), Secret(std::string("new")), cancellation));

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_THAT(error.what(), StartsWith("cannot store credential 'lab': cannot reach"));
    EXPECT_EQ(login(systemd, "lab").password.reveal(), "old");
}

TEST_F(Store, WhatAKilledWriteLeftIsRemovedAtStart) {
    store(plain);
    overwrite(".new-abcdef", "half");

    store(plain);

    EXPECT_THAT(entries(), testing::IsEmpty());
}

TEST_F(Store, ADirectoryThatIsNoneOrAnothersIsRefused) {
    std::ofstream(file("").parent_path().string()) << "file";
    EXPECT_THROW(store(plain), Error);
    std::filesystem::remove(file("").parent_path());
    std::filesystem::create_directory(file("").parent_path());
    ::chmod(file("").c_str(), 0777);

    EXPECT_THROW(store(plain), Error);
}

using StoreOnItsOwnDisk = test::PrivateMounts;

TEST_F(StoreOnItsOwnDisk, AFullDiskLeavesTheOldAsItWas) {
    const std::string disk = mountTmpfs("disk");
    ASSERT_EQ(::mount("none", disk.c_str(), nullptr, MS_REMOUNT, "size=8k"), 0);
    EventLoop loop;
    PlainSealer plain;
    Cancellation cancellation;
    CredentialStore store(loop, disk + "/credentials", plain);
    runTask(loop, store.set(password("lab"), Secret(std::string("old")), cancellation));

    const Error error = errorOf(
        loop, store.set(keytab("lab"), Secret(kKeytab + std::string(10'000, 'x')), cancellation));

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_THAT(error.what(), HasSubstr("No space left on device"));
    EXPECT_EQ(runTask(loop, store.login("lab", cancellation)).password.reveal(), "old");
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& file :
         std::filesystem::directory_iterator(disk + "/credentials")) {
        ++files;
    }
    EXPECT_EQ(files, 1U);
}

} // namespace
} // namespace fsrvp
