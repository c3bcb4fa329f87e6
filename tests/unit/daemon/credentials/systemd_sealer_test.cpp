// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/credentials/systemd_sealer.hpp"
#include "tests/fakes/run_task.hpp"
#include "tests/unit/daemon/credentials/seal_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace fsrvp {
namespace {

using namespace std::chrono_literals;
using fakes::errorOf;
using fakes::runTask;
using fakes::Started;
using test::SealHost;
using test::SealUnit;
using testing::HasSubstr;

class SystemdSealerTest : public testing::Test {
  protected:
    SystemdSealer sealer(std::chrono::milliseconds limit = 20s) {
        return SystemdSealer(loop, host.runtime(), {host.program(), host.key()}, limit);
    }

    std::filesystem::path sealSocket() const { return host.runtime() / "seal.socket"; }

    std::filesystem::path openSocket() const { return host.runtime() / "open.socket"; }

    std::optional<std::string> seal(const std::string& plain) {
        SystemdSealer it = sealer();
        return runTask(loop, it.seal(Secret(plain), cancellation));
    }

    Error sealError(std::chrono::milliseconds limit = 20s) {
        SystemdSealer it = sealer(limit);
        return errorOf(loop, it.seal(Secret(std::string("plain")), cancellation));
    }

    EventLoop loop;
    SealHost host;
    Cancellation cancellation;
};

TEST_F(SystemdSealerTest, TakesTheUnitsAnswers) {
    const SealUnit sealing(sealSocket(), SealHost::encrypt);
    const SealUnit opening(openSocket(), SealHost::decrypt);

    const auto sealed = seal(std::string("a\0b", 3));
    SystemdSealer it = sealer();
    const Secret opened = runTask(loop, it.open(sealed.value(), cancellation));

    EXPECT_EQ(*sealed, std::string("sealed:b\0a", 10));
    EXPECT_EQ(opened.reveal(), std::string("a\0b", 3));
}

TEST_F(SystemdSealerTest, TakesMoreThanASocketHolds) {
    const SealUnit sealing(sealSocket(), [](const std::string& input) {
        return std::to_string(input.size()) + std::string(100'000, 'x');
    });

    EXPECT_EQ(seal(std::string(5'000'000, 'p')), "5000000" + std::string(100'000, 'x'));
}

TEST_F(SystemdSealerTest, RefusesAnAnswerWithoutEnd) {
    const SealUnit sealing(sealSocket(),
                           [](const std::string&) { return std::string(1'000'000, 'x'); });

    EXPECT_THAT(sealError().what(), HasSubstr("its answer is too long"));
}

TEST_F(SystemdSealerTest, NamesTheJournalOfAUnitThatGivesNoAnswer) {
    const SealUnit sealing(sealSocket(), [](const std::string&) { return ""; });
    const SealUnit opening(openSocket(), [](const std::string&) { return ""; });

    const Error sealed = sealError();
    SystemdSealer it = sealer();
    const Error opened = errorOf(loop, it.open("sealed:x", cancellation));

    EXPECT_EQ(sealed.code(), Errc::Failed);
    EXPECT_STREQ(sealed.what(), "systemd-creds cannot encrypt it: it has ended without an answer");
    EXPECT_EQ(sealed.hint(), "see the journal for why: journalctl -u 'fsrvp-seal@*'");
    EXPECT_STREQ(opened.what(), "systemd-creds cannot decrypt it: it has ended without an answer");
    EXPECT_EQ(opened.hint(),
              "see the journal for why: journalctl -u 'fsrvp-open@*'; what another "
              "host's key encrypted must be set anew");
}

TEST_F(SystemdSealerTest, NamesASocketThatIsNotThere) {
    const Error error = sealError();

    EXPECT_EQ(error.code(), Errc::Failed);
    EXPECT_THAT(error.what(), HasSubstr("fsrvp-seal.socket"));
    EXPECT_EQ(error.hint(), "start it: systemctl start fsrvp-seal.socket");
}

TEST_F(SystemdSealerTest, WithoutSystemdCredsNothingIsEncrypted) {
    const SealUnit sealing(sealSocket(), SealHost::encrypt);
    std::filesystem::remove(host.program());

    EXPECT_EQ(seal("plain"), std::nullopt);

    EXPECT_EQ(sealing.connections(), 0);
}

TEST_F(SystemdSealerTest, WithoutAHostKeyAFailureMeansThatNothingCanBeEncrypted) {
    std::filesystem::remove(host.key());
    {
        const SealUnit sealing(sealSocket(), SealHost::encrypt);
        EXPECT_EQ(seal("plain"), "sealed:nialp") << "it may make a key when it needs one";
    }
    const SealUnit failing(sealSocket(), [](const std::string&) { return ""; });
    EXPECT_EQ(seal("plain"), std::nullopt);
    EXPECT_EQ(failing.connections(), 1);
}

TEST_F(SystemdSealerTest, GivesUpAUnitThatHangs) {
    std::promise<void> end;
    const SealUnit sealing(sealSocket(), [&end](const std::string&) {
        end.get_future().wait();
        return "";
    });

    const Error error = sealError(50ms);

    EXPECT_EQ(error.code(), Errc::TimedOut);
    EXPECT_STREQ(error.what(), "systemd-creds did not encrypt it in time");
    end.set_value();
}

TEST_F(SystemdSealerTest, IsCancelled) {
    std::promise<void> end;
    const SealUnit sealing(sealSocket(), [&end](const std::string&) {
        end.get_future().wait();
        return "";
    });
    SystemdSealer it = sealer();
    Started<std::optional<std::string>> task(loop,
                                             it.seal(Secret(std::string("plain")), cancellation));

    cancellation.request(Error(Errc::Cancelled, "enough"));

    EXPECT_STREQ(task.error().what(), "enough");
    end.set_value();
}

TEST(PlainSealer, EncryptsNothingAndOpensNothing) {
    EventLoop loop;
    PlainSealer sealer;
    Cancellation cancellation;

    EXPECT_EQ(runTask(loop, sealer.seal(Secret(std::string("plain")), cancellation)), std::nullopt);
    EXPECT_THAT(errorOf(loop, sealer.open("sealed", cancellation)).what(), HasSubstr("--systemd"));
}

} // namespace
} // namespace fsrvp
